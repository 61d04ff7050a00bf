// What a scenario shows: in one run where nothing is concurrent, else in every execution.
#include <fmt/core.h>

#include "base/defects.h"
#include "explore/dpor.h"
#include "explore/search.h"
#include "runner/program.h"
#include "runner/runner.h"

namespace quire::runner {
namespace {

using scenario::Diagnostic;
using scenario::observed_text;

/// Keeps what each execution ended with.
class ObservingProgram : public ScenarioProgram {
 public:
  explicit ObservingProgram(const Plan& plan) : ScenarioProgram(plan) {}
  std::set<std::vector<std::string>> rows;

  void observe() override {
    std::vector<std::string> row = row_of_blocks();
    for (const Call& call : plan_.check) row.push_back(observed_text(call, variable(call.capture)));
    rows.insert(std::move(row));
  }
  /// As an execution left it that did not come to its end.
  void observe_deadlock() {
    std::vector<std::string> row = row_of_blocks();
    row.resize(row.size() + plan_.check.size());
    rows.insert(std::move(row));
  }

 private:
  std::vector<std::string> row_of_blocks() {
    std::vector<std::string> row;
    for (const TaskPlan& task : plan_.tasks)
      for (const Call& call : task.calls) row.push_back(observed_text(call, variable(call.capture)));
    return row;
  }
};

// Every call of the blocks and of the check captures its result.
bool capture_all(Plan& plan) {
  auto capture = [&plan](std::vector<Call>& calls) {
    for (Call& call : calls) {
      if (call.capture >= 0) continue;
      call.capture = static_cast<int>(plan.variables.size());
      plan.variables.push_back({call.process, {}});
    }
  };
  for (TaskPlan& task : plan.tasks) capture(task.calls);
  capture(plan.check);
  return plan.variables.size() <= Runtime::kVariablesMax;
}

std::size_t calls_in(const Plan& plan) {
  std::size_t calls = plan.setup.size() + plan.check.size();
  for (const TaskPlan& task : plan.tasks) calls += task.calls.size();
  return calls;
}

Observations observe_once(const Plan& plan) {
  Observations result;
  std::vector<ScenarioProgram::Returned> log;
  ScenarioProgram program(plan);
  program.log = &log;
  explore::Executor executor(program, plan.explorer);
  if (!executor.boot()) {
    result.trouble = executor.incident()->message;
    return result;
  }
  explore::Dpor strategy;
  explore::SearchLimits once;
  once.executions_max = 1;
  bool stuck = false;
  (void)explore::search(executor, strategy, once, [&](const explore::Finding& f) {
    stuck = f.incident.failure == sync::Failure::deadlock;
    if (!stuck) result.trouble = fmt::format("{}: {}", sync::name(f.incident.failure), f.incident.message);
    return explore::OnFinding::stop;
  });
  std::vector<std::string> row;
  for (const ScenarioProgram::Returned& r : log) row.push_back(observed_text(*r.call, r.value));
  // In one order, what waits for ever keeps everything after it from happening.
  if (stuck) row.resize(std::max(row.size(), calls_in(plan)), to_text(scenario::Value{}));
  result.rows.insert(std::move(row));
  result.complete = true;
  return result;
}

Observations observe_all(Plan& plan, bool may_deadlock, const ObserveOptions& options) {
  Observations result;
  if (!capture_all(plan)) {
    result.trouble = fmt::format("it has more than {} results", Runtime::kVariablesMax);
    return result;
  }
  ObservingProgram program(plan);
  explore::Executor executor(program, plan.explorer);
  if (!executor.boot()) {
    result.trouble = executor.incident()->message;
    return result;
  }
  explore::Dpor strategy;
  explore::SearchLimits limits;
  limits.seconds_max = options.seconds_max;
  explore::SearchResult searched = explore::search(executor, strategy, limits, [&](const explore::Finding& f) {
    if (may_deadlock && f.incident.failure == sync::Failure::deadlock)
      program.observe_deadlock();
    else if (result.trouble.empty())
      result.trouble = fmt::format("{}: {}", sync::name(f.incident.failure), f.incident.message);
    return explore::OnFinding::go_on;
  });
  result.complete = searched.complete;
  result.rows = std::move(program.rows);
  return result;
}

}  // namespace

std::variant<Observations, Diagnostic> observe_scenario(const scenario::Scenario& scenario, std::string_view file,
                                                        const ObserveOptions& options) {
  auto made = make_plan(scenario, file);
  if (auto* d = std::get_if<Diagnostic>(&made)) return *d;
  Plan plan = std::move(std::get<Plan>(made));
  if (plan.machine.fault_around_pages == 1)
    plan.machine.fault_around_pages = static_cast<uint8_t>(options.fault_around_pages);
  for (const std::string& id : options.defects)
    if (auto defect = base::find_defect(id)) plan.machine.defects.add(*defect);
  return plan.tasks.size() <= 1 ? observe_once(plan) : observe_all(plan, scenario::may_deadlock(scenario), options);
}

}  // namespace quire::runner
