// Fills in what calls should give from what they were seen to give.
//
// A result that says nothing on another machine (an address, a descriptor, an amount) is left open. What a call states
// already stays where it was seen; otherwise all that was seen takes its place, as alternatives.
//
//   Blessed blessed = bless(scenario, program, rows);
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "scenario/program.h"

namespace quire::cli {

struct Blessed {
  uint64_t filled = 0;   ///< calls that stated nothing
  uint64_t changed = 0;  ///< that stated something else
  std::string trouble;   ///< why nothing was done; empty if it was
};

/// `program` is made of `scenario`. A row has results as scenario::observed_text() prints them, of the calls in the
/// order set-up, blocks, check; without the set-up where there are several blocks. An empty one was not seen.
[[nodiscard]] Blessed bless(scenario::Scenario& scenario, const scenario::Program& program,
                            const std::set<std::vector<std::string>>& rows);

}  // namespace quire::cli
