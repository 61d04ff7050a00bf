// A runner that answers by the scenario's name, so that the command can be tested without an engine.
//
//   crash      the process dies of SIGSEGV          quits      it ends without an answer
//   broken     a Diagnostic                         stuck      it never answers
//   wrong      no expectation is as stated          bytes      as wrong; report and summary hold odd bytes
//   bounded    as stated, as far as a bound lets it be looked at
// A scenario that requires something is skipped. Any other holds. With defects on, an expectation finds a
// use-after-free.
#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "cli/fake_runner_for_test.h"
#include "runner/native.h"
#include "scenario/format.h"

namespace quire::runner {
namespace {

std::string token_text(std::string_view file, const scenario::Scenario& scenario, std::string_view defects) {
  return fmt::format("{}:{}:{}:0.1.0:{}", file, scenario.name, defects, scenario.cpus.size());
}

std::string stated_text(const scenario::Expect& expect) {
  std::string text;
  for (const scenario::ExpectItem& item : expect.body.items) text += (text.empty() ? "" : ", ") + format(item);
  return text;
}

Verdict verdict_of(const scenario::Scenario& scenario, const scenario::Expect& expect, std::string_view file,
                   const CheckOptions& options) {
  Verdict verdict;
  verdict.line = expect.at.line;
  verdict.stated = stated_text(expect);
  for (const scenario::Name& name : expect.defects) verdict.defects.push_back(name.text);
  const bool finds = !expect.defects.empty() || scenario.name == "wrong" || scenario.name == "bytes";
  verdict.as_stated = scenario.name != "wrong" && scenario.name != "bytes";
  verdict.summary = finds ? "found uaf @ free_swap_and_cache (1 pre-emption)" : "holds (complete, 1234 executions)";
  verdict.complete = !finds;
  verdict.executions = verdict.stats.executions = 1234;
  verdict.seconds = verdict.stats.seconds = 0.5;
  verdict.stats.executions_per_second = 2468;
  verdict.stats.abandoned = 7;
  verdict.stats.steps_run = 98765;
  verdict.stats.steps_repeated = 43;
  verdict.stats.checkpoint_bytes = 65536;
  verdict.stats.depth_max = 120;
  if (!finds && scenario.name.starts_with("bounded")) {
    verdict.complete = false;
    verdict.bound = "all with up to 2 pre-emptions";
    verdict.summary = fmt::format("holds ({}, 1234 executions)", verdict.bound);
  }
  if (!finds) return verdict;
  verdict.found = "uaf";
  verdict.preemptions = 1;
  verdict.token = token_text(file, scenario, expect.defects.empty() ? "" : expect.defects[0].text);
  if (options.report == CheckOptions::Report::all || !verdict.as_stated) verdict.report = fake_report(verdict.token);
  if (scenario.name == "bytes") {
    verdict.report = "]]> & <\"\x01\xff\xc3\xa4\n";
    verdict.summary = "found # & <odd>";
  }
  return verdict;
}

}  // namespace

std::string fake_report(std::string_view token) {
  return fmt::format("BUG: quire: use-after-free in free_swap_and_cache\n  CPU0     \tCPU1  \n\nquire replay {}\n",
                     token);
}

CheckResult check_scenario(const scenario::Scenario& scenario, std::string_view file, const CheckOptions& options) {
  if (scenario.name == "crash") {
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
  }
  if (scenario.name == "quits") _exit(7);
  while (scenario.name == "stuck") pause();
  if (scenario.name == "broken") {
    return scenario::Diagnostic{std::string(file), scenario.at.line, 3, "no operation is called 'memfd_creat'"};
  }
  ScenarioCheck check;
  check.file = file;
  check.name = scenario.name;
  if (scenario.requirements) {
    check.skipped = "needs " + scenario.requirements->names[0].text;
    return check;
  }
  if (options.on_progress && scenario.name == "slow") {
    for (int i = 1; i <= 4; ++i) {
      usleep(110'000);
      options.on_progress({"1 pre-emption", 1000U * static_cast<unsigned>(i), 0.1 * i, 120, 0.25 * i});
    }
  }
  for (const scenario::Expect& expect : scenario.expects) {
    if (options.wants(expect)) check.verdicts.push_back(verdict_of(scenario, expect, file, options));
  }
  return check;
}

std::variant<RunResult, scenario::Diagnostic> run_scenario(const scenario::Scenario& scenario, std::string_view file,
                                                           const RunOptions& options) {
  if (scenario.name == "broken") {
    return scenario::Diagnostic{std::string(file), scenario.at.line, 3, "no operation is called 'memfd_creat'"};
  }
  RunResult result;
  result.lines.push_back({"A  swapoff(S) = 0", true});
  for (const unsigned cpu : options.order) result.lines.push_back({fmt::format("# cpu {}", cpu), true});
  if (!options.schedule.empty()) result.lines.push_back({"# schedule " + options.schedule, true});
  if (scenario.name == "wrong") {
    result.lines.push_back({"B  munmap(p, 4096) = -EINVAL", false});
    result.as_stated = false;
  }
  if (!options.defects.empty()) result.incident = fake_report("x");
  return result;
}

std::optional<Token> parse_token(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != 5) return std::nullopt;
  Token token{parts[0], parts[1], {}, parts[3], parts[4]};
  if (!parts[2].empty()) token.defects.push_back(parts[2]);
  return token;
}

std::variant<ReplayResult, scenario::Diagnostic> replay_token(const scenario::Scenario& scenario, const Token& token) {
  ReplayResult result;
  if (token.check != std::to_string(scenario.cpus.size())) {
    result.error = "the scenario has changed since this token was printed";
    return result;
  }
  result.report =
      fake_report(token_text(token.file, scenario, token.defects.empty() ? std::string_view() : token.defects[0]));
  result.trace = "A-1 [000] swap_free: slot=1\n";
  result.perfetto = "{\"traceEvents\":[]}";
  result.reproduced = token.schedule != "0";
  return result;
}

std::variant<Observations, scenario::Diagnostic> observe_scenario(const scenario::Scenario& scenario, std::string_view,
                                                                  const ObserveOptions&) {
  Observations observations;
  observations.complete = true;
  observations.trouble = scenario.name == "troubled" ? "a trouble" : "";
  return observations;
}

std::vector<OperationInfo> operations() {
  return {{"munmap", "munmap(RANGE, LENGTH)", "unmaps"}, {"fork", "fork()", "a child process"}};
}

// Scenarios on native machines are tried by tools/hibernate_trial.
struct NativeScenario::Parts {};
std::variant<NativeScenario, scenario::Diagnostic> NativeScenario::make(const scenario::Scenario& scenario,
                                                                        std::string_view file) {
  return scenario::Diagnostic{std::string(file), scenario.at.line, scenario.at.column, "no native machine here"};
}
NativeScenario::NativeScenario(NativeScenario&&) noexcept = default;
NativeScenario& NativeScenario::operator=(NativeScenario&&) noexcept = default;
NativeScenario::~NativeScenario() = default;
void NativeScenario::begin() {}
void NativeScenario::adopt(void*) {}
void NativeScenario::end() {}
machine::Machine& NativeScenario::machine() { std::abort(); }
void* NativeScenario::state() const { return nullptr; }
std::vector<RunLine> NativeScenario::lines() const { return {}; }
bool NativeScenario::as_stated() const { return true; }

}  // namespace quire::runner
