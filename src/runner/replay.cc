// replay_token(): the schedule of a token again, with everything recorded.
#include <fmt/core.h>

#include "explore/token.h"
#include "runner/judge.h"
#include "runner/program.h"
#include "runner/report.h"
#include "runner/runner.h"

namespace quire::runner {

using scenario::Diagnostic;

namespace {

/// The expect block whose defects are the token's: its conditions can be what failed.
const scenario::Expect* block_of(const scenario::Scenario& scenario, const Token& token) {
  for (const scenario::Expect& e : scenario.expects) {
    std::vector<std::string> names;
    for (const scenario::Name& n : e.defects) names.push_back(n.text);
    if (names == token.defects) return &e;
  }
  return nullptr;
}

}  // namespace

std::variant<ReplayResult, Diagnostic> replay_token(const scenario::Scenario& scenario, const Token& token) {
  ReplayResult result;
  if (fingerprint(scenario) != token.check) {
    result.error = fmt::format("{}: scenario {} has changed since the token was printed", token.file, scenario.name);
    return result;
  }
  auto made = make_plan(scenario, token.file);
  if (auto* d = std::get_if<Diagnostic>(&made)) return *d;
  Plan plan = std::move(std::get<Plan>(made));
  for (const std::string& id : token.defects) {
    auto defect = base::find_defect(id);
    if (!defect) {
      result.error = fmt::format("the token names a defect that does not exist: {}", id);
      return result;
    }
    plan.machine.defects.add(*defect);
  }
  ScenarioProgram program(plan);
  int line = scenario.at.line;
  if (const scenario::Expect* block = block_of(scenario, token)) {
    line = block->at.line;
    for (const scenario::ExpectItem& item : block->body.items) {
      if (item.kind != scenario::ExpectKind::condition) continue;
      auto condition = make_condition(plan, item.condition);
      if (auto* d = std::get_if<Diagnostic>(&condition)) return *d;
      program.conditions.push_back({std::get<PlanCondition>(condition), item.quantifier});
    }
  }
  explore::Executor executor(program, plan.explorer);
  if (!executor.boot()) {
    result.error = fmt::format("the set-up failed: {}", executor.incident()->message);
    return result;
  }
  explore::Recording recording;
  bool diverged = false;
  explore::Schedule schedule = *explore::parse_schedule(token.schedule);
  std::optional<explore::Finding> finding = explore::replay(executor, schedule, &recording, &diverged);
  if (diverged) result.error = "the schedule does not fit: the engine has changed since the token was printed";
  result.reproduced = finding.has_value();
  if (finding)
    result.report = render_report(plan, line, *finding, recording, make_token(plan, token.defects, finding->schedule));
  else
    result.report = fmt::format("{}:{}: {}\nnothing went wrong in this schedule\n\n{}", plan.file, line, scenario.name,
                                explore::render_diagram(recording));
  result.trace = explore::render_trace(recording);
  result.perfetto = explore::render_perfetto(recording);
  return result;
}

}  // namespace quire::runner
