#include "swap/areas.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::swap {

// Linux: mm/swap_state.c add_to_swap()
bool SwapAreas::add_to_swap(Folio& folio) {
  QUIRE_FUNC();
  QUIRE_ASSERT(!folio.test(FolioFlag::swapcache), "a folio was added to the swap cache twice");
  Result<SwapEntry> entry = folio_alloc_swap(folio);
  if (!entry) return false;
  swap_cache(*entry).add(folio, *entry);
  // Its only up-to-date copy is here until it is written.
  folio.set(FolioFlag::dirty);
  return true;
}

// Linux: mm/swap_state.c delete_from_swap_cache()
void SwapAreas::delete_from_swap_cache(Folio& folio) {
  QUIRE_FUNC();
  SwapEntry entry = folio.swap();
  swap_cache(entry).remove(folio);
  put_swap_folio(folio, entry);
  folio.put(static_cast<int>(folio.pages().value()));
}

bool SwapAreas::remove_mapping_from_swap_cache(Folio& folio) {
  QUIRE_FUNC();
  SwapEntry entry = folio.swap();
  if (!swap_cache(entry).try_remove(folio, 1)) return false;
  put_swap_folio(folio, entry);
  return true;
}

bool SwapAreas::move_in_swap_cache(Folio& from, Folio& to, int references) {
  using cache::SwapCache;
  auto words = defects_.has(base::Defect::D2_13) ? SwapCache::Words::head : SwapCache::Words::all;
  return swap_cache(from.swap()).move(from, to, references, words);
}

// Linux: mm/swap_state.c swap_cache_get_folio()
FolioRef SwapAreas::swap_cache_get_folio(SwapEntry entry) { return swap_cache(entry).get_folio(entry.offset()); }

// Linux: mm/swap_state.c __read_swap_cache_async(), read_swap_cache_async()
Result<FolioRef> SwapAreas::read_swap_cache_async(SwapEntry entry, phys::Gfp gfp) {
  QUIRE_FUNC();
  SwapArea* area = get_swap_device(entry);
  if (area == nullptr) return FolioRef();
  Result<FolioRef> folio = swap_cache_get_or_read(*area, entry, gfp);
  put_swap_device(*area);
  return folio;
}

// The slot's HAS_CACHE is the caller's.
void SwapAreas::read_into_swap_cache(Folio& folio, SwapEntry entry, FolioFlag flags) {
  folio.init_flags(flags);
  folio.lock();
  swap_cache(entry).add(folio, entry);
  swap_read_folio(folio, entry);
}

Result<FolioRef> SwapAreas::swap_cache_get_or_read(SwapArea& area, SwapEntry entry, phys::Gfp gfp) {
  cache::SwapCache& cached = swap_cache(entry);
  Result<FolioRef> fresh = FolioRef();  // made once, kept while waiting
  for (;;) {
    if (FolioRef folio = cached.get_folio(entry.offset())) return folio;
    // Not worth a page if nobody refers to the slot any more. A parked slot would keep its cache bit for as long as it
    // is parked; but while swapoff has parking disabled a slot whose folio is about to be cached must not be passed
    // over.
    CountByte byte = area.swap_map(entry.offset());
    if (byte.free() || (byte.references() == 0 && slot_cache_.enabled())) return FolioRef();
    if (in_huge_cluster(entry)) {
      if (read_or_split_huge(entry, gfp) == Errno::eexist) sync::retry_point("split_swap_cluster");
      continue;
    }
    if (!*fresh) fresh = folios_.alloc(gfp, Order(0));
    if (!fresh) return fresh;
    Errno error = swapcache_prepare(entry);
    if (error == Errno::ok) {
      read_into_swap_cache(**fresh, entry, FolioFlag::swapbacked);
      return fresh;
    }
    if (error != Errno::eexist) return FolioRef();
    // Somebody has the cache bit and is about to put a folio there, or has just taken one away.
    sync::retry_point("swapcache_prepare");
  }
}

}  // namespace quire::swap
