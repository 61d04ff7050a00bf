// Slots for a hibernation image, and what must not become free while one is written.
#include "phys/cpu.h"
#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

// Linux: mm/swapfile.c get_swap_page_of_type()
Result<SwapEntry> SwapAreas::alloc_image_slot(SwapArea& area) {
  QUIRE_FUNC();
  sync::Guard guard(area.si_lock_);
  if ((area.flags_.load(sync::Order::relaxed) & SwapArea::kWriteOk) == 0) return Errno::enospc;
  auto slot = scan_swap_map_slots(area, Order(0));
  if (!slot) return Errno::enospc;
  return area.entry(*slot);
}

// Linux: kernel/power/swap.c free_all_swap_pages()
void SwapAreas::free_image_slot(SwapArea& area, SwapEntry entry) {
  QUIRE_FUNC();
  sync::Guard guard(area.si_lock_);
  swap_entry_range_free(area, entry, PageCount(1));
}

void SwapAreas::suspend_storage() { storage_suspended_.add(1); }
void SwapAreas::resume_storage() { storage_suspended_.sub(1); }

}  // namespace quire::swap
