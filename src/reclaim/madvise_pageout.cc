// MADV_PAGEOUT.
#include <algorithm>

#include "reclaim/reclaim.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using cache::FolioFlag;
using pgtable::LockedPageTable;
using pgtable::Pte;
using pgtable::PteBit;

constexpr unsigned kIsolatedMax = 16;  // Linux: SWAP_CLUSTER_MAX

}  // namespace

// A huge page, if the range has all of it; false: it is not one any more. Linux: mm/madvise.c
// madvise_cold_or_pageout_pte_range(), its PMD part
bool Reclaim::isolate_huge(pgtable::LeafTable& leaf, Range<VirtPage> range, Folio** isolated, unsigned& count) {
  pgtable::LockedPmd pmd(leaf);
  if (!pmd.get().is_huge()) return false;
  Pte entry = pmd.get().entry();
  if (!entry.is_present() || range.size() != env_.geometry.entries()) return true;
  Folio& folio = env_.folios.of(entry.pfn());
  if (folio.mapcount() != 1 || !folio.test_and_clear(FolioFlag::lru)) return true;
  folio.get();
  isolated[count++] = &folio;
  return true;
}

// Isolates until the batch is full; returns where it stopped. Linux: mm/madvise.c madvise_cold_or_pageout_pte_range()
VirtPage Reclaim::isolate_range(mm::AddressSpace&, pgtable::LeafTable& leaf, Range<VirtPage> range, Folio** isolated,
                                unsigned& count) {
  QUIRE_FUNC();
  if (leaf.pmd().is_huge() && isolate_huge(leaf, range, isolated, count)) return range.limit();
  LockedPageTable table(leaf);
  if (!table) return range.limit();
  VirtPage page = range.start();
  for (; page < range.limit() && count < kIsolatedMax; ++page) {
    Pte pte = table.get(page);
    if (!pte.is_present()) continue;
    Folio& folio = env_.folios.of(pte.pfn());
    // A large folio once, and only if the range has all of it.
    if (pte.pfn() != folio.pfn() || page + folio.pages() > range.limit()) continue;
    if (folio.mapcount() != static_cast<int>(folio.pages().value())) continue;
    if (!folio.test_and_clear(FolioFlag::lru)) continue;
    folio.get();
    table.set(page, pte.without(PteBit::accessed));
    isolated[count++] = &folio;
  }
  return page;
}

void Reclaim::pageout_range(mm::AddressSpace& mm, Range<VirtPage> range, SwapCached cached) {
  for (VirtPage page = range.start(); page < range.limit();) {
    VirtPage end = std::min(range.limit(), mm.tables.end_of_leaf(page));
    pgtable::LeafTable* leaf = mm.tables.find(page);
    if (leaf == nullptr) {
      page = end;
      continue;
    }
    Folio* isolated[kIsolatedMax];
    unsigned count = 0;
    page = isolate_range(mm, *leaf, {page, end}, isolated, count);
    for (unsigned i = 0; i < count; ++i) (void)shrink_folio(FolioRef::adopt(*isolated[i]), cached);
  }
}

Errno Reclaim::madvise_pageout(mm::AddressSpace& mm, VirtAddr start, uint64_t length, SwapCached cached) {
  QUIRE_FUNC();
  if (base::offset_in_page(start) != 0) return Errno::einval;
  if (length == 0) return Errno::ok;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
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
