#include "reclaim/reclaim.h"

#include "phys/gfp_scope.h"
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
Reclaim::Pageout Reclaim::pageout(LockedFolio& locked, Gfp gfp) {
  QUIRE_FUNC();
  Folio& folio = *locked;
  FolioFlag before = folio.flags();
  if (!cache::any(before & FolioFlag::dirty)) return Pageout::clean;
  // Swap is written with no file system in between. Linux: may_enter_fs()
  bool may_write = gfp.may_enter_fs() || (gfp.may_start_io() && cache::any(before & FolioFlag::swapcache));
  if (!may_write) return Pageout::keep;
  Mapping* mapping = folio.mapping();
  folio.clear(FolioFlag::dirty);
  if (cache::any(before & FolioFlag::swapcache)) {
    // Not stored: it stays where it is, active.
    if (env_.swap.swap_writepage(folio) == cache::kAopWritepageActivate) return Pageout::keep;
    (void)locked.release();
  } else if (mapping != nullptr) {
    // Whoever asked for this reclaim had a mask of its own: the file system may be waiting for the task itself.
    if (phys::current_gfp_context(gfp) != gfp)
      sync::bug(sync::Failure::bug, "reclaim enters a file system inside of a NOFS scope");
    cache::WritebackControl wbc = cache::WritebackControl::reclaim();
    Errno error = mapping->ops().writepage(*mapping, folio, wbc);
    // Still locked: it goes back to its list, as one that is active. Any other outcome has unlocked it.
    if (error == cache::kAopWritepageActivate) {
      QUIRE_ASSERT(!folio.test(FolioFlag::swapcache), "writepage gives a page back that is half in swap");
      return Pageout::keep;
    }
    (void)locked.release();
    // Nobody is here to be told; who has the file open will be. Linux: mm/vmscan.c handle_write_error()
    mapping->set_error(error);
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
  cache::Lru* lru = env_.folios.lru();
  if (folio.test(FolioFlag::swapcache)) {
    base::SwapEntry entry = folio.swap();
    if (!env_.swap.remove_mapping_from_swap_cache(folio)) return false;
    for (uint64_t i = 0; lru != nullptr && i < folio.pages().value(); ++i)
      lru->evicted(folio, cache::Lru::key(entry + PageCount(i)));
    return true;
  }
  Mapping* mapping = folio.mapping();
  int pages = static_cast<int>(folio.pages().value());
  // After MADV_FREE, and unmapped: the caller's reference is the last.
  if (mapping == nullptr && !folio.test(FolioFlag::swapbacked)) return folio.refcount() == 1;
  if (mapping == nullptr || folio.refcount() != 1 + pages) return false;
  base::FileIndex index = folio.index();
  mapping->remove_folio(folio);
  if (lru != nullptr) lru->evicted(folio, cache::Lru::key(*mapping, index));
  folio.put(pages);
  return true;
}

// Everything that has to be done under the folio lock before the folio can be freed. Linux: mm/vmscan.c
// shrink_folio_list()
bool Reclaim::prepare_to_free(LockedFolio& locked, Gfp gfp, SwapCached cached) {
  Folio& folio = *locked;
  if (folio.under_writeback()) return false;
  // Swap takes large folios whole, if it may and has room; file systems do not. An anonymous one is split below.
  bool swaps_whole = env_.thp_swap != swap::ThpSwap::off && folio.test(FolioFlag::swapbacked);
  if (folio.is_large() && !folio.test(FolioFlag::anon) && !swaps_whole && !rmap::split_folio(env_, folio)) return false;
  FolioFlag flags = folio.flags();
  bool mapped = folio.mapped();
  // Whoever has unlocked its mappings has cleared the flag, but for MREMAP_DONTUNMAP. Linux: folio_evictable()
  if (cache::any(flags & FolioFlag::mlocked)) {
    if (mapped) return false;
    folio.clear(FolioFlag::mlocked);
  }
  if (cache::any(flags & FolioFlag::anon) && !cache::any(flags & FolioFlag::swapcache)) {
    // Nobody refers to it any more: it goes with the caller's reference.
    if (!mapped) return false;
    // Linux: shrink_folio_list(), its __GFP_IO
    if (!gfp.may_start_io() && cache::any(flags & FolioFlag::swapbacked)) return false;
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
  if (pageout(locked, gfp) == Pageout::keep) return false;
  return cached == SwapCached::free;
}

// Linux: mm/vmscan.c shrink_folio_list()
Reclaim::Shrunk Reclaim::shrink_folio(FolioRef isolated, Gfp gfp, SwapCached cached) {
  QUIRE_FUNC();
  LockedFolio locked = LockedFolio::try_lock(*isolated);
  if (!locked || !prepare_to_free(locked, gfp, cached)) {
    isolated->putback_lru();
    return Shrunk::kept;
  }
  if (!remove_mapping(*isolated)) {
    isolated->putback_lru();
    return Shrunk::kept;
  }
  locked.unlock();
  QUIRE_POINT("reclaimed", "frame {}", isolated->pfn().value());
  return Shrunk::freed;
}

PageCount Reclaim::shrink_clock(Gfp gfp, PageCount wanted, Range<base::Pfn> frames) {
  auto count = static_cast<uint32_t>(frames.size().value());
  PageCount freed(0);
  for (uint32_t looked = 0; looked < count && freed < wanted; ++looked) {
    base::Pfn pfn(frames.start().value() + hand_.fetch_add(1, sync::Order::relaxed) % count);
    FolioRef folio = env_.folios.try_get(pfn);
    if (!folio || !folio->isolate_lru()) continue;
    PageCount pages = folio->pages();
    if (shrink_folio(std::move(folio), gfp, SwapCached::free) == Shrunk::freed) freed += pages;
  }
  return freed;
}

PageCount Reclaim::shrink_all(Gfp gfp, PageCount wanted) {
  QUIRE_FUNC();
  phys::Frames& frames = env_.folios.frames();
  if (env_.folios.lru() != nullptr) return shrink_lists(gfp, wanted, {0, frames.nodes()});
  PageCount freed = shrink_clock(gfp, wanted, Range<base::Pfn>::of(base::Pfn(0), frames.ram()));
  if (frames.watermarks().any() && freed != PageCount(0))
    for (unsigned node = 0; node < frames.nodes(); ++node) kswapd_.note_progress(node);
  return freed;
}

PageCount Reclaim::shrink_node(unsigned node, PageCount wanted) {
  phys::Frames& frames = env_.folios.frames();
  if (env_.folios.lru() != nullptr) return shrink_lists(Gfp::kernel(), wanted, {node, 1});
  PageCount each(frames.ram().value() / frames.nodes());
  return shrink_clock(Gfp::kernel(), wanted, Range<base::Pfn>::of(base::Pfn(0) + PageCount(each.value() * node), each));
}

// Linux: mm/vmscan.c try_to_free_pages()
PageCount Reclaim::try_to_free_pages(Gfp gfp, PageCount wanted) {
  QUIRE_FUNC();
  constexpr PageCount kClusterMax(32);  // Linux SWAP_CLUSTER_MAX
  bool small = env_.folios.frames().ram() < kClusterMax;
  return shrink_all(gfp, small || wanted > kClusterMax ? wanted : kClusterMax);
}

}  // namespace quire::reclaim
