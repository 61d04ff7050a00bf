// Discard: telling a device which of its pages nobody wants any more.
//
// Of a device with SwapDiscard::once the whole area is discarded by swapon; with SwapDiscard::pages each cluster that
// has become empty: its slots are marked bad, so that nobody allocates them, and the cluster waits on the area's list
// of discards (both under si_lock). Whoever does the scheduled discards (a kernel task by do_scheduled_discards(), an
// allocation that finds no free slot, swapoff at its end) takes a cluster off the list, discards it with no lock held,
// and only then makes its slots free. So a slot that is allocated again is never discarded afterwards. Clusters with
// the header or a bad page in them are never wholly free, and not discarded. Linux: mm/swapfile.c
// swap_cluster_schedule_discard(), swap_do_scheduled_discard()
//
//   areas.swapon(device, {.discard = SwapDiscard::pages});
//   areas.do_scheduled_discards(device);
#pragma once

#include <cstdint>

namespace quire::swap {

/// Linux: SWAP_FLAG_DISCARD_ONCE, SWAP_FLAG_DISCARD_PAGES
enum class SwapDiscard : uint8_t { none, once, pages, both };

[[nodiscard]] constexpr bool discards_once(SwapDiscard d) { return d == SwapDiscard::once || d == SwapDiscard::both; }
[[nodiscard]] constexpr bool discards_pages(SwapDiscard d) { return d == SwapDiscard::pages || d == SwapDiscard::both; }

}  // namespace quire::swap
