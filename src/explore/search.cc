#include "explore/search.h"

#include <algorithm>
#include <chrono>

#include "explore/bounded.h"

namespace quire::explore {
namespace {

using HostClock = std::chrono::steady_clock;

double seconds_since(HostClock::time_point start) {
  return std::chrono::duration<double>(HostClock::now() - start).count();
}

Finding finding_of(Executor& executor) {
  Finding finding{*executor.incident(), schedule_of(executor.path()), 0, static_cast<unsigned>(executor.path().size())};
  for (const Node& node : executor.path())
    if (node.decision.kind == Decision::Kind::task && node.previous < kTasksMax &&
        node.previous != node.decision.value && (node.enabled & bit(node.previous)) != 0)
      ++finding.preemptions;
  return finding;
}

constexpr uint64_t kExecutionsPerLook = 256;
constexpr double kSecondsPerProgress = 0.5;

}  // namespace

SearchResult search(Executor& executor, Strategy& strategy, const SearchLimits& limits,
                    const std::function<OnFinding(const Finding&)>& on_finding) {
  SearchResult result;
  HostClock::time_point start = HostClock::now();
  double next_progress = kSecondsPerProgress;
  executor.path().clear();
  std::optional<std::size_t> from = 0;
  bool limited = false;
  while (from && !result.stopped && !limited) {
    ExecutionEnd end = executor.run(strategy, *from);
    result.depth_max = std::max(result.depth_max, executor.path().size());
    if (end == ExecutionEnd::abandoned) {
      ++result.abandoned;
    } else {
      ++result.executions;
    }
    if (end == ExecutionEnd::incident) {
      ++result.incidents;
      result.stopped = on_finding(finding_of(executor)) == OnFinding::stop;
    }
    from = strategy.backtrack(executor);
    uint64_t runs = result.executions + result.abandoned;
    limited = from && result.executions >= limits.executions_max;
    if (runs % kExecutionsPerLook != 0) continue;
    double now = seconds_since(start);
    limited = limited || (from && now > limits.seconds_max);
    if (limits.on_progress && now >= next_progress) {
      limits.on_progress({result.executions, now, executor.path().size(), strategy.progress(executor.path())});
      next_progress = now + kSecondsPerProgress;
    }
  }
  executor.path().clear();
  result.complete = !from && !result.stopped && strategy.exhaustive();
  result.seconds = seconds_since(start);
  return result;
}

std::optional<Finding> find_minimal(Executor& executor, unsigned bound_max, const SearchLimits& limits,
                                    const std::function<bool(const Finding&)>& wanted, SearchResult* searched) {
  std::optional<Finding> best;
  for (unsigned bound = 0; bound <= bound_max && !best; ++bound) {
    Bounded strategy(bound);
    SearchResult r = search(executor, strategy, limits, [&](const Finding& f) {
      if (wanted(f) &&
          (!best || f.preemptions < best->preemptions || (f.preemptions == best->preemptions && f.steps < best->steps)))
        best = f;
      return OnFinding::go_on;
    });
    if (searched == nullptr) continue;
    searched->executions += r.executions;
    searched->incidents += r.incidents;
    searched->seconds += r.seconds;
    searched->depth_max = std::max(searched->depth_max, r.depth_max);
  }
  return best;
}

std::optional<Finding> replay(Executor& executor, const Schedule& schedule, Recording* recording, bool* diverged) {
  Replay strategy(schedule);
  executor.path().clear();
  executor.record_to(recording);
  if (recording != nullptr) {
    recording->task_names.clear();
    for (unsigned i = 0; i < executor.task_count(); ++i) recording->task_names.emplace_back(executor.task_name(i));
  }
  ExecutionEnd end = executor.run(strategy, 0);
  executor.record_to(nullptr);
  std::optional<Finding> finding;
  if (end == ExecutionEnd::incident) finding = finding_of(executor);
  if (diverged != nullptr) *diverged = strategy.diverged() || executor.path().size() != schedule.size();
  executor.path().clear();
  return finding;
}

}  // namespace quire::explore
