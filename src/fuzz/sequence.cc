#include "fuzz/sequence.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/defects.h"
#include "explore/bounded.h"
#include "explore/search.h"
#include "runner/program.h"
#include "sync/check_report.h"

namespace quire::fuzz {
namespace {

using scenario::Value;

void run(const runner::Plan& plan, std::vector<runner::ScenarioProgram::Returned>& log, Sequence& sequence) {
  runner::ScenarioProgram program(plan);
  program.log = &log;
  explore::Executor executor(program, plan.explorer);
  auto text = [](const explore::Incident& i) { return fmt::format("{}: {}", sync::name(i.failure), i.message); };
  if (!executor.boot()) {
    sequence.incident = text(*executor.incident());
    return;
  }
  explore::Bounded in_order(0);
  explore::SearchLimits once;
  once.executions_max = 1;
  (void)explore::search(executor, in_order, once, [&](const explore::Finding& f) {
    sequence.incident = text(f.incident);
    return explore::OnFinding::stop;
  });
  sequence.reached = executor.reached_branches();
}

}  // namespace

bool Sequence::names_an_error() const {
  std::vector<bool> failed(plan.variables.size(), false);
  for (const CallResult& result : results) {
    auto is_error = [&](const scenario::Operand& o) {
      return o.kind == scenario::Operand::Kind::variable && failed[static_cast<std::size_t>(o.variable)];
    };
    if (std::any_of(result.call->operands.begin(), result.call->operands.end(), is_error)) return true;
    // One that is no descriptor means the same everywhere: -EBADF.
    bool descriptor = result.call->operation->gives == scenario::Operation::Gives::descriptor;
    if (result.call->capture >= 0)
      failed[static_cast<std::size_t>(result.call->capture)] = result.value.number < 0 && !descriptor;
  }
  return false;
}

Sequence run_in_order(const scenario::Scenario& scenario, const std::vector<std::string>& defects) {
  Sequence sequence;
  auto made = runner::make_plan(scenario, "fuzz.qs");
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) {
    sequence.error = to_string(*diagnostic);
    return sequence;
  }
  sequence.plan = std::move(std::get<runner::Plan>(made));
  for (const std::string& id : defects)
    if (auto defect = base::find_defect(id)) sequence.plan.machine.defects.add(*defect);
  std::vector<runner::ScenarioProgram::Returned> log;
  run(sequence.plan, log, sequence);
  for (const auto& returned : log)
    sequence.results.push_back({returned.call, returned.value, observed_text(*returned.call, returned.value)});
  return sequence;
}

}  // namespace quire::fuzz
