// A search: one strategy run to its end or to a limit, and what it found.
//
//   Executor executor(program, {});
//   if (!executor.boot()) ...            // the set-up itself is wrong: executor.incident()
//   Dpor dpor;
//   SearchResult r = search(executor, dpor, {}, [](const Finding&) { return OnFinding::stop; });
//   r.complete  // every interleaving was seen
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "explore/executor.h"

namespace quire::explore {

/// A wrong outcome with the schedule that leads to it.
struct Finding {
  Incident incident;
  Schedule schedule;
  unsigned preemptions = 0;
  unsigned steps = 0;
};

struct Progress {
  uint64_t executions = 0;
  double seconds = 0;
  std::size_t depth = 0;
  double share_done = 0;  ///< 0 to 1; 0 when the strategy cannot tell
};

struct SearchLimits {
  uint64_t executions_max = UINT64_MAX;
  double seconds_max = 1e18;
  /// Called about every half second.
  std::function<void(const Progress&)> on_progress;
};

struct SearchResult {
  uint64_t executions = 0;  ///< that ended: complete or with an incident
  uint64_t abandoned = 0;   ///< cut because they would only have repeated
  uint64_t incidents = 0;
  std::size_t depth_max = 0;
  double seconds = 0;
  bool complete = false;  ///< no limit cut it and the strategy is exhaustive
  bool stopped = false;   ///< by on_finding
};

enum class OnFinding : uint8_t { go_on, stop };

/// Runs `strategy` on a booted executor. The path is empty before and after.
SearchResult search(Executor& executor, Strategy& strategy, const SearchLimits& limits,
                    const std::function<OnFinding(const Finding&)>& on_finding);

/// The execution with the fewest pre-emptions, then the fewest steps, that ends in an incident for which `wanted` is
/// true; looks through bounds 0..bound_max, each within `limits`. `searched` sums up what was run.
[[nodiscard]] std::optional<Finding> find_minimal(Executor& executor, unsigned bound_max, const SearchLimits& limits,
                                                  const std::function<bool(const Finding&)>& wanted,
                                                  SearchResult* searched);

/// One execution by schedule. Sets *diverged when the schedule does not fit the program (any more).
[[nodiscard]] std::optional<Finding> replay(Executor& executor, const Schedule& schedule, Recording* recording,
                                            bool* diverged);

}  // namespace quire::explore
