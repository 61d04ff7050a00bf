// One page for a browser: what scenarios showed on real kernels beside what the engine allows. Self-contained: no
// script, nothing from elsewhere; kernels are columns, scenarios are rows, and what a file or a kernel said is escaped.
//
//   std::string page = compare_html({{"6.18.44", results}});
#pragma once

#include "cli/compared.h"

namespace quire::cli {

[[nodiscard]] std::string compare_html(const std::vector<ComparedKernel>& kernels);

/// As text of a page or of an attribute; bytes that no page may have become U+FFFD.
[[nodiscard]] std::string html_escaped(std::string_view text);

}  // namespace quire::cli
