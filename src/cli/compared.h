// What came of scenarios on real kernels, and what it is called.
//
//   ComparedCell cell{file, line, name, {}, {}, differences, allowed, 0};
//   judge(cell, answer, known, "6.18.44");      // cell.result: agrees, differs, explained
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/fidelity.h"
#include "oracle/messages.h"

namespace quire::cli {

/// What came of one scenario on one kernel.
struct ComparedCell {
  std::string file;
  int line = 0;
  std::string name;
  std::string result;                    ///< agrees, differs, explained, skipped
  std::string reason;                    ///< why it is explained or skipped
  std::vector<std::string> differences;  ///< a line each
  std::size_t allowed = 0;               ///< outcomes
  std::size_t seen = 0;                  ///< of those, or others
};

struct ComparedKernel {
  std::string name;
  std::vector<ComparedCell> cells;  ///< in any order; a scenario that has none was not played there
};

/// Says what `answer` is called, with the differences that are noted in `cell` already. A kernel that has died or
/// complained differs, whatever is known of the scenario.
void judge(ComparedCell& cell, const oracle::Answer& answer, const std::vector<oracle::Explanation>& known,
           std::string_view release);

}  // namespace quire::cli
