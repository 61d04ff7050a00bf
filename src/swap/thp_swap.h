// What becomes of a huge page that is to be swapped out.
//
// The three ages of Linux: a huge page is split first; its slots are a cluster, and page tables get an entry for each
// page (4.13, and still so in 6.18); or the page table keeps one entry, a PMD, until it is read back as one (the series
// of 2018, never merged). docs/thp-swap.md
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quire::swap {

enum class ThpSwap : uint8_t {
  pmd,  ///< written as one, mapped by a PMD swap entry, read as one
  pte,  ///< written as one, mapped by PTEs, read page by page. Linux: CONFIG_THP_SWAP
  off,  ///< split first
};

/// `pmd`, `pte`, `off`.
[[nodiscard]] constexpr std::optional<ThpSwap> thp_swap(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"pmd", "pte", "off"};
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<ThpSwap>(i);
  return std::nullopt;
}

}  // namespace quire::swap
