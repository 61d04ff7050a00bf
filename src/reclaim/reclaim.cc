#include "reclaim/reclaim.h"

#include "rmap/migrate.h"
#include "rmap/try_to_unmap.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {
using cache::FolioFlag;
using cache::Mapping;
}  // namespace

// Writes a dirty folio. `keep`: it could not be written, or is somebody else's business by now; the lock may be gone.
// Linux: mm/vmscan.c pageout()
Reclaim::Pageout Reclaim::pageout(LockedFolio& locked) {
  QUIRE_FUNC();
  Folio& folio = *locked;
  FolioFlag before = folio.flags();
  if (!cache::any(before & FolioFlag::dirty)) return Pageout::clean;
  Mapping* mapping = folio.mapping();
  folio.clear(FolioFlag::dirty);
  if (cache::any(before & FolioFlag::swapcache)) {
    env_.swap.swap_writepage(*locked.release());
  } else if (mapping != nullptr) {
    if (mapping->ops().writepage(*mapping, folio, cache::WriteReason::reclaim) == cache::WriteOutcome::activate)
      return Pageout::keep;
    (void)locked.release();
  } else {
    return Pageout::keep;
  }
  locked = LockedFolio::try_lock(folio);
  if (!locked) return Pageout::keep;
  if (folio.test(FolioFlag::dirty) || folio.under_writeback()) return Pageout::keep;
  return Pageout::clean;
}

// The folio leaves its cache if only the cache and the caller have it. Linux: mm/vmscan.c __remove_mapping()
bool Reclaim::remove_mapping(Folio& folio) {
  QUIRE_FUNC();
  if (folio.test(FolioFlag::swapcache)) return env_.swap.remove_mapping_from_swap_cache(folio);
  Mapping* mapping = folio.mapping();
  int pages = static_cast<int>(folio.pages().value());
  // After MADV_FREE, and unmapped: the caller's reference is the last.
  if (mapping == nullptr && !folio.test(FolioFlag::swapbacked)) return folio.refcount() == 1;
  if (mapping == nullptr || folio.refcount() != 1 + pages) return false;
  mapping->remove_folio(folio);
  folio.put(pages);
  return true;
}

// Everything that has to be done under the folio lock before the folio can be freed. Linux: mm/vmscan.c
// shrink_folio_list()
bool Reclaim::prepare_to_free(LockedFolio& locked, SwapCached cached) {
  Folio& folio = *locked;
  if (folio.under_writeback()) return false;
  // Swap takes large folios whole, if it may and has room; file systems do not. An anonymous one is split below.
  bool swaps_whole = env_.thp_swap != swap::ThpSwap::off && folio.test(FolioFlag::swapbacked);
  if (folio.is_large() && !folio.test(FolioFlag::anon) && !swaps_whole && !rmap::split_folio(env_, folio)) return false;
  FolioFlag flags = folio.flags();
  bool mapped = folio.mapped();
  if (cache::any(flags & FolioFlag::mlocked)) {
    if (mapped && rmap::is_mlocked(env_, folio)) return false;
    folio.clear(FolioFlag::mlocked);
  }
  if (cache::any(flags & FolioFlag::anon) && !cache::any(flags & FolioFlag::swapcache)) {
    // Nobody refers to it any more: it goes with the caller's reference.
    if (!mapped) return false;
    bool lazily_freed = !cache::any(flags & FolioFlag::swapbacked);
    bool split_first = folio.is_large() && env_.thp_swap == swap::ThpSwap::off;
    if (!lazily_freed && (split_first || !env_.swap.add_to_swap(folio))) {
      // No room for it as a whole: its pages have their turns.
      if (folio.is_large()) (void)rmap::split_folio(env_, folio);
      return false;
    }
  }
  if (mapped) {
    rmap::try_to_unmap(env_, folio);
    if (folio.mapped()) {
      // A locked mapping: its slot is of no use. Linux: shrink_folio_list(), activate_locked
      if (folio.test(FolioFlag::mlocked) && folio.test(FolioFlag::swapcache)) (void)env_.swap.folio_free_swap(folio);
      return false;
    }
  }
  if (pageout(locked) == Pageout::keep) return false;
  return cached == SwapCached::free;
}

// Linux: mm/vmscan.c shrink_folio_list()
Reclaim::Shrunk Reclaim::shrink_folio(FolioRef isolated, SwapCached cached) {
  QUIRE_FUNC();
  LockedFolio locked = LockedFolio::try_lock(*isolated);
  if (!locked || !prepare_to_free(locked, cached)) {
    isolated->set(FolioFlag::lru);
    return Shrunk::kept;
  }
  if (!remove_mapping(*isolated)) {
    isolated->set(FolioFlag::lru);
    return Shrunk::kept;
  }
  locked.unlock();
  QUIRE_POINT("reclaimed", "frame {}", isolated->pfn().value());
  return Shrunk::freed;
}

PageCount Reclaim::shrink(PageCount wanted) {
  QUIRE_FUNC();
  auto frames = static_cast<uint32_t>(env_.folios.frames().ram().value());
  PageCount freed(0);
  for (uint32_t looked = 0; looked < frames && freed < wanted; ++looked) {
    base::Pfn pfn(hand_.fetch_add(1, sync::Order::relaxed) % frames);
    FolioRef folio = env_.folios.try_get(pfn);
    if (!folio || !folio->test_and_clear(FolioFlag::lru)) continue;
    PageCount pages = folio->pages();
    if (shrink_folio(std::move(folio), SwapCached::free) == Shrunk::freed) freed += pages;
  }
  return freed;
}

// Linux: mm/vmscan.c try_to_free_pages()
PageCount Reclaim::try_to_free_pages(phys::Gfp gfp, PageCount wanted) {
  QUIRE_FUNC();
  constexpr PageCount kClusterMax(32);  // Linux SWAP_CLUSTER_MAX
  if (!gfp.may_start_io() || !gfp.may_enter_fs()) return PageCount(0);
  bool small = env_.folios.frames().ram() < kClusterMax;
  return shrink(small || wanted > kClusterMax ? wanted : kClusterMax);
}

}  // namespace quire::reclaim
