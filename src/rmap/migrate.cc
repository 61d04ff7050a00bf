#include "rmap/migrate.h"

#include "rmap/migration_entries.h"
#include "rmap/try_to_unmap.h"
#include "sync/trace.h"

namespace quire::rmap {
namespace {

using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;

/// What a folio is, wherever it is.
constexpr FolioFlag kMoving = FolioFlag::uptodate | FolioFlag::dirty | FolioFlag::referenced | FolioFlag::active |
                              FolioFlag::swapbacked | FolioFlag::anon | FolioFlag::workingset | FolioFlag::mlocked;

// Linux: mm/migrate.c folio_migrate_flags(), folio_migrate_copy()
void copy_folio(Environment& env, const Folio& from, Folio& to) {
  to.set(from.flags() & kMoving);
  for (uint64_t i = 0; i < from.pages().value(); ++i)
    env.folios.frames().copy(to.pfn() + PageCount(i), from.pfn() + PageCount(i));
}

// The target in the places of the source, if only the caller (one reference) and those places have it. Copied before,
// as nobody can write it: it is locked and not mapped. Linux: mm/migrate.c __migrate_folio(), folio_migrate_mapping()
bool move_mapping(Environment& env, Folio& from, Folio& to) {
  bool cached = from.test(FolioFlag::swapcache);
  cache::Mapping* mapping = from.mapping();
  int places = cached || mapping != nullptr ? static_cast<int>(from.pages().value()) : 0;
  if (from.refcount() != 1 + places) return false;
  copy_folio(env, from, to);
  if (mapping != nullptr) {
    if (!mapping->move_folio(from, to, 1)) return false;
  } else {
    to.set_anon(from.anon_vma(), from.index());
    if (cached && !env.swap.move_in_swap_cache(from, to, 1)) return false;
  }
  // It stays anonymous, or a file's, until it is freed: its migration entries are judged and counted by that.
  from.clear(FolioFlag::dirty);
  return true;
}

}  // namespace

MigrateOutcome migrate_folio(Environment& env, Folio& from, FolioRef to) {
  return migrate_folio(env, LockedFolio(from), std::move(to));
}

MigrateOutcome migrate_folio(Environment& env, LockedFolio locked, FolioRef to) {
  QUIRE_FUNC();
  Folio& from = *locked;
  from.wait_writeback();
  if (from.refcount() == 1) {
    QUIRE_REACHED("migrate_folio: nobody has it any more");
    return MigrateOutcome::gone;
  }
  LockedFolio to_locked(*to);
  RmapHold hold(env, from);
  Extent extent = Extent::of(from);
  if (from.mapped()) try_to_migrate(hold, from);
  bool moved = !from.mapped() && move_mapping(env, from, *to);
  if (!moved) QUIRE_REACHED("migrate_folio: somebody else has a reference");
  remove_migration_ptes(hold, extent, moved ? to->pfn() : from.pfn());
  if (!moved) return MigrateOutcome::again;
  QUIRE_POINT("migrated", "frame {} -> {}", from.pfn().value(), to->pfn().value());
  to->add_lru();
  return MigrateOutcome::moved;
}

namespace {

void split_cluster(Environment& env, base::SwapEntry entry) {
  if (env.thp_swap == swap::ThpSwap::pmd) (void)env.swap.split_swap_cluster(entry, swap::WhileCached::split);
}

// Each page gets one reference of the caller's besides those of its places.
bool split_unmapped(Environment& env, Folio& folio) {
  if (cache::Mapping* mapping = folio.mapping()) return mapping->split_folio(folio);
  if (folio.test(FolioFlag::swapcache)) {
    base::SwapEntry entry = folio.swap();
    if (!env.swap.split_in_swap_cache(folio)) return false;
    // While the pages are locked, so that nobody meets one of them in a huge cluster.
    if (!env.defects.has(base::Defect::D0_14)) split_cluster(env, entry);
    return true;
  }
  if (!folio.ref_freeze(1)) return false;
  env.folios.split(folio, 1);
  return true;
}

// A page of the swap cache that is zapped while it is locked is left there by the one who zaps: the lock is only tried.
// Linux: mm/swap_state.c free_page_and_swap_cache()
void free_if_unused(Environment& env, Folio& page) {
  if (page.mapped() || !page.test(FolioFlag::swapcache)) return;
  if (LockedFolio locked = LockedFolio::try_lock(page)) (void)env.swap.folio_free_swap(page);
}

}  // namespace

bool split_folio(Environment& env, Folio& folio) {
  QUIRE_FUNC();
  QUIRE_ASSERT(folio.is_large(), "a page cannot be split");
  bool anon = folio.test(FolioFlag::anon);
  RmapHold hold(env, folio);
  Extent extent = Extent::of(folio);
  base::SwapEntry entry = folio.swap();
  if (folio.mapped() && anon) try_to_migrate(hold, folio, HugeMapping::split);
  if (folio.mapped() && !anon) try_to_unmap(env, folio, {.mlocked = Mlocked::unmap});
  bool alone = !folio.mapped() && split_unmapped(env, folio);
  if (anon) remove_migration_ptes(hold, extent, extent.frames.start());
  if (!alone) {
    QUIRE_REACHED("split_folio: somebody else has a reference");
    return false;
  }
  // The tails were locked and referenced for the walk; one that is in no place and that nobody maps is freed here. They
  // go on a list at once, for reclaim goes on with them. Linux: lru_add_split_folio()
  for (Pfn pfn : Range<Pfn>(folio.pfn() + PageCount(1), extent.frames.limit())) {
    Folio& page = env.folios.page(pfn);
    page.putback_lru();
    page.unlock();
    free_if_unused(env, page);
    page.put();
  }
  if (env.defects.has(base::Defect::D0_14) && !entry.none()) split_cluster(env, entry);
  return true;
}

}  // namespace quire::rmap
