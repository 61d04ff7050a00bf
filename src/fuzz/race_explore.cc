#include "fuzz/race_explore.h"

#include <fmt/core.h>

#include "base/defects.h"
#include "explore/bounded.h"
#include "explore/sampling.h"
#include "runner/program.h"

namespace quire::fuzz {
namespace {

using scenario::Call;

constexpr unsigned kSampleDepth = 3;

/// Keeps what every call gave in each execution that ended well.
class WatchedProgram : public runner::ScenarioProgram {
 public:
  WatchedProgram(const runner::Plan& plan, std::vector<SeenValues>& values) : ScenarioProgram(plan), values_(values) {
    for (const scenario::TaskProgram& task : plan.tasks)
      for (const Call& call : task.calls) captures_.push_back(call.capture);
    for (const Call& call : plan.check) captures_.push_back(call.capture);
    values_.resize(captures_.size());
  }
  void observe() override {
    for (std::size_t i = 0; i < captures_.size(); ++i) values_[i].add(variable(captures_[i]));
  }

 private:
  std::vector<int> captures_;
  std::vector<SeenValues>& values_;
};

bool capture_every_call(runner::Plan& plan) {
  auto capture = [&plan](std::vector<Call>& calls) {
    for (Call& call : calls) {
      if (call.capture >= 0) continue;
      call.capture = static_cast<int>(plan.variables.size());
      plan.variables.push_back({call.process, {}});
    }
  };
  for (scenario::TaskProgram& task : plan.tasks) capture(task.calls);
  capture(plan.check);
  return plan.variables.size() <= runner::Runtime::kVariablesMax;
}

/// A mapping or a file that the set-up could not make: what uses its name says nothing.
bool names_no_error(const runner::Plan& plan, const runner::ScenarioProgram& program) {
  for (const Call& call : plan.setup)
    if (call.capture >= 0 && program.variable(call.capture).number < 0) return false;
  return true;
}

/// What waits for somebody outside the program, who would resolve a write-protect fault, is no deadlock.
bool may_wait(const scenario::Scenario& s) {
  auto protects = [](const scenario::Block<scenario::Statement>& body) {
    for (const scenario::Statement& statement : body.items)
      if (statement.call.text == "uffd_writeprotect") return true;
    return false;
  };
  bool any = s.setup && protects(s.setup->body);
  for (const scenario::CpuBlock& cpu : s.cpus) any = any || protects(cpu.body);
  return any;
}

void search_all(RaceExplored& result, explore::Executor& executor, const scenario::Scenario& scenario,
                const RaceBounds& bounds) {
  bool waits = may_wait(scenario);
  auto on_finding = [&](const explore::Finding& f) {
    bool meant = f.incident.failure == sync::Failure::check || (waits && f.incident.failure == sync::Failure::deadlock);
    if (meant) return explore::OnFinding::go_on;
    result.finding = f;
    return explore::OnFinding::stop;
  };
  explore::SearchLimits limits;
  limits.executions_max = bounds.executions;
  explore::BoundedAtShared bounded(bounds.preemptions);
  explore::SearchResult searched = explore::search(executor, bounded, limits, on_finding);
  result.executions += searched.executions;
  if (result.finding || searched.complete || bounds.samples == 0) return;
  limits.executions_max = bounds.samples;
  explore::Pct samples(kSampleDepth, searched.depth_max);
  result.executions += explore::search(executor, samples, limits, on_finding).executions;
}

}  // namespace

RaceExplored explore_races(const scenario::Scenario& scenario, const std::vector<std::string>& defects,
                           const RaceBounds& bounds) {
  RaceExplored result;
  auto made = runner::make_plan(scenario, "fuzz.qs");
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) {
    result.error = to_string(*diagnostic);
    return result;
  }
  result.plan = std::move(std::get<runner::Plan>(made));
  if (!capture_every_call(result.plan)) {
    result.error = fmt::format("it has more than {} results", runner::Runtime::kVariablesMax);
    return result;
  }
  for (const std::string& id : defects)
    if (auto defect = base::find_defect(id)) result.plan.machine.defects.add(*defect);
  WatchedProgram program(result.plan, result.values);
  explore::Executor executor(program, result.plan.explorer);
  if (!executor.boot()) {
    const explore::Incident& incident = *executor.incident();
    result.in_setup = true;
    result.finding = explore::Finding{incident, {}, 0, 0};
    bool waits = incident.failure == sync::Failure::deadlock && may_wait(scenario);
    if (waits || incident.failure == sync::Failure::check) result.error = "the set-up cannot be carried out";
    return result;
  }
  if (!names_no_error(result.plan, program)) {
    result.error = "a name stands for an error";
    return result;
  }
  search_all(result, executor, scenario, bounds);
  result.reached = executor.reached_branches();
  return result;
}

}  // namespace quire::fuzz
