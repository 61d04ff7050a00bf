// References to a device, and look-ups that hold none.
#include <algorithm>

#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

using base::Defect;
using sync::Failure;

// Linux: mm/swapfile.c get_swap_device()
SwapArea* SwapAreas::get_swap_device(SwapEntry entry) {
  QUIRE_FUNC();
  if (entry.none()) return nullptr;
  if (entry.type().value() >= areas_.size()) sync::bug(Failure::bug, "Bad swap file entry");
  SwapArea& area = info(entry);
  if (!area.users_.try_get_live()) {
    QUIRE_POINT("device is going away", "area {}", entry.type().value());
    return nullptr;
  }
  // Acquires what swapon had set up before it made the area live. Linux: the smp_rmb() there
  if (entry.offset().value() >= area.max_.load(sync::Order::acquire)) {
    area.users_.put();
    sync::bug(Failure::bug, "Bad swap offset entry");
  }
  return &area;
}

SwapArea* SwapAreas::get_device_of_hint(SwapEntry entry) {
  if (entry.none() || entry.type().value() >= areas_.size()) return nullptr;
  SwapArea& area = info(entry);
  if (!area.users_.try_get_live()) return nullptr;
  if (entry.offset().value() < area.max_.load(sync::Order::acquire)) return &area;
  area.users_.put();
  return nullptr;
}

SwapArea* SwapAreas::get_area_of(const SwapBackend& device) {
  sync::Guard guard(swap_lock_);
  for (SwapArea* area = first_; area != nullptr; area = area->next_)
    if (area->backend_ == &device && area->users_.try_get_live()) return area;
  return nullptr;
}

// Linux: include/linux/swap.h put_swap_device()
void SwapAreas::put_swap_device(SwapArea& area) { area.users_.put(); }

// Linux: mm/swapfile.c _swap_info_get()
SwapArea* SwapAreas::swap_info_get(SwapEntry entry) {
  QUIRE_FUNC();
  if (entry.none()) return nullptr;
  if (entry.type().value() >= areas_.size()) sync::bug(Failure::bug, "Bad swap file entry");
  SwapArea& area = info(entry);
  if ((area.flags_.load(sync::Order::relaxed) & SwapArea::kUsed) == 0)
    sync::bug(Failure::bug, "Unused swap file entry");
  if (entry.offset().value() >= area.max_.load(sync::Order::relaxed)) sync::bug(Failure::bug, "Bad swap offset entry");
  if (area.swap_map(entry.offset()).free()) sync::bug(Failure::bug, "Unused swap offset entry");
  return &area;
}

// Linux: mm/swapfile.c swp_swapcount()
unsigned SwapAreas::swp_swapcount(SwapEntry entry) {
  SwapArea* area = get_swap_device(entry);
  if (area == nullptr) return 0;
  uint64_t references = 0;
  {
    sync::Guard guard(area->cluster(entry.offset()).lock);
    CountByte byte = area->swap_map(entry.offset());
    references = byte.continued() ? area->continuations().references(entry.offset(), byte) : byte.references();
  }
  put_swap_device(*area);
  return static_cast<unsigned>(references);
}

bool SwapAreas::total_swap_available() const {
  for (const auto& area : areas_) {
    if ((area->flags_.load(sync::Order::relaxed) & SwapArea::kWriteOk) == 0) continue;
    if (area->inuse_pages_.load(sync::Order::relaxed) < area->pages_.load(sync::Order::relaxed)) return true;
  }
  return false;
}

bool SwapAreas::any_slot_in_use() const {
  return std::any_of(areas_.begin(), areas_.end(), [](const sync::Box<SwapArea>& area) {
    return (area->flags_.load(sync::Order::relaxed) & SwapArea::kWriteOk) != 0 &&
           area->inuse_pages_.load(sync::Order::relaxed) != 0;
  });
}

// Linux: mm/swap.h vm_swap_full()
bool SwapAreas::swap_full() const {
  uint64_t total = 0;
  uint64_t used = 0;
  for (const auto& area : areas_) {
    if ((area->flags_.load(sync::Order::relaxed) & SwapArea::kWriteOk) == 0) continue;
    total += area->pages_.load(sync::Order::relaxed);
    used += area->inuse_pages_.load(sync::Order::relaxed);
  }
  return used * 2 > total;
}

}  // namespace quire::swap
