// The usage of an operation, taken apart: "madvise(RANGE[, LENGTH], ADVICE)" takes RANGE, perhaps LENGTH, then ADVICE.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quire::fuzz {

struct UsageOperand {
  std::vector<std::string> alternatives;  ///< "ADDRESS", "fill(BYTE, LENGTH)", "1"
  bool optional = false;
};

struct Usage {
  std::vector<UsageOperand> operands;
  std::vector<std::string> members;  ///< "anon" of rss(PROCESS).anon
};

[[nodiscard]] Usage take_apart(std::string_view usage);

}  // namespace quire::fuzz
