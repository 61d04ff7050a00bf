// The parts of swapoff that are an area's own; the walk over what uses it is reclaim's.
#include <utility>

#include "swap/areas.h"
#include "sync/rcu.h"
#include "sync/trace.h"

namespace quire::swap {

using base::Defect;

// Linux: mm/swapfile.c sys_swapoff(), its first half
Result<SwapArea*> SwapAreas::start_swapoff(const SwapBackend& device) {
  QUIRE_FUNC();
  sync::Guard guard(swap_lock_);
  SwapArea* area = first_;
  while (area != nullptr && area->backend_ != &device) area = area->next_;
  if (area == nullptr) return Errno::einval;
  if (!fits_elsewhere(*area)) return Errno::enomem;
  remove_by_priority(*area);
  sync::Guard area_guard(area->si_lock_);
  area->flags_.store(SwapArea::kUsed);
  QUIRE_POINT("no new slots", "WRITEOK cleared");
  return area;
}

// Step 3. Of a small area it is known without looking at who uses it.
// Linux: mm/util.c __vm_enough_memory(), as sys_swapoff() asks
bool SwapAreas::fits_elsewhere(const SwapArea& area) const {
  uint64_t room = folios_.frames().ram().value();
  if (area.pages_.load(sync::Order::relaxed) <= room) return true;
  for (const auto& other : areas_) {
    if (other.get() == &area || (other->flags_.load(sync::Order::relaxed) & SwapArea::kWriteOk) == 0) continue;
    room += other->pages_.load(sync::Order::relaxed) - other->inuse_pages_.load(sync::Order::relaxed);
  }
  return area.inuse_pages().value() <= room;
}

// Linux: mm/swap_slots.c disable_swap_slots_cache_lock()
void SwapAreas::disable_slot_cache() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (!slot_cache_.in_use() || defects_.has(Defect::D2_7)) return;
  slot_cache_.disable();
  for (unsigned cpu = 0; cpu < slot_cache_.cpus(); ++cpu) {
    SlotCache::Batch batch;
    slot_cache_.drain(cpu, batch);
    swapcache_free_entries(batch.span());
  }
}

void SwapAreas::reenable_slot_cache() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (!slot_cache_.in_use() || defects_.has(Defect::D2_7)) return;
  slot_cache_.enable();
}

// Linux: mm/swapfile.c find_next_to_unuse()
std::optional<SwapOffset> SwapAreas::find_next_to_unuse(SwapArea& area, SwapOffset previous) const {
  QUIRE_FUNC();
  // Only swapoff itself changes max while the area is being turned off.
  SwapOffset max(area.max_.load(sync::Order::relaxed));
  for (SwapOffset slot = previous.next(); slot < max; ++slot) {
    CountByte byte = area.swap_map(slot);
    if (!byte.free() && !byte.bad()) return slot;
  }
  return std::nullopt;
}

void SwapAreas::kill_users_and_wait(SwapArea& area) {
  QUIRE_FUNC();
  // I4. Who has freed the last slot may still be about to say so: a slot on its way to free looks bad meanwhile.
  if (area.inuse_pages_.load() != 0)
    sync::bug(sync::Failure::swap_count, "I4: swapoff goes on while slots of the area are in use");
  QUIRE_POINT("kill users");
  area.users_.kill();
  if (defects_.has(Defect::D2_4)) return;
  // For those who hold no reference but are in an RCU reader since before the kill: page-table lock holders.
  sync::synchronize_rcu();
  QUIRE_POINT("grace period over");
  area.users_gone_.wait_for_completion();
  QUIRE_POINT("no device reference left");
}

void SwapAreas::free_maps(SwapArea& area) {
  QUIRE_FUNC();
  flush_discards(area);
  SwapArea::Maps maps;
  {
    sync::Guard guard(swap_lock_);
    sync::Guard area_guard(area.si_lock_);
    maps = area.detach_maps();
  }
  QUIRE_POINT("free swap_map and cluster_info");
  area.free_maps(std::move(maps));
  sync::Guard guard(swap_lock_);
  raise_priorities_below(area);
  area.flags_.store(0);
}

}  // namespace quire::swap
