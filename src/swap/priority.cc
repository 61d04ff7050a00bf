// The order in which areas are tried: by priority, and equal ones in turn.
#include "swap/areas.h"

namespace quire::swap {

// After all of its priority. Linux: include/linux/plist.h plist_add()
void SwapAreas::insert_by_priority(SwapArea& area) {
  auto* link = &first_;
  while (link->get() != nullptr && link->get()->priority_ >= area.priority_) link = &link->get()->next_;
  area.next_ = link->get();
  *link = &area;
}

void SwapAreas::remove_by_priority(SwapArea& area) {
  auto* link = &first_;
  while (link->get() != &area) link = &link->get()->next_;
  *link = area.next_.get();
}

// A slot is taken from `area`: those of the same priority come first next time. Linux: get_swap_pages(),
// plist_requeue()
void SwapAreas::requeue(SwapArea& area) {
  const SwapArea* next = area.next_;
  if (next == nullptr || next->priority_ != area.priority_) return;
  remove_by_priority(area);
  insert_by_priority(area);
}

// `area`, which goes away, had no priority of its own: those that came after it move up.
// Linux: mm/swapfile.c sys_swapoff(), least_priority
void SwapAreas::raise_priorities_below(const SwapArea& area) {
  if (area.priority_ >= 0) return;
  for (auto& other : areas_) {
    bool used = (other->flags_.load(sync::Order::relaxed) & SwapArea::kUsed) != 0;
    if (used && other->priority_ < area.priority_) ++other->priority_;
  }
  ++least_priority_;
}

}  // namespace quire::swap
