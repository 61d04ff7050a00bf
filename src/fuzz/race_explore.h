// The executions of a small concurrent scenario: all with few pre-emptions, then samples with more; what was found, and
// what each call gave in any of them.
//
//   RaceExplored explored = explore_races(scenario, {"D2-1"}, {});
//   if (explored.finding) print(explored.finding->incident.message);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explore/search.h"
#include "fuzz/serial.h"
#include "runner/plan.h"

namespace quire::fuzz {

/// How much is run of one scenario. Numbers of executions and no times: the same seed finds the same.
struct RaceBounds {
  unsigned preemptions = 1;
  uint64_t executions = 1'000;  ///< with up to that many pre-emptions
  uint64_t samples = 12;        ///< after that, where pre-emptions or executions were cut
};

struct RaceExplored {
  std::string error;  ///< it cannot be run, or says nothing
  bool in_setup = false;
  std::optional<explore::Finding> finding;
  uint64_t executions = 0;
  std::vector<SeenValues> values;  ///< by call: those of the cpu blocks, then those of the check
  std::vector<std::string> reached;
  runner::Plan plan;
};

[[nodiscard]] RaceExplored explore_races(const scenario::Scenario& scenario, const std::vector<std::string>& defects,
                                         const RaceBounds& bounds);

}  // namespace quire::fuzz
