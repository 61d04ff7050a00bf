// RssCounters: how many pages of each class an address space maps, and how many of its pages are in swap.
//
// I1  each counter is what a walk of the page tables would count (SEMANTICS I5) whenever no operation runs
// Changes commute, so that exploring their order is not needed. Linux: include/linux/mm.h mm_counter()
//
//   RssDeltas change;
//   change.add(RssClass::anon, -1), change.add(RssClass::swap_entries, +1);
//   space.rss.apply(change);
#pragma once

#include <array>
#include <cstdint>

#include "cache/folio.h"
#include "sync/atomic.h"

namespace quire::rmap {

using cache::RssClass;
inline constexpr unsigned kRssClasses = 4;

/// Collected under a page-table lock and applied once. Linux: mm/memory.c add_mm_rss_vec()
class RssDeltas {
 public:
  void add(RssClass c, int32_t n = 1) { by_class_[static_cast<unsigned>(c)] += n; }
  [[nodiscard]] int32_t of(unsigned c) const { return by_class_[c]; }

 private:
  std::array<int32_t, kRssClasses> by_class_ = {};
};

class RssCounters {
 public:
  void add(RssClass c, int32_t n) { counters_[static_cast<unsigned>(c)].add(n); }
  void apply(const RssDeltas& deltas) {
    for (unsigned c = 0; c < kRssClasses; ++c)
      if (deltas.of(c) != 0) counters_[c].add(deltas.of(c));
  }
  [[nodiscard]] int64_t get(RssClass c) const { return counters_[static_cast<unsigned>(c)].load(sync::Order::relaxed); }
  [[nodiscard]] int64_t peek(RssClass c) const { return counters_[static_cast<unsigned>(c)].peek(); }

 private:
  std::array<sync::Atomic<int32_t, "mm->rss">, kRssClasses> counters_;
};

}  // namespace quire::rmap
