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
  Result<CountByte> after = change(before);
  if (!after) return after.error();
  byte.store(after->byte());
  QUIRE_POINT("take reference", "swap_map[{}]: {:#04x} -> {:#04x}", entry.offset().value(), before.byte(),
              after->byte());
  return Errno::ok;
}

// Linux: mm/swapfile.c swap_duplicate(), which would add a continuation and try again on -ENOMEM
Errno SwapAreas::swap_duplicate(SwapEntry entry) {
  QUIRE_FUNC();
  return change_byte(entry, [&](CountByte byte) { return byte.plus_reference(options_.map_max); });
}

// Linux: mm/swapfile.c swap_shmem_alloc()
void SwapAreas::swap_shmem_alloc(SwapEntry entry, PageCount pages) {
  QUIRE_FUNC();
  for (uint64_t i = 0; i < pages.value(); ++i)
    if (change_byte(entry + PageCount(i), [](CountByte byte) { return byte.plus_shmem(); }) != Errno::ok)
      sync::bug(Failure::swap_count, "a slot that is not fresh was given to tmpfs");
}

// Linux: mm/swapfile.c swapcache_prepare()
Errno SwapAreas::swapcache_prepare(SwapEntry entry) {
  QUIRE_FUNC();
  return change_byte(entry, [](CountByte byte) { return byte.plus_cache(); });
}

}  // namespace quire::swap
