#include "swap/discard.h"

#include <algorithm>

#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

// si_lock is held, and slots of the cluster of `freed` have just become free. Linux: mm/swapfile.c free_cluster(),
// swap_cluster_schedule_discard()
void SwapAreas::schedule_discard(SwapArea& area, SwapOffset freed) {
  if (!discards_pages(area.discard_)) return;
  if ((area.flags_.load(sync::Order::relaxed) & SwapArea::kWriteOk) == 0) return;
  auto first = area.pool_.get()->take_emptied(freed.value());
  if (!first) return;
  set_cluster_bytes(area, SwapOffset(*first), CountByte(CountByte::kBad));
  area.discards_.emplace_back(*first);
  area.discards_count_ = static_cast<uint32_t>(area.discards_.size());
  QUIRE_POINT("schedule discard", "slots from {}", *first);
}

// Every slot of a cluster that nobody has. Anything that looks at a stale entry looks under the cluster's lock.
void SwapAreas::set_cluster_bytes(SwapArea& area, SwapOffset first, CountByte byte) {
  sync::Guard guard(area.cluster(first).lock);
  MapByte* map = area.map_from(first);
  for (uint32_t i = 0; i < (1U << options_.cluster_shift); ++i) map[i].store(byte.byte());
}

// Linux: mm/swapfile.c swap_do_scheduled_discard()
DiscardOutcome SwapAreas::do_scheduled_discard(SwapArea& area) {
  QUIRE_FUNC();
  SwapOffset first(0);
  uint32_t slots = 1U << options_.cluster_shift;
  {
    sync::Guard guard(area.si_lock_);
    if (area.discards_count_ == 0) return DiscardOutcome::nothing;
    first = area.discards_.front();
    area.discards_.erase(area.discards_.begin());
    area.discards_count_ -= 1;
  }
  area.backend().discard(first, PageCount(slots));
  QUIRE_POINT("discarded", "slots from {}", first.value());
  sync::Guard guard(area.si_lock_);
  set_cluster_bytes(area, first, CountByte());
  area.pool_.get()->put(first.value(), slots);
  return DiscardOutcome::discarded;
}

// The area's lock is held, and dropped meanwhile. Whoever sees the area live may take a reference.
// Linux: mm/swapfile.c cluster_alloc_swap_entry(), where it does the discards itself
DiscardOutcome SwapAreas::discard_to_allocate(SwapArea& area) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (!discards_pages(area.discard_) || area.discards_count_ == 0) return DiscardOutcome::nothing;
  if (!area.users_.try_get_live()) return DiscardOutcome::nothing;
  area.si_lock_.unlock();
  QUIRE_REACHED("folio_alloc_swap: discards to get a free cluster");
  DiscardOutcome outcome = do_scheduled_discard(area);
  area.users_.put();
  area.si_lock_.lock();
  return outcome;
}

// Linux: mm/swapfile.c swap_discard_work()
uint64_t SwapAreas::do_scheduled_discards(const SwapBackend& device) {
  QUIRE_FUNC();
  SwapArea* area = nullptr;
  {
    sync::Guard guard(swap_lock_);
    for (auto& candidate : areas_)
      if ((candidate->flags_.load(sync::Order::relaxed) & SwapArea::kUsed) != 0 && candidate->backend_ == &device)
        area = candidate.get();
  }
  if (area == nullptr || !area->users_.try_get_live()) return 0;
  uint64_t clusters = 0;
  while (do_scheduled_discard(*area) == DiscardOutcome::discarded) ++clusters;
  area->users_.put();
  return clusters;
}

// Nobody has the area any more. Linux: mm/swapfile.c sys_swapoff(), flush_work()
void SwapAreas::flush_discards(SwapArea& area) {
  if (!discards_pages(area.discard_)) return;
  while (do_scheduled_discard(area) == DiscardOutcome::discarded) QUIRE_REACHED("swapoff: flushes discards");
}

// All but the header and bad pages. Linux: mm/swapfile.c discard_swap()
void SwapAreas::discard_swap(SwapBackend& device) {
  QUIRE_FUNC();
  sync::Vector<SwapOffset> ends(device.bad_pages().begin(), device.bad_pages().end());
  std::sort(ends.begin(), ends.end());
  ends.emplace_back(static_cast<uint32_t>(device.pages().value()));
  SwapOffset first(1);
  for (SwapOffset end : ends) {
    if (end > first) device.discard(first, end - first);
    first = std::max(first, end.next());
  }
}

}  // namespace quire::swap
