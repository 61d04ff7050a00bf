#include "swap/readahead.h"

#include <algorithm>
#include <bit>

#include "swap/areas.h"
#include "sync/trace.h"

namespace quire::swap {

uint32_t next_readahead(const ReadaheadHistory& history, uint64_t at, uint32_t most) {
  uint32_t pages = 1;
  bool neighbour = at == history.previous + 1 || at + 1 == history.previous;
  if (history.hits != 0)
    pages = std::bit_ceil(std::min(history.hits + 2, most));
  else if (neighbour)
    pages = 2;
  return std::clamp(pages, std::max(1U, std::min(history.pages / 2, most)), most);
}

ReadaheadHistory VmaWindow::history() const {
  uint64_t word = info_.load(sync::Order::relaxed);
  if (word == 0) return {.hits = kFirstHits};
  return {word >> 12, static_cast<uint32_t>(word >> 6) & kHitsMax, static_cast<uint32_t>(word) & kHitsMax};
}

void VmaWindow::remember(const ReadaheadHistory& h) {
  info_.store(h.previous << 12 | std::min(h.pages, kHitsMax) << 6 | std::min(h.hits, kHitsMax), sync::Order::relaxed);
}

VmaWindow::Around VmaWindow::next(uint64_t page, uint32_t most) {
  ReadaheadHistory last = history();
  uint32_t pages = next_readahead(last, page, most);
  remember({page, pages, 0});
  uint32_t before = (pages - 1) / 2;
  if (page == last.previous + 1) before = 0;          // upwards
  if (page + 1 == last.previous) before = pages - 1;  // downwards
  return {pages, static_cast<uint32_t>(std::min<uint64_t>(before, page))};
}

void VmaWindow::note_hit(uint64_t page) {
  ReadaheadHistory last = history();
  remember({page, last.pages, last.hits + 1});
}

uint32_t SwapReadahead::next(SwapOffset slot) {
  ReadaheadHistory last{previous_.load(sync::Order::relaxed), last_pages_.load(sync::Order::relaxed),
                        hits_.exchange(0, sync::Order::relaxed)};
  uint32_t pages = next_readahead(last, slot.value(), most());
  if (last.hits == 0) previous_.store(slot.value(), sync::Order::relaxed);
  last_pages_.store(pages, sync::Order::relaxed);
  return pages;
}

// Linux: mm/swap_state.c swap_cache_get_folio(), its readahead part
FolioRef SwapAreas::get_read_ahead(SwapEntry entry, VmaWindow* window, uint64_t page) {
  FolioRef folio = swap_cache_get_folio(entry);
  if (!folio || !folio->test_and_clear(FolioFlag::readahead)) return folio;
  readahead_.note_hit();
  if (window != nullptr) window->note_hit(page);
  return folio;
}

// Nothing is waited for: a neighbour that somebody else works on needs no reading. Linux: mm/swap_state.c
// __read_swap_cache_async(), as swap_cluster_readahead() calls it
void SwapAreas::read_ahead(SwapEntry entry, phys::Gfp gfp, HugeNeighbour huge) {
  QUIRE_FUNC();
  SwapArea* area = get_device_of_hint(entry);
  if (area == nullptr) return;
  if (in_huge_cluster(entry)) {
    if (huge == HugeNeighbour::read) (void)read_or_split_huge(entry, gfp);
  } else if (area->swap_map(entry.offset()).references() != 0 && !swap_cache_get_folio(entry)) {
    Result<FolioRef> fresh = folios_.alloc(gfp.without_retry(), Order(0));
    if (fresh && swapcache_prepare(entry) == Errno::ok) {
      read_into_swap_cache(**fresh, entry, FolioFlag::swapbacked | FolioFlag::readahead);
      readahead_.note_read();
    }
  }
  put_swap_device(*area);
}

// Linux: mm/swap_state.c swap_cluster_readahead()
Result<FolioRef> SwapAreas::swap_cluster_readahead(SwapEntry entry, phys::Gfp gfp) {
  if (!readahead_.enabled()) return read_swap_cache_async(entry, gfp);
  QUIRE_FUNC();
  if (FolioRef folio = get_read_ahead(entry, nullptr, 0)) return folio;
  PageCount pages(readahead_.next(entry.offset()));
  SwapOffset first = entry.offset().align_down(pages);
  // What ends before the block does is looked at with the device held.
  uint32_t max = info(entry).max_.load(sync::Order::relaxed);
  for (uint64_t i = 0; i < pages.value(); ++i) {
    SwapOffset slot = first + PageCount(i);
    if (slot == entry.offset() || slot.value() == 0 || slot.value() >= max) continue;
    read_ahead({entry.type(), slot}, gfp, HugeNeighbour::leave);
  }
  return read_swap_cache_async(entry, gfp);
}

}  // namespace quire::swap
