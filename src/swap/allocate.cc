#include <array>

#include "phys/cpu.h"
#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

// Linux: mm/swapfile.c folio_alloc_swap(), get_swap_pages()
Result<SwapEntry> SwapAreas::folio_alloc_swap(const Folio& folio) {
  QUIRE_FUNC();
  std::array<SwapArea*, kAreasMax> candidates;
  unsigned count = 0;
  {
    sync::Guard guard(swap_lock_);
    for (SwapArea* area = first_; area != nullptr; area = area->next_) candidates[count++] = area;
    if (count > 0) requeue(*candidates[0]);
  }
  for (unsigned i = 0; i < count; ++i)
    if (auto slot = allocate_from(*candidates[i], folio.order())) return candidates[i]->entry(*slot);
  return Errno::enomem;
}

std::optional<SwapOffset> SwapAreas::allocate_from(SwapArea& area, Order order) {
  sync::Guard guard(area.si_lock_);
  do {
    // swapoff may have begun since the list was read, or while something was discarded.
    if ((area.flags_.load(sync::Order::relaxed) & SwapArea::kWriteOk) == 0) return std::nullopt;
    if (auto slot = scan_swap_map_slots(area, order)) return slot;
  } while (discard_to_allocate(area) == DiscardOutcome::discarded);
  return std::nullopt;
}

// Linux: mm/swapfile.c scan_swap_map_slots(), cluster_alloc_range(); si_lock is held
std::optional<SwapOffset> SwapAreas::scan_swap_map_slots(SwapArea& area, Order order) {
  auto taken = area.pool_.get()->take(phys::this_cpu(folios_.frames().cpus()), order);
  if (!taken) return std::nullopt;
  SwapOffset first(*taken);
  auto pages = static_cast<uint32_t>(order.pages().value());
  {
    ClusterInfo& ci = area.cluster(first);
    sync::Guard guard(ci.lock);
    if (ci.count == 0 || order.value() < ci.order) ci.order = order.value();
    ci.count += pages;
    if (huge_clusters() && pages == area.cluster_slots().value()) ci.huge = true;
    MapByte* map = area.map_from(first);
    for (uint32_t i = 0; i < pages; ++i) map[i].store(CountByte::kHasCache);
  }
  area.inuse_pages_.add(pages);
  QUIRE_POINT("allocate slot", "swap_map[{}]: 0x00 -> {:#04x}", first.value(), CountByte::kHasCache);
  return first;
}

}  // namespace quire::swap
