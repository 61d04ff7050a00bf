#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

// Linux: mm/page_io.c swap_writepage()
void SwapAreas::swap_writepage(Folio& folio) {
  QUIRE_FUNC();
  if (folio_free_swap(folio)) return folio.unlock();
  SwapEntry entry = folio.swap();
  folio.start_writeback();
  folio.unlock();
  SwapBackend& device = info(entry).backend();
  Errno error = Errno::ok;
  for (uint64_t i = 0; i < folio.pages().value() && error == Errno::ok; ++i)
    error = device.write_page((entry + PageCount(i)).offset(), folios_.frames().payload(folio.pfn() + PageCount(i)));
  if (error != Errno::ok) {
    QUIRE_POINT("write error", "slot {}", entry.offset().value());
    folio.set(FolioFlag::dirty);
    folio.clear(FolioFlag::reclaim);
  }
  folio.end_writeback();
}

void SwapAreas::swap_read_locked_folio(Folio& folio, SwapEntry entry) {
  SwapBackend& device = info(entry).backend();
  Errno error = Errno::ok;
  for (uint64_t i = 0; i < folio.pages().value() && error == Errno::ok; ++i)
    error = device.read_page((entry + PageCount(i)).offset(), folios_.frames().payload(folio.pfn() + PageCount(i)));
  if (error == Errno::ok)
    folio.set(FolioFlag::uptodate);
  else
    QUIRE_POINT("read error", "slot {}", entry.offset().value());
}

// Linux: mm/page_io.c swap_read_folio(), end_swap_bio_read()
void SwapAreas::swap_read_folio(Folio& folio, SwapEntry entry) {
  QUIRE_FUNC();
  swap_read_locked_folio(folio, entry);
  folio.unlock();
}

}  // namespace quire::swap
