// One page for a browser: what scenarios showed on real kernels beside what the engine allows. Self-contained: no
// script, nothing from elsewhere; kernels are columns, scenarios are rows, and what a file or a kernel said is escaped.
//
//   std::string page = compare_html({{"6.18.44", results}});
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

[[nodiscard]] std::string compare_html(const std::vector<ComparedKernel>& kernels);

/// As text of a page or of an attribute; bytes that no page may have become U+FFFD.
[[nodiscard]] std::string html_escaped(std::string_view text);

}  // namespace quire::cli
