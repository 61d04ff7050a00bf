// check_scenario(): explores a scenario for each of its expectations.
//
// What must be found is looked for with 0, 1, 2, ... pre-emptions, so that the first hit is minimal, then exhaustively.
// What must hold is explored exhaustively; where a limit cuts that, all executions within a pre-emption bound are run
// and the answer says so.
#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "explore/bounded.h"
#include "explore/dpor.h"
#include "explore/sampling.h"
#include "runner/judge.h"
#include "runner/program.h"
#include "runner/report.h"
#include "runner/runner.h"
#include "scenario/constants.h"
#include "scenario/format.h"

namespace quire::runner {

using explore::Finding;
using explore::OnFinding;
using explore::SearchLimits;
using explore::SearchResult;
using scenario::Diagnostic;

namespace {

constexpr unsigned kPreemptionsMax = 3;
/// Of one pre-emption bound while something is looked for.
constexpr uint64_t kExecutionsPerBound = 1'000'000;

/// Runs single schedules again on a machine of its own, for reports and for what only a recording tells.
class Replayer {
 public:
  explicit Replayer(const Plan& plan, const std::vector<ScenarioProgram::Watched>& conditions)
      : program_(plan), executor_(program_, plan.explorer) {
    program_.conditions = conditions;
    booted_ = executor_.boot();
  }
  std::optional<Finding> run(const explore::Schedule& schedule, explore::Recording& recording) {
    recording.clear();
    if (!booted_) return std::nullopt;
    return explore::replay(executor_, schedule, &recording, nullptr);
  }

 private:
  ScenarioProgram program_;
  explore::Executor executor_;
  bool booted_ = false;
};

class Checker {
 public:
  Checker(Plan plan, const scenario::Expect& expect, const CheckOptions& options)
      : plan_(std::move(plan)), expect_(expect), options_(options), expectation_(take_apart(expect)), program_(plan_) {}

  /// Resolves conditions and switches the defects on.
  std::optional<Diagnostic> prepare() {
    for (const scenario::Name& name : expect_.defects) {
      auto defect = base::find_defect(name.text);
      if (!defect)
        return Diagnostic{plan_.file, name.at.line, name.at.column,
                          fmt::format("expected a defect (see quire defects), found '{}'", name.text)};
      plan_.machine.defects.add(*defect);
      verdict_.defects.push_back(name.text);
    }
    for (const scenario::ExpectItem& item : expect_.body.items) {
      if (item.kind != scenario::ExpectKind::condition) continue;
      auto condition = make_condition(plan_, item.condition);
      if (auto* d = std::get_if<Diagnostic>(&condition)) return *d;
      program_.conditions.push_back({std::get<PlanCondition>(condition), item.quantifier});
    }
    if (expectation_.outcomes != nullptr) program_.keep = ScenarioProgram::Keep::outcomes;
    return std::nullopt;
  }

  Verdict check() {
    verdict_.line = expect_.at.line;
    verdict_.stated = expectation_.text;
    executor_ = std::make_unique<explore::Executor>(program_, plan_.explorer);
    if (!executor_->boot()) {
      verdict_.summary = fmt::format("the set-up failed: {}", executor_->incident()->message);
      verdict_.found = sync::name(executor_->incident()->failure);
      verdict_.report =
          fmt::format("{}:{}: {}\nBUG: quire: {} in the set-up\n  {}\n", plan_.file, verdict_.line,
                      plan_.scenario->name, long_name(executor_->incident()->failure), executor_->incident()->message);
      return verdict_;
    }
    replayer_ = std::make_unique<Replayer>(plan_, program_.conditions);
    if (expectation_.wants_finding())
      look_for();
    else
      hold();
    judge_conditions();
    judge_outcomes();
    judge_injections();
    fill_stats();
    return verdict_;
  }

 private:
  [[nodiscard]] double seconds_left() const { return std::max(0.0, options_.seconds_max - verdict_.seconds); }
  // Of a search whose answer is "holds"; a finding may come too late, which takes a longer search to see.
  [[nodiscard]] uint64_t executions_left() const {
    uint64_t most = std::min(options_.executions_max, expectation_.executions_max.value_or(UINT64_MAX));
    return most - std::min(most, verdict_.executions);
  }
  // What the expectation says bounds the search too: nothing beyond it would be as stated.
  [[nodiscard]] unsigned preemptions_max() const {
    unsigned most = options_.preemptions_max.value_or(kPreemptionsMax);
    return std::min(most, expectation_.preemptions_max.value_or(most));
  }

  SearchLimits limits(std::string_view phase, double seconds, uint64_t executions) {
    SearchLimits l;
    l.seconds_max = seconds;
    l.executions_max = std::min(executions, options_.executions_max);
    if (options_.on_progress)
      l.on_progress = [this, phase](const explore::Progress& p) {
        options_.on_progress({phase, p.executions, p.seconds, p.depth, p.share_done});
      };
    return l;
  }

  void count(const SearchResult& r) {
    verdict_.executions += r.executions;
    verdict_.seconds += r.seconds;
    verdict_.stats.abandoned += r.abandoned;
    verdict_.stats.depth_max = std::max<uint64_t>(verdict_.stats.depth_max, r.depth_max);
  }

  // Whether the finding is what an item asks for. The place of what shows only at the end is any function that ran.
  bool wanted(const Finding& f) {
    const ClassItem* item = expectation_.wanting(f.incident);
    if (item == nullptr) return false;
    if (item->func.empty()) return true;
    for (const std::string& function : f.incident.functions)
      if (function == item->func) return true;
    if (f.incident.task != explore::kTasksMax) return false;
    explore::Recording recording;
    (void)replayer_->run(f.schedule, recording);
    return std::any_of(recording.events.begin(), recording.events.end(), [&](const explore::Event& e) {
      return e.kind == explore::Event::Kind::enter && e.name == item->func;
    });
  }

  // --- Something must be found ---

  void look_for() {
    using Strategy = CheckOptions::Strategy;
    std::optional<Finding> best;
    if (options_.strategy == Strategy::automatic || options_.strategy == Strategy::bounded) best = bounded_search();
    if (!best && options_.strategy != Strategy::bounded) best = other_search();
    if (!best) {
      verdict_.summary =
          fmt::format("not found ({}{} executions)", verdict_.complete ? "complete, " : "", verdict_.executions);
      verdict_.as_stated = false;
      return;
    }
    bool few = !expectation_.preemptions_max || best->preemptions <= *expectation_.preemptions_max;
    bool soon = !expectation_.executions_max || verdict_.executions <= *expectation_.executions_max;
    verdict_.as_stated = few && soon;
    describe(*best, verdict_.as_stated ? "found" : few ? "too late: found" : "too many pre-emptions: found");
  }

  std::optional<Finding> bounded_search() {
    for (unsigned bound = 0; bound <= preemptions_max(); ++bound) {
      std::optional<Finding> best;
      explore::Bounded strategy(bound);
      phase_ = fmt::format("{} pre-emption{}", bound, bound == 1 ? "" : "s");
      SearchResult r = explore::search(*executor_, strategy, limits(phase_, seconds_left() / 2, kExecutionsPerBound),
                                       [&](const Finding& f) {
                                         bool better = !best || f.preemptions < best->preemptions ||
                                                       (f.preemptions == best->preemptions && f.steps < best->steps);
                                         if (better && wanted(f)) best = f;
                                         return OnFinding::go_on;
                                       });
      count(r);
      if (best) return best;
      if (r.complete) {
        verdict_.complete = true;
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::optional<Finding> other_search() {
    if (verdict_.complete) return std::nullopt;
    std::optional<Finding> best;
    std::unique_ptr<explore::Strategy> strategy = free_strategy();
    SearchResult r =
        explore::search(*executor_, *strategy, limits("search", seconds_left(), UINT64_MAX), [&](const Finding& f) {
          if (!wanted(f)) return OnFinding::go_on;
          best = f;
          return OnFinding::stop;
        });
    count(r);
    verdict_.complete = r.complete;
    return best;
  }

  std::unique_ptr<explore::Strategy> free_strategy() {
    constexpr unsigned kPctDepth = 3;
    if (options_.strategy == CheckOptions::Strategy::pct)
      return std::make_unique<explore::Pct>(kPctDepth, options_.seed);
    if (options_.strategy == CheckOptions::Strategy::random)
      return std::make_unique<explore::UniformRandom>(options_.seed);
    return std::make_unique<explore::Dpor>();
  }

  // --- Nothing must be found ---

  void hold() {
    bool asks_bound = expectation_.preemptions_max && !expectation_.must_be_complete &&
                      options_.strategy == CheckOptions::Strategy::automatic;
    bool bounded_only = asks_bound || options_.strategy == CheckOptions::Strategy::bounded;
    std::optional<Finding> found;
    if (!bounded_only) {
      std::unique_ptr<explore::Strategy> strategy = free_strategy();
      SearchResult r = explore::search(
          *executor_, *strategy,
          limits("exhaustive", expectation_.must_be_complete ? seconds_left() : seconds_left() / 2, executions_left()),
          [&](const Finding& f) {
            if (expectation_.tolerates(f.incident)) return OnFinding::go_on;
            found = f;
            return OnFinding::stop;
          });
      count(r);
      verdict_.complete = r.complete;
    }
    std::string how = "complete";
    if (!found && !verdict_.complete) {
      how = bounded_only || options_.strategy == CheckOptions::Strategy::automatic ? hold_bounded(found) : "sampled";
      verdict_.complete = false;
    }
    if (found) return describe(smallest(*found), "found");
    if (!verdict_.complete) verdict_.bound = how;
    verdict_.as_stated = verdict_.complete || !expectation_.must_be_complete;
    bool unreachable = verdict_.complete && !verdict_.defects.empty() && only_never();
    std::string_view word = !verdict_.as_stated ? "not complete" : unreachable ? "unreachable" : "holds";
    verdict_.summary = fmt::format("{} ({}, {} executions)", word, how, verdict_.executions);
  }

  [[nodiscard]] bool only_never() const {
    return std::none_of(program_.conditions.begin(), program_.conditions.end(), [](const ScenarioProgram::Watched& w) {
      return w.quantifier == scenario::Quantifier::sometimes;
    });
  }

  std::string hold_bounded(std::optional<Finding>& found) {
    std::string how = "nothing complete";
    for (unsigned bound = 0; bound <= preemptions_max() && !found && seconds_left() > 0 && executions_left() > 0;
         ++bound) {
      explore::Bounded strategy(bound);
      phase_ = fmt::format("{} pre-emption{}", bound, bound == 1 ? "" : "s");
      SearchResult r = explore::search(*executor_, strategy, limits(phase_, seconds_left(), executions_left()),
                                       [&](const Finding& f) {
                                         if (expectation_.tolerates(f.incident)) return OnFinding::go_on;
                                         found = f;
                                         return OnFinding::stop;
                                       });
      count(r);
      bool limited = !r.stopped && !r.complete && (verdict_.seconds >= options_.seconds_max || executions_left() == 0);
      if (limited) break;
      how = fmt::format("all with up to {}", phase_);
    }
    return how;
  }

  // The same failure with the fewest pre-emptions and steps.
  Finding smallest(const Finding& first) {
    SearchResult searched;
    auto best = explore::find_minimal(
        *executor_, std::min(preemptions_max(), first.preemptions),
        limits("minimising", std::max(seconds_left(), 5.0), kExecutionsPerBound),
        [&](const Finding& f) {
          return f.incident.failure == first.incident.failure && !expectation_.tolerates(f.incident);
        },
        &searched);
    verdict_.seconds += searched.seconds;
    return best ? *best : first;
  }

  // --- What was found ---

  void describe(const Finding& f, std::string_view how) {
    verdict_.found = sync::name(f.incident.failure);
    verdict_.preemptions = f.preemptions;
    verdict_.token = make_token(plan_, verdict_.defects, f.schedule);
    std::string where = f.incident.functions.empty() ? "the final check" : f.incident.functions.back();
    verdict_.summary = fmt::format("{} {} in {} ({} pre-emption{}, {} executions)", how, verdict_.found, where,
                                   f.preemptions, f.preemptions == 1 ? "" : "s", verdict_.executions);
    if (verdict_.as_stated && options_.report == CheckOptions::Report::unexpected) return;
    explore::Recording recording;
    (void)replayer_->run(f.schedule, recording);
    verdict_.report = render_report(plan_, verdict_.line, f, recording, verdict_.token);
  }

  void judge_conditions() {
    for (const ScenarioProgram::Watched& w : program_.conditions) {
      if (w.quantifier != scenario::Quantifier::sometimes || w.held != 0) continue;
      verdict_.as_stated = false;
      verdict_.summary = fmt::format("never happens: {} ({}{} executions)", w.condition.text,
                                     verdict_.complete ? "complete, " : "", verdict_.executions);
    }
  }

  void judge_outcomes() {
    verdict_.outcomes.assign(program_.outcomes.begin(), program_.outcomes.end());
    if (expectation_.outcomes == nullptr) return;
    std::set<std::string> stated;
    for (const scenario::OutcomeRow& row : expectation_.outcomes->items) stated.insert(row_text(row));
    for (const std::string& seen : program_.outcomes)
      if (!stated.contains(seen)) return disagree(fmt::format("an outcome that is not stated: {}", seen));
    for (const std::string& row : stated)
      if (!program_.outcomes.contains(row)) return disagree(fmt::format("an outcome that never happens: {}", row));
  }

  // A failure that is asked for and never comes says nothing about what follows from it.
  void judge_injections() {
    if (!verdict_.as_stated || !verdict_.complete) return;
    auto each = [this](const std::vector<Call>& calls) {
      for (const Call& call : calls)
        for (const Injection& i : call.injections)
          if (!program_.ever_failed[static_cast<std::size_t>(i.counter)])
            disagree(fmt::format("line {}: '{}' never fails{}{} (complete, {} executions)", call.at.line, i.site,
                                 i.func.empty() ? "" : " in ", i.func, verdict_.executions));
    };
    each(plan_.setup);
    for (const TaskPlan& task : plan_.tasks) each(task.calls);
    each(plan_.check);
  }

  // A row in the order of the plan's captures, as ScenarioProgram::outcome() prints it.
  std::string row_text(const scenario::OutcomeRow& row) const {
    std::string text;
    for (const TaskPlan& task : plan_.tasks)
      for (const Call& call : task.calls) {
        if (call.capture < 0) continue;
        const Variable& v = plan_.variables[static_cast<std::size_t>(call.capture)];
        for (const scenario::OutcomeCell& cell : row.cells)
          if (cell.capture.name == v.name &&
              (cell.capture.process.empty() ||
               cell.capture.process == plan_.processes[static_cast<std::size_t>(v.process)].name))
            text +=
                fmt::format("{}{}:{}={}", text.empty() ? "" : " ",
                            plan_.processes[static_cast<std::size_t>(v.process)].name, v.name, cell_text(cell.value));
      }
    return text;
  }

  // A value as the number it is: 'b' and 98 are the same observation.
  static std::string cell_text(const scenario::Result& value) {
    if (value.kind != scenario::ResultKind::value || !value.value) return scenario::format(value);
    auto number = scenario::evaluate(*value.value, scenario::constant_value);
    return number ? std::to_string(*number) : scenario::format(value);
  }

  void disagree(std::string summary) {
    verdict_.as_stated = false;
    verdict_.summary = std::move(summary);
  }

  void fill_stats() {
    Stats& s = verdict_.stats;
    s.executions = verdict_.executions;
    s.seconds = verdict_.seconds;
    s.executions_per_second = s.seconds > 0 ? static_cast<double>(s.executions) / s.seconds : 0;
    s.steps_run = executor_->steps_run();
    s.steps_repeated = executor_->steps_repeated();
    s.checkpoint_bytes = executor_->checkpoint_bytes();
  }

  Plan plan_;
  const scenario::Expect& expect_;
  const CheckOptions& options_;
  Expectation expectation_;
  ScenarioProgram program_;
  std::unique_ptr<explore::Executor> executor_;
  std::unique_ptr<Replayer> replayer_;
  Verdict verdict_;
  std::string phase_;
};

}  // namespace

CheckResult check_scenario(const scenario::Scenario& scenario, std::string_view file, const CheckOptions& options) {
  ScenarioCheck result{std::string(file), scenario.name, unmet_requirement(scenario), {}};
  auto plan = make_plan(scenario, file);
  if (auto* d = std::get_if<Diagnostic>(&plan)) return *d;
  if (!result.skipped.empty()) return result;
  for (const scenario::Expect& expect : scenario.expects) {
    if (!options.wants(expect)) continue;
    Checker checker(std::get<Plan>(plan), expect, options);
    if (auto d = checker.prepare()) return *d;
    result.verdicts.push_back(checker.check());
  }
  return result;
}

}  // namespace quire::runner
