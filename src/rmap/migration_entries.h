// Migration entries: what stands in a page table while a folio is being moved.
//
// try_to_migrate() turns every entry of a folio (locked, and locked until the end) into a migration entry, which keeps
// the class in the RSS counters but is no mapping and no reference; whoever faults on it waits for the folio's lock.
// remove_migration_ptes() turns what is left of them into entries of the new folio (or the old, if the move failed);
// those zapped meanwhile stay zapped.
//   I1  a migration entry names a folio that is locked, in use, and not freed before the entry is gone
//   I2  an entry is found from the folio's ranges, parent before child: what fork copies behind a walk is not missed
// Locks: see rmap_walk.h. Sleeps. Linux: mm/rmap.c try_to_migrate(), mm/migrate.c remove_migration_ptes()
//
//   RmapHold hold(env, *old);
//   Extent extent = Extent::of(*old);
//   try_to_migrate(hold, *old);
//   if (!old->mapped()) ... copy ...
//   remove_migration_ptes(hold, extent, fresh->pfn());
#pragma once

#include "rmap/rmap_walk.h"

namespace quire::rmap {

/// What becomes of a huge mapping.
enum class HugeMapping : uint8_t { whole, split };

void try_to_migrate(RmapHold& hold, Folio& folio, HugeMapping huge = HugeMapping::whole);
/// Entries of the i-th frame of `from` become entries of frame `to` + i, whose folio is locked and has a reference of
/// the caller's: the new place, the same place, or, after a split, what the same frames belong to now.
void remove_migration_ptes(RmapHold& hold, const Extent& from, Pfn to);

}  // namespace quire::rmap
