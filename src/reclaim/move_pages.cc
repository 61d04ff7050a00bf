#include "reclaim/move_pages.h"

#include "rmap/migrate.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using base::Errno;
using base::PageCount;
using base::Pfn;
using base::Result;
using base::VirtPage;
using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;
using phys::Gfp;
using rmap::MigrateOutcome;

constexpr unsigned kTries = 3;  // Linux: NR_MAX_MIGRATE_SYNC_RETRY

}  // namespace

// Linux: mm/migrate.c add_folio_for_migration()
Result<FolioRef> Mover::isolate(mm::AddressSpace& mm, base::VirtAddr address) {
  QUIRE_FUNC();
  VirtPage page = base::page_of(address);
  env_.folios.lru_add_drain_all();
  sync::SharedGuard guard(mm.mmap_lock);
  FolioRef folio;
  bool alone = false;
  Errno error = mm.with_entry(page, [&](pgtable::Pte pte) {
    if (!pte.is_present()) return Errno::enoent;
    Folio& found = env_.folios.of(pte.pfn());
    folio = FolioRef::of(found);
    alone = found.mapcount() <= static_cast<int>(found.pages().value());
    return Errno::ok;
  });
  if (error != Errno::ok) return error;
  if (!alone) return Errno::eacces;
  if (!folio->isolate_lru()) return Errno::ebusy;
  return folio;
}

// Linux: mm/migrate.c migrate_pages_sync()
Errno Mover::move_to_node(Folio& folio, unsigned node) {
  for (unsigned i = 0; i < kTries; ++i) {
    Result<FolioRef> fresh = env_.folios.alloc_node(Gfp::user(), folio.order(), node);
    if (!fresh) return Errno::enomem;
    if (rmap::migrate_folio(env_, folio, std::move(*fresh)) != MigrateOutcome::again) return Errno::ok;
  }
  return Errno::ebusy;
}

Result<int> Mover::move_pages(mm::AddressSpace& mm, base::VirtAddr address, unsigned node) {
  QUIRE_FUNC();
  if (node >= env_.folios.frames().nodes()) return Errno::enodev;
  Result<FolioRef> isolated = isolate(mm, address);
  if (!isolated) return isolated.error();
  Folio& folio = **isolated;
  Errno error = env_.folios.frames().node_of(folio.pfn()) == node ? Errno::ok : move_to_node(folio, node);
  // Moved away, it is nobody's: the flag goes with it.
  folio.putback_lru();
  if (error != Errno::ok) return error;
  return static_cast<int>(node);
}

bool Mover::move_up(Folio& folio) {
  Result<FolioRef> fresh = env_.folios.alloc_highest(folio.pfn());
  return fresh && rmap::migrate_folio(env_, folio, std::move(*fresh)) == MigrateOutcome::moved;
}

PageCount Mover::compact() {
  QUIRE_FUNC();
  PageCount moved(0);
  env_.folios.lru_add_drain_all();
  env_.folios.frames().drain_all_pages();
  for (Pfn pfn(0); pfn.value() < env_.folios.frames().ram().value(); ++pfn) {
    FolioRef folio = env_.folios.try_get(pfn);
    // What it is may be asked when it is isolated: before that it may be on its way to somebody.
    if (!folio || !folio->isolate_lru()) continue;
    bool large = folio->is_large();
    bool done = !large && move_up(*folio);
    folio->putback_lru();
    if (large) continue;
    if (!done) break;  // nothing is free above: the scanners have met
    moved += PageCount(1);
  }
  return moved;
}

}  // namespace quire::reclaim
