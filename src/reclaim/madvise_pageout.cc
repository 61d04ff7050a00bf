// MADV_PAGEOUT.
#include <algorithm>

#include "reclaim/reclaim.h"
#include "rmap/migrate.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using cache::FolioFlag;
using pgtable::LockedPageTable;
using pgtable::Pte;
using pgtable::PteBit;

}  // namespace

/// What was found in one stretch of a table; dealt with after its lock is dropped.
struct Reclaim::Batch {
  static constexpr unsigned kMax = 16;  // Linux: SWAP_CLUSTER_MAX
  Folio* isolated[kMax];                ///< each with a reference
  unsigned count = 0;
  FolioRef to_split;  ///< a large folio of which the range has, or the table maps, a part only
  [[nodiscard]] bool full() const { return count == kMax || to_split; }
  void isolate(Folio& folio) {
    folio.get();
    isolated[count++] = &folio;
  }
};

// Whether a huge page is mapped. Linux: mm/madvise.c madvise_cold_or_pageout_pte_range(), its PMD part
bool Reclaim::isolate_huge(pgtable::LeafTable& leaf, Range<VirtPage> range, Batch& batch) {
  pgtable::LockedPmd pmd(leaf);
  if (!pmd.get().is_huge()) return false;
  Pte entry = pmd.get().entry();
  if (!entry.is_present()) return true;
  Folio& folio = env_.folios.of(entry.pfn());
  if (folio.mapcount() != 1) return true;
  if (range.size() != env_.geometry.entries() || env_.thp_swap == swap::ThpSwap::off)
    batch.to_split = FolioRef::of(folio);
  else if (folio.isolate_lru())
    batch.isolate(folio);
  return true;
}

// Isolates until the batch is full; returns where it stopped. Linux: mm/madvise.c madvise_cold_or_pageout_pte_range()
VirtPage Reclaim::isolate_range(pgtable::LeafTable& leaf, Range<VirtPage> range, Batch& batch) {
  QUIRE_FUNC();
  if (leaf.pmd().is_huge() && isolate_huge(leaf, range, batch)) return batch.to_split ? range.start() : range.limit();
  LockedPageTable table(leaf);
  if (!table) return range.limit();
  VirtPage page = range.start();
  for (; page < range.limit() && !batch.full(); ++page) {
    Pte pte = table.get(page);
    if (!pte.is_present()) continue;
    Folio& folio = env_.folios.of(pte.pfn());
    auto pages = static_cast<int>(folio.pages().value());
    int mapped = folio.mapcount();
    if (mapped > pages) continue;  // shared with others
    bool whole = env_.thp_swap != swap::ThpSwap::off && pte.pfn() == folio.pfn() &&
                 page + folio.pages() <= range.limit() && mapped == pages;
    if (folio.is_large() && !whole) {
      // The pages after the first of a large folio that is isolated already.
      if (!folio.test(FolioFlag::lru)) continue;
      batch.to_split = FolioRef::of(folio);
      return page;
    }
    if (!folio.isolate_lru()) continue;
    table.set(page, pte.without(PteBit::accessed));
    batch.isolate(folio);
  }
  return page;
}

// Single pages from now on. Linux: mm/madvise.c madvise_cold_or_pageout_pte_range(), its split_folio()
bool Reclaim::split_for_pageout(const FolioRef& folio) {
  LockedFolio locked = LockedFolio::try_lock(*folio);
  return locked && locked->is_large() && rmap::split_folio(env_, *locked);
}

void Reclaim::pageout_range(mm::AddressSpace& mm, Range<VirtPage> range, SwapCached cached) {
  for (VirtPage page = range.start(); page < range.limit();) {
    VirtPage end = std::min(range.limit(), mm.tables.end_of_leaf(page));
    pgtable::LeafTable* leaf = mm.tables.find(page);
    if (leaf == nullptr) {
      page = end;
      continue;
    }
    Batch batch;
    page = isolate_range(*leaf, {page, end}, batch);
    for (unsigned i = 0; i < batch.count; ++i)
      (void)shrink_folio(FolioRef::adopt(*batch.isolated[i]), Gfp::kernel(), cached);
    if (batch.to_split && !split_for_pageout(batch.to_split)) ++page;
  }
}

Errno Reclaim::madvise_pageout(mm::AddressSpace& mm, VirtAddr start, uint64_t length, SwapCached cached) {
  QUIRE_FUNC();
  if (base::offset_in_page(start) != 0) return Errno::einval;
  if (length == 0) return Errno::ok;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
  env_.folios.lru_add_drain();
  sync::SharedGuard guard(mm.mmap_lock);
  Errno error = Errno::ok;
  bool whole = mm.for_each_part(range, [&](mm::Vma& vma, Range<VirtPage> part) {
    // Linux: mm/madvise.c can_madv_lru_vma()
    if (vma.has(mm::VmFlag::locked)) error = Errno::einval;
    if (error == Errno::ok) pageout_range(mm, part, cached);
  });
  if (error != Errno::ok) return error;
  return whole ? Errno::ok : Errno::enomem;
}

}  // namespace quire::reclaim
