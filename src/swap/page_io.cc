#include "cache/writeback_control.h"
#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

// The pages of a folio follow each other in memory.
std::span<std::byte> SwapAreas::contents(const Folio& folio) const {
  std::span<std::byte> page = folios_.frames().payload(folio.pfn());
  return {page.data(), page.size() * folio.pages().value()};
}

// Linux: mm/page_io.c swap_writepage()
Errno SwapAreas::swap_writepage(Folio& folio) {
  QUIRE_FUNC();
  if (folio_free_swap(folio)) {
    folio.unlock();
    return Errno::ok;
  }
  SwapEntry entry = folio.swap();
  if (sync::should_fail("zswap_store", info(entry).backend().name())) {
    QUIRE_POINT("not stored", "slot {}", entry.offset().value());
    folio.set(FolioFlag::dirty);
    return cache::kAopWritepageActivate;
  }
  folio.start_writeback();
  folio.unlock();
  Errno error = info(entry).backend().write_pages(entry.offset(), folio.pages(), contents(folio));
  if (error != Errno::ok) {
    QUIRE_POINT("write error", "slot {}", entry.offset().value());
    folio.set(FolioFlag::dirty);
    folio.clear(FolioFlag::reclaim);
  }
  folio.end_writeback();
  return Errno::ok;
}

Errno SwapAreas::read_contents(Folio& folio, SwapEntry entry) {
  Errno error = info(entry).backend().read_pages(entry.offset(), folio.pages(), contents(folio));
  if (error != Errno::ok) QUIRE_POINT("read error", "slot {}", entry.offset().value());
  return error;
}

void SwapAreas::swap_read_locked_folio(Folio& folio, SwapEntry entry) {
  if (read_contents(folio, entry) == Errno::ok) folio.set(FolioFlag::uptodate);
}

// Nobody may ever map it, so it is from now on that reclaim has to find it. Linux: mm/page_io.c swap_read_folio(),
// end_swap_bio_read(); mm/swap_state.c __read_swap_cache_async(), its folio_add_lru()
void SwapAreas::swap_read_folio(Folio& folio, SwapEntry entry) {
  QUIRE_FUNC();
  folio.workingset_refault(cache::Lru::key(entry));
  folio.add_lru(read_contents(folio, entry) == Errno::ok ? FolioFlag::uptodate : FolioFlag::none);
  folio.unlock();
}

}  // namespace quire::swap
