// What the calls of a scenario may give when none overlaps with another: every order of the calls that keeps the order
// within each cpu block, one after the other on a machine without defects.
//
// What a concurrent execution gives for one page must be among that, page by page: a call about several pages is not
// one step, but each page of it is.
//
//   SerialResults serial = run_serially(scenario);
//   serial.values[3]     // of the 4th call, counted through the cpu blocks and then the check
#pragma once

#include <vector>

#include "scenario/ast.h"
#include "scenario/program.h"

namespace quire::fuzz {

/// Values that were seen, each once.
struct SeenValues {
  std::vector<scenario::Value> values;
  /// False: it was there already.
  bool add(const scenario::Value& value);
  [[nodiscard]] bool contains(const scenario::Value& value) const;
};

struct SerialResults {
  bool known = false;  ///< false: something went wrong in an order, or there are too many
  std::vector<SeenValues> values;
};

inline constexpr unsigned kOrdersMax = 40;

[[nodiscard]] SerialResults run_serially(const scenario::Scenario& scenario);

}  // namespace quire::fuzz
