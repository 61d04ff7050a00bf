// Differences between the engine and real kernels that are known and explained: the table of docs/fidelity.md.
//
// A row is `| scenario | kernels | what is seen | why |`; kernels are `all`, `6.17+` (that one and later) or `6.16-`
// (that one and earlier).
//
//   std::vector<Explanation> known = read_explanations(text);
//   if (explains(known, "vma-merge-rights", "6.18.44")) ...
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quire::oracle {

struct Explanation {
  std::string scenario;
  std::string kernels;
  std::string why;
};

[[nodiscard]] std::vector<Explanation> read_explanations(std::string_view text);
/// The one for the scenario on the kernel of that release, or nullptr.
[[nodiscard]] const Explanation* explanation_of(const std::vector<Explanation>& known, std::string_view scenario,
                                                std::string_view release);

}  // namespace quire::oracle
