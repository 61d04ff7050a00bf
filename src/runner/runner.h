// The runner: a scenario on a machine. Explores it for each of its expectations, runs it once in a given order, or
// follows a replay token.
//
//   ScenarioCheck check = check_scenario(scenario, "a.qs", {});
//   for (const Verdict& v : check.verdicts) print(v.stated, v.as_stated, v.summary, v.token);
//
// Errors of the scenario itself (an operation that does not exist, a name never captured) are Diagnostics, as the
// parser's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenario/ast.h"
#include "scenario/parser.h"

namespace quire::runner {

struct Progress {
  std::string_view phase;  ///< "1 pre-emption", "exhaustive"
  uint64_t executions = 0;
  double seconds = 0;
  uint64_t depth = 0;     ///< decisions of the running execution
  double share_done = 0;  ///< 0..1, 0 when unknown
};

/// How much a check may spend and how it searches.
struct CheckOptions {
  /// automatic: what each expectation needs; the others force one strategy (the answer is then bounded, never
  /// complete).
  enum class Strategy : uint8_t { automatic, exhaustive, bounded, pct, random } strategy = Strategy::automatic;
  double seconds_max = 300;                 ///< per expectation
  uint64_t executions_max = UINT64_MAX;     ///< per expectation
  std::optional<unsigned> preemptions_max;  ///< upper bound of the iterative pre-emption bound; default 3
  uint64_t seed = 1;
  enum class Report : uint8_t { unexpected, all } report = Report::unexpected;  ///< which findings get Verdict::report
  std::vector<std::string> defects;  ///< only expectations that switch one of these on; empty for all
  std::function<void(const Progress&)> on_progress;

  [[nodiscard]] bool wants(const scenario::Expect& expect) const {
    auto asked = [this](const scenario::Name& id) {
      return std::find(defects.begin(), defects.end(), id.text) != defects.end();
    };
    return defects.empty() || std::any_of(expect.defects.begin(), expect.defects.end(), asked);
  }
};

/// Figures of one search.
struct Stats {
  uint64_t executions = 0;
  uint64_t abandoned = 0;  ///< cut because they would only have repeated
  double seconds = 0;
  double executions_per_second = 0;
  uint64_t steps_run = 0;
  uint64_t steps_repeated = 0;    ///< run again on the way from a checkpoint
  uint64_t checkpoint_bytes = 0;  ///< of the one at the start
  uint64_t depth_max = 0;
};

/// The answer to one `expect` block.
struct Verdict {
  int line = 0;        ///< of the block
  std::string stated;  ///< the block's items on one line: "never uaf, complete"
  bool as_stated = false;
  std::string summary;  ///< "holds (complete, 1234 executions)", "found uaf @ free_swap_and_cache (1 pre-emption)"
  std::string found;    ///< class of the finding, empty if none: "uaf"
  std::vector<std::string> defects;  ///< ids switched on
  bool complete = false;             ///< every interleaving was seen
  std::string
      bound;  ///< "all with up to 2 pre-emptions": what was seen where nothing was found and a limit cut the rest
  uint64_t executions = 0;
  double seconds = 0;
  std::optional<unsigned> preemptions;  ///< of the finding
  std::string token;                    ///< replays the finding; empty if none
  std::string report;                   ///< what happened, with the diagram and the replay line; ends with a newline
  std::vector<std::string> outcomes;    ///< the final observations seen, when the block lists outcomes or nothing else
  Stats stats;
};

struct ScenarioCheck {
  std::string file;
  std::string name;
  std::string skipped;  ///< why nothing ran (a requirement that is not met); empty if it ran
  std::vector<Verdict> verdicts;
};

using CheckResult = std::variant<ScenarioCheck, scenario::Diagnostic>;
[[nodiscard]] CheckResult check_scenario(const scenario::Scenario& scenario, std::string_view file,
                                         const CheckOptions& options);

/// One run: in file order, in a given order of CPUs, or by a schedule of the file.
struct RunOptions {
  std::vector<unsigned> order;       ///< `--order 0,1,1,0`: which cpu block takes its next call; then file order
  std::string schedule;              ///< `--schedule NAME`
  std::vector<std::string> defects;  ///< ids
};
struct RunLine {
  std::string text;       ///< strace-like: "A  fallocate(fd, 3, 0, 4096) = 0"
  bool as_stated = true;  ///< the call's own `= result`
};
struct RunResult {
  std::vector<RunLine> lines;
  std::string incident;  ///< a finding of the explorer's detectors, with its report; empty if none
  bool as_stated = true;
};
[[nodiscard]] std::variant<RunResult, scenario::Diagnostic> run_scenario(const scenario::Scenario& scenario,
                                                                         std::string_view file,
                                                                         const RunOptions& options);

/// What a scenario shows on a machine of the engine: one row of results for each way it may end. The results are of the
/// calls in the order set-up, blocks, check, as scenario::observed_text() prints them; the set-up's only where there is
/// one block, since they are the same in every row. What waits for ever there, and all after it, is `blocked`. Where a
/// scenario of several blocks states a deadlock, those calls are `blocked` that did not return, and the check's results
/// are empty: nothing is known of them.
struct Observations {
  std::set<std::vector<std::string>> rows;
  bool complete = false;  ///< every way was seen
  std::string trouble;    ///< what a detector found, or why nothing could be observed; empty if all went well
};
struct ObserveOptions {
  double seconds_max = 60;
  /// What a kernel does that it is compared with, where the scenario's machine line says nothing else.
  unsigned fault_around_pages = 1;
  std::vector<std::string> defects = {};  ///< switched on; unknown ones are left out
};
[[nodiscard]] std::variant<Observations, scenario::Diagnostic> observe_scenario(const scenario::Scenario& scenario,
                                                                                std::string_view file,
                                                                                const ObserveOptions& options);

/// A replay token, taken apart: FILE:SCENARIO:DEFECTS:SCHEDULE:CHECK.
struct Token {
  std::string file;
  std::string scenario;
  std::vector<std::string> defects;
  std::string schedule;  ///< explore/token.h
  std::string check;     ///< of the scenario's text
};
[[nodiscard]] std::optional<Token> parse_token(std::string_view text);

struct ReplayResult {
  std::string report;       ///< byte for byte that of the check that printed the token
  std::string trace;        ///< ftrace's text form, every step
  std::string perfetto;     ///< Chrome/Perfetto trace JSON
  std::string error;        ///< the token does not fit (the scenario or the engine changed); empty if it does
  bool reproduced = false;  ///< the schedule ended in an incident
};
/// `scenario` is the one the token names, already parsed from its file.
[[nodiscard]] std::variant<ReplayResult, scenario::Diagnostic> replay_token(const scenario::Scenario& scenario,
                                                                            const Token& token);

/// An operation of the language, for help and docs.
struct OperationInfo {
  std::string_view name;
  std::string_view usage;    ///< "madvise(RANGE, LENGTH, ADVICE)"
  std::string_view summary;  ///< one line
};
[[nodiscard]] std::vector<OperationInfo> operations();

}  // namespace quire::runner
