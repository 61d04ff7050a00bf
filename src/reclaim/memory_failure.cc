#include "reclaim/memory_failure.h"

#include "rmap/migrate.h"
#include "rmap/mkclean.h"
#include "rmap/rmap_walk.h"
#include "rmap/try_to_unmap.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using base::Errno;
using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using rmap::MappedSpace;
using rmap::UnmapPoison;

}  // namespace

// Whether nothing maps it any more. Linux: mm/memory-failure.c hwpoison_user_mappings(), collect_procs()
bool MemoryFailure::hwpoison_user_mappings(Folio& folio, sync::Vector<const MappedSpace*>& victims) {
  QUIRE_FUNC();
  if (!folio.mapped()) return true;
  cache::Mapping* mapping = folio.mapping();
  auto poison = UnmapPoison::mark;
  // In the swap cache its swap entries lead to it, and it is marked there.
  if (folio.test(FolioFlag::swapcache)) poison = UnmapPoison::as_others;
  if (mapping != nullptr && mapping->ops().can_writeback()) {
    if (rmap::folio_mkclean(env_, folio)) folio.set(FolioFlag::dirty);
    if (!folio.test(FolioFlag::dirty)) poison = UnmapPoison::as_others;
  }
  rmap::RmapHold(env_, folio).walk([&](rmap::MappedRange& range) {
    rmap::Walk found = rmap::for_each_mapping(
        range, rmap::Extent::of(folio), [](rmap::LeafTable&, base::VirtPage) { return rmap::Walk::go_on; },
        [](rmap::LockedPageTable&, base::VirtPage, rmap::Pte) { return rmap::Walk::stop; });
    if (found == rmap::Walk::stop) victims.push_back(&range.space());
    return rmap::Walk::go_on;
  });
  rmap::try_to_unmap(env_, folio, {poison, rmap::Mlocked::unmap});
  return !folio.mapped();
}

// Linux: mm/memory-failure.c identify_page_state(), me_swapcache_dirty(), me_swapcache_clean(), me_pagecache_clean()
void MemoryFailure::identify_page_state(Folio& folio) {
  if (folio.test(FolioFlag::swapcache)) {
    // What the slot has is good if the page was written there; if not, whoever swaps in is told.
    if (!folio.test(FolioFlag::dirty))
      env_.swap.delete_from_swap_cache(folio);
    else
      folio.clear(FolioFlag::dirty | FolioFlag::uptodate);
    return;
  }
  cache::Mapping* mapping = folio.mapping();
  if (mapping == nullptr) return;
  // What was written is lost: whoever asks is told. Linux: mm/memory-failure.c me_pagecache_dirty()
  if (folio.test(FolioFlag::dirty)) mapping->set_error(Errno::eio);
  (void)mapping->ops().error_remove_folio(*mapping, folio);
}

// The folio of exactly the page, with a reference; empty: it is part of a large one that is in use, or free by now.
// Linux: mm/memory-failure.c try_to_split_thp_page()
FolioRef MemoryFailure::split_off(FolioRef folio, base::Pfn pfn) {
  bool isolated = folio->isolate_lru();
  bool whole = false;
  {
    LockedFolio locked(*folio);
    whole = locked->is_large() && !rmap::split_folio(env_, *locked);
  }
  if (!whole && folio->pfn() == pfn) return folio;
  if (isolated) folio->putback_lru();
  if (whole) return {};
  return env_.folios.try_get(pfn);
}

Errno MemoryFailure::memory_failure(FolioRef folio, base::Pfn pfn, sync::Vector<const MappedSpace*>& victims) {
  QUIRE_FUNC();
  env_.folios.lru_add_drain_all();
  FolioRef own = split_off(std::move(folio), pfn);
  if (!own) return Errno::ebusy;
  Folio& page = *own;
  if (page.test_and_set(FolioFlag::hwpoison)) return Errno::ehwpoison;
  (void)own.release();  // never dropped again
  (void)page.isolate_lru();
  LockedFolio locked(page);
  page.wait_writeback();
  bool unmapped = hwpoison_user_mappings(page, victims);
  if (unmapped) identify_page_state(page);
  QUIRE_POINT("memory failure", "frame {}", pfn.value());
  return unmapped ? Errno::ok : Errno::ebusy;
}

}  // namespace quire::reclaim
