// MADV_FREE: the contents may be forgotten as soon as memory is short, unless the page is written again.
#include "mm/address_space.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using base::Defect;
using cache::FolioFlag;
using cache::LockedFolio;
using pgtable::LockedPageTable;
using rmap::RssClass;

}  // namespace

// Linux: mm/madvise.c madvise_free_pte_range(), one entry
void AddressSpace::madvise_free_pte(LockedPageTable& table, VirtPage page, Pte pte) {
  switch (pte.kind()) {
    case PteKind::swap:
      rss.add(RssClass::swap_entries, -1);
      (void)env.swap.free_swap_and_cache(pte.swap_entry(), swap::FreeCaller::page_table);
      return table.set(page, Pte::none());
    case PteKind::hwpoison:
      if (!env.defects.has(Defect::D1_15)) table.set(page, Pte::none());
      return;
    case PteKind::swapin_error:
      return table.set(page, Pte::none());
    case PteKind::marker:
      if (pte.has(PteBit::poisoned)) table.set(page, Pte::none());
      return;
    case PteKind::present:
      break;
    default:
      return;
  }
  Folio& folio = env.folios.of(pte.pfn());
  FolioFlag flags = folio.flags();
  bool alone = !folio.is_large() && folio.mapcount() == 1;
  if (!cache::any(flags & FolioFlag::anon) || !alone) return;
  // In the swap cache, or dirty: it takes the lock to say that neither matters any more.
  if (cache::any(flags & (FolioFlag::swapcache | FolioFlag::dirty))) {
    LockedFolio locked = LockedFolio::try_lock(folio);
    if (!locked) return;
    // Only the lock keeps swapoff from mapping it for others whose entries were in swap.
    if (locked->mapcount() != 1) {
      QUIRE_REACHED("madvise_free: swapoff has mapped it for another");
      return;
    }
    if (locked->test(FolioFlag::swapcache) && !env.swap.folio_free_swap(*locked)) return;
    locked->clear(FolioFlag::dirty);
  }
  table.set(page, pte.without(PteBit::dirty).without(PteBit::accessed));
  flush_tlb(page);
  folio.clear(FolioFlag::swapbacked);  // lazily freed from now on: reclaim drops it if it is still clean
  folio.mark_lazyfree();
}

// mmap_lock is held. Linux: mm/madvise.c madvise_free_single_vma()
void AddressSpace::madvise_free(Range<VirtPage> range) {
  QUIRE_FUNC();
  tables.for_each_leaf(range, [&](pgtable::LeafTable* leaf, Range<VirtPage> part) {
    if (leaf == nullptr) return;
    if (leaf->pmd().is_huge()) rmap::split_huge_pmd(*this, *leaf, part.start());
    LockedPageTable table(*leaf);
    if (!table) return;
    for (VirtPage page : part) madvise_free_pte(table, page, table.get(page));
  });
}

}  // namespace quire::mm
