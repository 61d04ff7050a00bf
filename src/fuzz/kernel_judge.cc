#include "fuzz/kernel_judge.h"

#include <fmt/core.h>

#include <algorithm>

#include "fuzz/model.h"
#include "oracle/playable.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::fuzz {
namespace {

// Whether a result that the engine allows is that a call does not return.
bool may_wait(const runner::Observations& allowed) {
  const std::string waits = to_text(scenario::Value{});
  return std::any_of(allowed.rows.begin(), allowed.rows.end(), [&](const std::vector<std::string>& row) {
    return std::find(row.begin(), row.end(), waits) != row.end();
  });
}

// Whether the defects change what the engine allows: else what a kernel does is no sign of them.
bool defects_matter(const scenario::Scenario& scenario, runner::ObserveOptions options,
                    const runner::Observations& with) {
  if (options.defects.empty()) return true;
  options.defects.clear();
  auto without = runner::observe_scenario(scenario, "fuzz.qs", options);
  const auto* sound = std::get_if<runner::Observations>(&without);
  return sound == nullptr || sound->rows != with.rows;
}

// Which of several wrong outcomes comes first differs from run to run; what the blocks call does not.
std::string names_of_racing(const scenario::Program& program) {
  std::string names;
  for (const scenario::TaskProgram& task : program.tasks)
    for (const scenario::Call& call : task.calls) names += fmt::format(" {}", call.operation->name);
  return names;
}

}  // namespace

std::optional<Wrong> KernelJudge::complaint_of(const oracle::Answer& answer) {
  if (answer.ended) {
    skipped_ = house_.reopen();
    return Wrong{"kernel", answer.seen.trouble, "ended", {}, {}};
  }
  if (!answer.log.empty()) return Wrong{"kernel", answer.log[0], "log", {}, {}};
  return std::nullopt;
}

// --- One order ------------------------------------------------------------------------------------------------------

std::optional<Wrong> SequenceJudge::compare(const scenario::Scenario& scenario, oracle::Request::How how) {
  // Both at once: it plays while the engine runs.
  house_.send({how, 1, format(scenario)});
  Sequence run = run_in_order(scenario, defects_);
  oracle::Answer answer = house_.receive();
  skipped_ = run.error;
  if (auto complaint = complaint_of(answer)) return complaint;
  if (skipped_.empty()) skipped_ = answer.seen.trouble;
  if (skipped_.empty() && run.names_an_error()) skipped_ = "a name stands for an error";
  if (!skipped_.empty()) return std::nullopt;
  if (!run.incident.empty()) return incident_of(run.incident);
  const std::vector<std::string>& row = answer.seen.rows.begin()->first;
  for (std::size_t i = 0; i < run.results.size() && i < row.size(); ++i) {
    if (row[i].empty() || row[i] == run.results[i].text || is_about_root(run.plan, run.results, i)) continue;
    Wrong wrong = result_of(run, i, "difference", row[i], "on the kernel");
    wrong.results = row;
    return wrong;
  }
  return std::nullopt;
}

std::optional<Wrong> SequenceJudge::judge(const scenario::Scenario& scenario) {
  return compare(scenario, oracle::Request::How::quickly);
}

// The same by another player, and twice: what comes and goes is no finding.
std::optional<Wrong> SequenceJudge::judge_again(const scenario::Scenario& scenario) {
  auto first = compare(scenario, oracle::Request::How::carefully);
  auto second = compare(scenario, oracle::Request::How::carefully);
  return first && second && first->signature == second->signature ? first : std::nullopt;
}

// --- Several CPUs ---------------------------------------------------------------------------------------------------

std::optional<Wrong> OutcomeJudge::compare(const scenario::Scenario& scenario, unsigned rounds) {
  constexpr double kSecondsMax = 0.3;  // of the engine for one scenario
  skipped_.clear();
  auto made = scenario::make_program(scenario, "fuzz.qs", oracle::kernel_parameter);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) skipped_ = to_string(*diagnostic);
  if (!skipped_.empty()) return std::nullopt;
  const auto& program = std::get<scenario::Program>(made);
  skipped_ = why_not_played(program, house_.facts());
  if (!skipped_.empty()) return std::nullopt;
  runner::ObserveOptions options{kSecondsMax, house_.facts().fault_around_pages, defects_};
  auto engine = runner::observe_scenario(scenario, "fuzz.qs", options);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&engine)) {
    skipped_ = to_string(*diagnostic);
    return std::nullopt;
  }
  const auto& allowed = std::get<runner::Observations>(engine);
  if (!allowed.trouble.empty()) return incident_of(allowed.trouble);
  if (!allowed.complete) skipped_ = "the engine did not see all outcomes in time";
  if (may_wait(allowed)) skipped_ = "a call may wait for ever, and each round with it";
  if (!skipped_.empty() || !defects_matter(scenario, options, allowed)) return std::nullopt;
  house_.send({oracle::Request::How::carefully, rounds, format(scenario)});
  oracle::Answer answer = house_.receive();
  if (auto complaint = complaint_of(answer)) return complaint;
  skipped_ = answer.seen.trouble;
  if (!skipped_.empty()) return std::nullopt;
  std::vector<std::string> differences = oracle::differences(program, allowed.rows, answer.seen);
  if (differences.empty()) return std::nullopt;
  return Wrong{"outcome", differences[0], "outcome" + names_of_racing(program), {}, {}};
}

std::optional<Wrong> OutcomeJudge::judge(const scenario::Scenario& scenario) {
  constexpr unsigned kRounds = 20;
  return compare(scenario, kRounds);
}

// More often: what was seen once may be rare. Which of several outcomes is seen first does not matter.
std::optional<Wrong> OutcomeJudge::judge_again(const scenario::Scenario& scenario) {
  constexpr unsigned kRoundsAgain = 500;
  return compare(scenario, kRoundsAgain);
}

}  // namespace quire::fuzz
