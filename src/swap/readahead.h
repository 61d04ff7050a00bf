// Readahead: how many neighbours of a page are worth reading from swap when a fault needs one of them.
//
// A window is a number of pages, a power of two up to 2^page_cluster. It grows with the hits, i.e. the pages of earlier
// windows that somebody looked for while they were in the swap cache (flag readahead, cleared by the look), and shrinks
// by half when there are none. Neighbours are either slots (SwapReadahead, one per machine) or virtual pages
// (VmaWindow, one per mapping, mm/swap_readahead.cc). Both are hints: every field is atomic and may be stale; what is
// read wrongly is freed again by reclaim. Linux: mm/swap_state.c swapin_nr_pages(), swap_vma_ra_win()
//
//   ReadaheadWindow window = areas.readahead().next(entry.offset());
#pragma once

#include <cstdint>

#include "base/types.h"
#include "sync/atomic.h"

namespace quire::swap {

using base::PageCount;
using base::SwapOffset;

struct ReadaheadOptions {
  unsigned page_cluster = 0;  ///< vm.page-cluster: a window is at most 2^n pages; 0: nothing is read ahead
  enum class By : uint8_t { slot, address } by = By::address;  ///< which neighbours. Linux: vma_ra_enabled
};

/// What becomes of a page that is in swap as a part of a huge page: all of that is read, or none.
enum class HugeNeighbour : uint8_t { read, leave };

/// What the last window was and what became of it.
struct ReadaheadHistory {
  uint64_t previous = 0;  ///< the slot, or the page, of the last fault
  uint32_t pages = 0;     ///< of the last window
  uint32_t hits = 0;      ///< since then
};

/// Pages of the next window, 1 to `most` (a power of two): 1 if nothing was hit and `at` is no neighbour of the last
/// fault, but never less than half of the last window. Linux: mm/swap_state.c __swapin_nr_pages()
[[nodiscard]] uint32_t next_readahead(const ReadaheadHistory& history, uint64_t at, uint32_t most);

/// The window of one mapping, as one word. Linux: vma->swap_readahead_info
class VmaWindow {
 public:
  /// The pages around `page` to read: how many, and how many of them before it.
  struct Around {
    uint32_t pages;
    uint32_t before;
  };
  /// The window for a fault at `page` (a page number), which becomes the last fault. Linux: swap_vma_ra_win()
  [[nodiscard]] Around next(uint64_t page, uint32_t most);
  /// Somebody looked at `page`, which was read ahead.
  void note_hit(uint64_t page);

 private:
  static constexpr uint32_t kHitsMax = 63;
  static constexpr uint32_t kFirstHits = 4;  ///< a mapping's first window is not the smallest
  [[nodiscard]] ReadaheadHistory history() const;
  void remember(const ReadaheadHistory& history);

  /// page << 12 | pages << 6 | hits; 0: no fault yet.
  sync::Atomic<uint64_t, "vma->swap_readahead_info"> info_{0};
};

/// The windows of slots.
class SwapReadahead {
 public:
  explicit SwapReadahead(const ReadaheadOptions& options) : options_(options) {}

  [[nodiscard]] bool enabled() const { return options_.page_cluster != 0; }
  [[nodiscard]] ReadaheadOptions::By by() const { return options_.by; }
  /// Pages of the greatest window.
  [[nodiscard]] uint32_t most() const { return 1U << options_.page_cluster; }
  /// The pages of the window for a fault on `slot`: it is an aligned block around the slot. Linux: swapin_nr_pages()
  [[nodiscard]] uint32_t next(SwapOffset slot);

  void note_read() { read_.add(1, sync::Order::relaxed); }
  void note_hit() {
    hits_.add(1, sync::Order::relaxed);
    hit_.add(1, sync::Order::relaxed);
  }
  /// Pages that were read ahead, and those of them that somebody looked for. Linux: /proc/vmstat swap_ra, swap_ra_hit
  [[nodiscard]] PageCount pages_read() const { return PageCount(read_.load(sync::Order::relaxed)); }
  [[nodiscard]] PageCount pages_hit() const { return PageCount(hit_.load(sync::Order::relaxed)); }

 private:
  const ReadaheadOptions options_;
  sync::Atomic<uint32_t, "swapin_readahead_hits"> hits_{4};
  sync::Atomic<uint32_t, "prev_offset"> previous_{0};
  sync::Atomic<uint32_t, "last_readahead_pages"> last_pages_{0};
  sync::Atomic<uint64_t, "swap_ra"> read_{0};
  sync::Atomic<uint64_t, "swap_ra_hit"> hit_{0};
};

}  // namespace quire::swap
