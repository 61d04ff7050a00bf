// run_scenario(): one execution, strace-like. The order is that of the file, a list of CPUs, or a schedule of the file.
#include <fmt/core.h>

#include <algorithm>

#include "explore/bounded.h"
#include "explore/search.h"
#include "runner/operations.h"
#include "runner/program.h"
#include "runner/report.h"
#include "runner/runner.h"
#include "scenario/constants.h"

namespace quire::runner {

using scenario::Diagnostic;

namespace {

/// Whole calls: a task keeps the CPU until its call has returned, then the next of the list runs, then file order.
class CallOrder : public explore::Strategy {
 public:
  CallOrder(const ScenarioProgram& program, std::vector<unsigned> order)
      : program_(program), order_(std::move(order)) {}

  unsigned pick_task(explore::Executor& x, explore::Node& node) override {
    unsigned returned = 0;
    for (unsigned t = 0; t < program_.task_count(); ++t) returned += program_.completed(t);
    if (returned < order_.size()) {
      unsigned wanted = order_[returned];
      if (wanted < explore::kTasksMax && (node.enabled & explore::bit(wanted)) != 0) return wanted;
    }
    // What the call in progress waits for, or what is left: in file order.
    (void)x;
    return explore::lowest(node.enabled);
  }
  std::optional<std::size_t> backtrack(explore::Executor&) override { return std::nullopt; }
  [[nodiscard]] bool wants_checkpoints() const override { return false; }
  [[nodiscard]] bool exhaustive() const override { return false; }

 private:
  const ScenarioProgram& program_;
  std::vector<unsigned> order_;
};

/// Position of the first time each point of a chain is passed; -1 where it is not.
std::vector<int> passed_at(const scenario::ScheduleChain& chain, const Plan& plan,
                           const explore::Recording& recording) {
  std::vector<int> result(chain.points.size(), -1);
  std::vector<std::vector<std::string>> open(explore::kTasksMax + 1);
  for (std::size_t i = 0; i < recording.events.size(); ++i) {
    const explore::Event& e = recording.events[i];
    if (e.kind == explore::Event::Kind::enter) open[e.task].push_back(e.name);
    if (e.kind == explore::Event::Kind::leave && !open[e.task].empty()) open[e.task].pop_back();
    if (e.kind != explore::Event::Kind::point || e.task >= plan.tasks.size()) continue;
    const std::string& process = plan.processes[static_cast<std::size_t>(plan.tasks[e.task].process)].name;
    for (std::size_t p = 0; p < chain.points.size(); ++p) {
      const scenario::SchedulePoint& wanted = chain.points[p];
      bool inside = std::find(open[e.task].begin(), open[e.task].end(), wanted.func) != open[e.task].end();
      std::string name = e.name;
      std::replace(name.begin(), name.end(), ' ', '_');
      if (result[p] < 0 && wanted.process == process && inside && wanted.point == name) result[p] = static_cast<int>(i);
    }
  }
  return result;
}

bool follows(const scenario::Schedule& schedule, const Plan& plan, const explore::Recording& recording) {
  for (const scenario::ScheduleChain& chain : schedule.body.items) {
    std::vector<int> at = passed_at(chain, plan, recording);
    for (std::size_t i = 0; i < at.size(); ++i)
      if (at[i] < 0 || (i > 0 && at[i] <= at[i - 1])) return false;
  }
  return true;
}

/// Tells after each execution whether it followed the schedule.
class ScheduleProgram : public ScenarioProgram {
 public:
  ScheduleProgram(const Plan& plan, const scenario::Schedule& schedule) : ScenarioProgram(plan), schedule_(schedule) {}
  void observe() override { followed = followed || follows(schedule_, plan_, recording); }
  explore::Recording recording;
  bool followed = false;

 private:
  const scenario::Schedule& schedule_;
};

class SearchSchedule : public explore::Bounded {
 public:
  SearchSchedule(unsigned bound, const ScheduleProgram& program) : Bounded(bound), program_(program) {}
  std::optional<std::size_t> backtrack(explore::Executor& x) override {
    if (!program_.followed) return Bounded::backtrack(x);
    found = explore::schedule_of(x.path());
    return std::nullopt;
  }
  std::optional<explore::Schedule> found;

 private:
  const ScheduleProgram& program_;
};

constexpr unsigned kBoundMax = 4;
constexpr uint64_t kExecutionsMax = 200'000;

std::optional<explore::Schedule> find_schedule(const Plan& plan, const scenario::Schedule& schedule) {
  ScheduleProgram program(plan, schedule);
  explore::Executor executor(program, plan.explorer);
  if (!executor.boot()) return std::nullopt;
  executor.record_to(&program.recording);
  for (unsigned bound = 0; bound <= kBoundMax; ++bound) {
    SearchSchedule strategy(bound, program);
    explore::SearchLimits limits;
    limits.executions_max = kExecutionsMax;
    program.recording.clear();
    (void)explore::search(executor, strategy, limits, [&](const explore::Finding& f) {
      // An execution that ends in an incident follows the schedule if it got that far.
      if (!strategy.found && follows(schedule, plan, program.recording)) strategy.found = f.schedule;
      return strategy.found ? explore::OnFinding::stop : explore::OnFinding::go_on;
    });
    if (strategy.found) return strategy.found;
  }
  return std::nullopt;
}

std::string result_text(const ScenarioProgram::Returned& r) {
  if (r.value.kind != Value::Kind::number) return to_text(r.value);
  if (r.call->operation->name == "pagemap") {
    if (auto name = scenario::pagemap_kind_name(r.value.number)) return std::string(*name);
  }
  bool address = r.value.number > 65536;
  return address ? fmt::format("{:#x}", r.value.number) : to_text(r.value);
}

}  // namespace

std::string line_of(const Plan& plan, const ScenarioProgram::Returned& r) {
  const std::string& process = plan.processes[static_cast<std::size_t>(r.call->process)].name;
  std::string name;
  if (r.call->capture >= 0) name = fmt::format("{} = ", plan.variables[static_cast<std::size_t>(r.call->capture)].name);
  std::string member;
  if (!r.call->member.empty()) member = fmt::format(".{}", r.call->member);
  if (r.call->text.ends_with(member)) member.clear();
  return fmt::format("{:<4}{}{}{} = {}{}", process, name, r.call->text, member, result_text(r),
                     r.as_stated ? "" : "   # not as stated");
}

std::variant<RunResult, Diagnostic> run_scenario(const scenario::Scenario& scenario, std::string_view file,
                                                 const RunOptions& options) {
  auto made = make_plan(scenario, file);
  if (auto* d = std::get_if<Diagnostic>(&made)) return *d;
  Plan plan = std::move(std::get<Plan>(made));
  for (const std::string& id : options.defects) {
    auto defect = base::find_defect(id);
    if (!defect)
      return Diagnostic{std::string(file), scenario.at.line, scenario.at.column,
                        fmt::format("expected a defect, found '{}'", id)};
    plan.machine.defects.add(*defect);
  }
  std::unique_ptr<explore::Strategy> strategy;
  std::vector<ScenarioProgram::Returned> log;
  ScenarioProgram program(plan);
  program.log = &log;
  explore::Executor executor(program, plan.explorer);
  if (options.schedule.empty()) {
    strategy = std::make_unique<CallOrder>(program, options.order);
  } else {
    auto wanted = std::find_if(scenario.schedules.begin(), scenario.schedules.end(),
                               [&](const scenario::Schedule& s) { return s.name == options.schedule; });
    if (wanted == scenario.schedules.end())
      return Diagnostic{std::string(file), scenario.at.line, scenario.at.column,
                        fmt::format("expected a schedule of this scenario, found '{}'", options.schedule)};
    auto schedule = find_schedule(plan, *wanted);
    if (!schedule)
      return Diagnostic{std::string(file), wanted->at.line, wanted->at.column,
                        fmt::format("expected an order that can happen, found none within {} pre-emptions", kBoundMax)};
    strategy = std::make_unique<explore::Replay>(*schedule);
  }
  RunResult result;
  explore::Recording recording;
  bool booted = executor.boot();
  if (booted) {
    for (unsigned i = 0; i < executor.task_count(); ++i) recording.task_names.emplace_back(executor.task_name(i));
    executor.record_to(&recording);
    (void)explore::search(executor, *strategy, {}, [&](const explore::Finding& f) {
      result.incident =
          render_report(plan, scenario.at.line, f, recording, make_token(plan, options.defects, f.schedule));
      return explore::OnFinding::stop;
    });
  } else {
    result.incident = fmt::format("BUG: quire: {} in the set-up\n  {}\n", long_name(executor.incident()->failure),
                                  executor.incident()->message);
  }
  for (const ScenarioProgram::Returned& r : log) {
    result.lines.push_back({line_of(plan, r), r.as_stated});
    result.as_stated = result.as_stated && r.as_stated;
  }
  result.as_stated = result.as_stated && result.incident.empty();
  return result;
}

}  // namespace quire::runner
