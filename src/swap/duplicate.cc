#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

using sync::Failure;

// Linux: mm/swapfile.c __swap_duplicate(): the change of one byte, under its cluster's lock
template <typename Change>
Errno SwapAreas::change_byte(SwapEntry entry, Change change) {
  if (entry.none() || entry.type().value() >= areas_.size()) return Errno::einval;
  SwapArea& area = info(entry);
  if (entry.offset().value() >= area.max_.load(sync::Order::relaxed)) return Errno::einval;
  sync::Guard guard(area.cluster(entry.offset()).lock);
  MapByte& byte = *area.map_from(entry.offset());
  CountByte before(byte.load());
  Result<CountByte> after = change(area, before);
  if (!after) return after.error();
  byte.store(after->byte());
  QUIRE_POINT("take reference", "swap_map[{}]: {:#04x} -> {:#04x}", entry.offset().value(), before.byte(),
              after->byte());
  return Errno::ok;
}

Result<CountByte> SwapAreas::plus_reference_locked(SwapArea& area, SwapOffset slot, CountByte byte) const {
  Result<CountByte> after = byte.plus_reference(options_.map_max);
  if (after.error() != Errno::enomem) return after;
  Errno error = area.continuations().carry(slot, byte);
  if (error != Errno::ok) return error;
  return byte.carried();
}

// Linux: mm/swapfile.c __swap_duplicate(); what its callers do about -ENOMEM depends on the locks they hold
Errno SwapAreas::swap_duplicate(SwapEntry entry) {
  QUIRE_FUNC();
  return change_byte(entry,
                     [&](SwapArea& area, CountByte byte) { return plus_reference_locked(area, entry.offset(), byte); });
}

// Linux: mm/swapfile.c add_swap_count_continuation()
ContinuationOutcome SwapAreas::add_swap_count_continuation(SwapEntry entry, phys::Gfp gfp) {
  QUIRE_FUNC();
  // First, while nothing is locked that forbids it; whether it is needed is known only later.
  Result<FolioRef> page = folios_.alloc(gfp, Order(0));
  SwapArea* area = get_swap_device(entry);
  if (area == nullptr) return ContinuationOutcome::useless;
  ContinuationOutcome outcome = ContinuationOutcome::useless;
  {
    sync::Guard area_guard(area->si_lock_);
    sync::Guard guard(area->cluster(entry.offset()).lock);
    CountByte byte = area->swap_map(entry.offset());
    if (!byte.full(options_.map_max)) {
      QUIRE_REACHED("add_swap_count_continuation: the count has moved");
    } else if (!page) {
      outcome = ContinuationOutcome::no_memory;
    } else {
      using Added = Continuations::Added;
      Added added = area->continuations().add_page(entry.offset(), byte, *page);
      if (added == Added::has_room) QUIRE_REACHED("add_swap_count_continuation: somebody else was first");
      if (added != Added::has_room)
        outcome = added == Added::taken ? ContinuationOutcome::added : ContinuationOutcome::no_memory;
    }
  }
  put_swap_device(*area);
  return outcome;
}

// Linux: mm/swapfile.c swap_shmem_alloc()
void SwapAreas::swap_shmem_alloc(SwapEntry entry, PageCount pages) {
  QUIRE_FUNC();
  for (uint64_t i = 0; i < pages.value(); ++i)
    if (change_byte(entry + PageCount(i), [](SwapArea&, CountByte byte) { return byte.plus_shmem(); }) != Errno::ok)
      sync::bug(Failure::swap_count, "a slot that is not fresh was given to tmpfs");
}

// Linux: mm/swapfile.c swapcache_prepare()
Errno SwapAreas::swapcache_prepare(SwapEntry entry) {
  QUIRE_FUNC();
  return change_byte(entry, [&](SwapArea& area, CountByte byte) -> Result<CountByte> {
    // A huge cluster is claimed as one: read_or_split_huge() comes first.
    if (huge_clusters() && area.cluster(entry.offset()).huge) return Errno::eexist;
    return byte.plus_cache();
  });
}

}  // namespace quire::swap
