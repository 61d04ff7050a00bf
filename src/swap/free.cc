#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

using base::Defect;
using sync::Failure;

Result<CountByte> SwapAreas::minus_reference_locked(SwapArea& area, SwapOffset slot, CountByte byte) const {
  if (!byte.must_borrow()) return byte.minus_reference();
  return byte.borrowed(options_.map_max, area.continuations().borrow(slot));
}

// Linux: mm/swapfile.c __swap_entry_free_locked(); the cluster's lock is held.
// What is left; if nothing is, the byte says HAS_CACHE until the slot is really free, so that nobody allocates it
// meanwhile.
CountByte SwapAreas::swap_entry_free_locked(SwapArea& area, SwapOffset slot, Drop drop) {
  MapByte& byte = *area.map_from(slot);
  CountByte before(byte.load());
  Result<CountByte> after = drop == Drop::cache ? before.minus_cache() : minus_reference_locked(area, slot, before);
  if (!after) sync::bug(Failure::swap_count, "swap count underflow");
  CountByte stored = after->free() ? CountByte(CountByte::kHasCache) : *after;
  byte.store(stored.byte());
  QUIRE_POINT("put reference", "swap_map[{}]: {:#04x} -> {:#04x}", slot.value(), before.byte(), stored.byte());
  return *after;
}

// Linux: mm/swapfile.c __swap_entry_free()
CountByte SwapAreas::swap_entry_free(SwapArea& area, SwapEntry entry) {
  QUIRE_FUNC();
  CountByte left;
  {
    sync::Guard guard(area.cluster(entry.offset()).lock);
    left = swap_entry_free_locked(area, entry.offset(), Drop::reference);
    QUIRE_ASSERT(!left.free() || !huge_clusters() || !area.cluster(entry.offset()).huge,
                 "a slot of a huge cluster is freed alone");
  }
  if (left.free()) free_swap_slot(entry);
  return left;
}

// Linux: mm/swap_slots.c free_swap_slot()
void SwapAreas::free_swap_slot(SwapEntry entry) {
  QUIRE_FUNC();
  if (slot_cache_.in_use()) {
    SlotCache::Batch batch;
    if (slot_cache_.park(entry, batch) == SlotCache::Parking::parked) {
      QUIRE_POINT("park slot", "slot {}", entry.offset().value());
      return swapcache_free_entries(batch.span());
    }
  }
  swapcache_free_entries({&entry, 1});
}

// Linux: mm/swapfile.c swapcache_free_entries()
void SwapAreas::swapcache_free_entries(std::span<const SwapEntry> entries) {
  for (SwapEntry entry : entries) {
    SwapArea& area = info(entry);
    sync::Guard guard(area.si_lock_);
    swap_entry_range_free(area, entry, PageCount(1));
  }
}

// Linux: mm/swapfile.c swap_entry_range_free(), swap_range_free(); si_lock is held
void SwapAreas::swap_entry_range_free(SwapArea& area, SwapEntry entry, PageCount pages) {
  auto count = static_cast<uint32_t>(pages.value());
  area.backend().slots_freed(entry.offset(), pages);
  {
    ClusterInfo& ci = area.cluster(entry.offset());
    sync::Guard guard(ci.lock);
    MapByte* map = area.map_from(entry.offset());
    for (uint32_t i = 0; i < count; ++i) {
      uint8_t before = map[i].exchange(0);
      QUIRE_ASSERT(before == CountByte::kHasCache || before == CountByte::kBad, "a slot with references was freed");
    }
    ci.count -= count;
  }
  area.pool_.get()->put(entry.offset().value(), count);
  QUIRE_POINT("free slot", "swap_map[{}]: {:#04x} -> 0x00", entry.offset().value(), CountByte::kHasCache);
  schedule_discard(area, entry.offset());
  // Last: swapoff may go on as soon as this is 0.
  area.inuse_pages_.sub(count, sync::Order::release);
}

// Linux: mm/swapfile.c swap_free()
void SwapAreas::swap_free(SwapEntry entry) {
  QUIRE_FUNC();
  (void)swap_entry_free(info(entry), entry);
}

// Linux: mm/swapfile.c free_swap_and_cache()
FreeOutcome SwapAreas::free_swap_and_cache(SwapEntry entry, FreeCaller caller) {
  QUIRE_FUNC();
  bool takes_reference = !defects_.has(caller == FreeCaller::tmpfs ? Defect::D2_1 : Defect::D2_3);
  SwapArea* area = takes_reference ? get_swap_device(entry) : swap_info_get(entry);
  if (area == nullptr) return FreeOutcome::no_device;
  if (takes_reference && !defects_.has(Defect::D2_10) && area->swap_map(entry.offset()).free()) {
    put_swap_device(*area);
    sync::bug(Failure::bug, "Unused swap offset entry");
  }
  CountByte left = swap_entry_free(*area, entry);
  if (takes_reference && caller == FreeCaller::page_table && defects_.has(Defect::D2_2)) {
    put_swap_device(*area);
    takes_reference = false;
  }
  // From here on the slot may be another's: whoever finds its byte without a count may free it, and then the device.
  if (left.cache_only() && !swap_page_trans_huge_swapped(*area, entry)) try_to_reclaim_swap(*area, entry);
  if (takes_reference) put_swap_device(*area);
  return FreeOutcome::freed;
}

// Linux: mm/swapfile.c swap_page_trans_huge_swapped()
bool SwapAreas::swap_page_trans_huge_swapped(SwapArea& area, SwapEntry entry) {
  QUIRE_FUNC();
  ClusterInfo& ci = area.cluster(entry.offset());
  sync::Guard guard(ci.lock);
  PageCount pages = Order(ci.order).pages();
  return any_referenced_locked(area, entry.offset().align_down(pages), pages);
}

bool SwapAreas::any_referenced_locked(const SwapArea& area, SwapOffset first, PageCount pages) {
  const MapByte* map = area.map_from(first);
  for (uint64_t i = 0; i < pages.value(); ++i)
    if (CountByte(map[i].load()).references() != 0) return true;
  return false;
}

// Linux: mm/swapfile.c __try_to_reclaim_swap(), as free_swap_and_cache() calls it
void SwapAreas::try_to_reclaim_swap(SwapArea& area, SwapEntry entry) {
  QUIRE_FUNC();
  FolioRef folio = area.swap_cache_.load(sync::Order::relaxed)->get_folio(entry.offset());
  if (!folio) return;
  // Only a try: the caller may hold a page-table lock, and who holds the folio lock may be waiting for that.
  LockedFolio locked = defects_.has(Defect::D2_11) ? LockedFolio(*folio) : LockedFolio::try_lock(*folio);
  if (!locked) {
    QUIRE_POINT("folio is locked", "left in the swap cache at slot {}", entry.offset().value());
    return;
  }
  if (!folio->mapped() || swap_full()) (void)folio_free_swap(*folio);
}

// Linux: mm/swapfile.c folio_swapped()
bool SwapAreas::folio_swapped(Folio& folio) {
  SwapEntry entry = folio.swap();
  SwapArea& area = info(entry);
  if (folio.is_large()) {
    sync::Guard guard(area.cluster(entry.offset()).lock);
    return any_referenced_locked(area, entry.offset(), folio.pages());
  }
  return area.swap_map(entry.offset()).references() != 0;
}

// Linux: mm/swapfile.c folio_free_swap()
bool SwapAreas::folio_free_swap(Folio& folio) {
  QUIRE_FUNC();
  if (!folio.test(FolioFlag::swapcache)) return false;
  if (folio.under_writeback()) return false;
  if (folio_swapped(folio)) return false;
  // Slots that become free go to the image, which may have recorded that the page can be read from there.
  if (storage_suspended_.load(sync::Order::relaxed) != 0 && !defects_.has(Defect::D2_12)) return false;
  delete_from_swap_cache(folio);
  folio.set(FolioFlag::dirty);
  return true;
}

// Linux: mm/swapfile.c put_swap_folio()
void SwapAreas::put_swap_folio(const Folio& folio, SwapEntry entry) {
  QUIRE_FUNC();
  put_cache_bits(info(entry), entry, folio.pages());
}

// Linux: mm/swapfile.c swapcache_clear()
void SwapAreas::swapcache_clear(SwapArea& area, SwapEntry entry) {
  QUIRE_FUNC();
  put_cache_bits(area, entry, PageCount(1));
}

void SwapAreas::put_cache_bits(SwapArea& area, SwapEntry entry, PageCount pages) {
  if (huge_clusters() && pages == area.cluster_slots() && put_huge_cache_bits(area, entry, pages)) return;
  if (pages > PageCount(1) && all_cache_only(area, entry, pages)) {
    // Nobody refers to the slots and the cache bits are this task's, so nothing can change them meanwhile.
    sync::Guard guard(area.si_lock_);
    return swap_entry_range_free(area, entry, pages);
  }
  for (uint64_t i = 0; i < pages.value(); ++i) {
    SwapEntry slot = entry + PageCount(i);
    bool nothing_left = false;
    {
      sync::Guard guard(area.cluster(slot.offset()).lock);
      QUIRE_ASSERT(!huge_clusters() || !area.cluster(slot.offset()).huge,
                   "a slot of a huge cluster leaves the swap cache alone");
      nothing_left = swap_entry_free_locked(area, slot.offset(), Drop::cache).free();
    }
    if (nothing_left) free_swap_slot(slot);
  }
}

// Linux: mm/swapfile.c swap_is_last_map()
bool SwapAreas::all_cache_only(SwapArea& area, SwapEntry entry, PageCount pages) {
  sync::Guard guard(area.cluster(entry.offset()).lock);
  const MapByte* map = area.map_from(entry.offset());
  for (uint64_t i = 0; i < pages.value(); ++i)
    if (!CountByte(map[i].load()).cache_only()) return false;
  return true;
}

}  // namespace quire::swap
