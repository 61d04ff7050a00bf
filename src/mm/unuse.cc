// swapoff's visit to an address space: every page whose entry names the area comes back.
#include <algorithm>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {
using base::SwapEntry;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using pgtable::LeafTable;
using pgtable::LockedPageTable;
using phys::Gfp;
using rmap::RssClass;

struct FoundEntry {
  VirtPage page;  ///< the end of the range if nothing was found
  Pte entry;
};

FoundEntry next_entry_of(LeafTable& leaf, Range<VirtPage> range, base::SwapType type) {
  LockedPageTable table(leaf);
  if (!table) return {range.limit(), Pte::none()};
  for (VirtPage page : range) {
    Pte pte = table.get(page);
    if (pte.is_swap() && pte.swap_entry().type() == type) return {page, pte};
  }
  return {range.limit(), Pte::none()};
}
}  // namespace

// The folio is locked and not under writeback. Linux: mm/swapfile.c unuse_pte()
void AddressSpace::unuse_pte(Vma& vma, VirtPage page, LeafTable& leaf, Pte entry, Folio& folio) {
  QUIRE_FUNC();
  SwapEntry slot = entry.swap_entry();
  LockedPageTable table(leaf);
  if (!table || table.get(page) != entry) {
    QUIRE_REACHED("unuse_pte: entry changed");
    return;
  }
  rss.add(RssClass::swap_entries, -1);
  FolioFlag flags = folio.flags();
  if (!cache::any(flags & FolioFlag::uptodate)) {
    table.set(page, cache::any(flags & FolioFlag::hwpoison) ? Pte::hwpoison(folio.pfn()) : Pte::swapin_error());
    env.swap.swap_free(slot);
    return;
  }
  base::Pfn pfn = folio.pfn();
  if (folio.is_large()) pfn += slot.offset() - folio.swap().offset();
  rss.add(RssClass::anon, 1);
  folio.get();
  map_anon_page(vma, page, folio, pfn, entry.has(PteBit::exclusive));
  Pte pte = Pte::present(pfn).with_if(entry.has(PteBit::uffd_wp), PteBit::uffd_wp);
  table.set(page, pte.with_if(!vma.readable(), PteBit::prot_none));
  env.swap.swap_free(slot);
  QUIRE_POINT("unused", "page {:#x} <- slot {}", page.value(), slot.offset().value());
}

// Linux: mm/swapfile.c unuse_pte_range(), one entry
Errno AddressSpace::unuse_entry(Vma& vma, VirtPage page, LeafTable& leaf, Pte entry, swap::SwapArea& area) {
  SwapEntry slot = entry.swap_entry();
  Result<FolioRef> read = env.swap.read_swap_cache_async(slot, Gfp::user());
  if (!read || !*read) {
    // Free by now: the entry has changed.
    if (area.swap_map(slot.offset()).references() == 0) return Errno::ok;
    return Errno::enomem;
  }
  FolioRef folio = std::move(*read);
  LockedFolio locked(*folio);
  folio->wait_writeback();
  unuse_pte(vma, page, leaf, entry, *folio);
  (void)env.swap.folio_free_swap(*folio);
  return Errno::ok;
}

// Linux: mm/swapfile.c unuse_vma(), unuse_pte_range()
Errno AddressSpace::unuse_vma(Vma& vma, swap::SwapArea& area) {
  Range<VirtPage> range = vma.pages();
  for (VirtPage page = range.start(); page < range.limit();) {
    VirtPage end = std::min(range.limit(), tables.end_of_leaf(page));
    LeafTable* leaf = tables.find(page);
    // Until it is present, or PTEs, or gone. A huge page is all in one mapping.
    for (pgtable::Pmd pmd; leaf != nullptr && (pmd = leaf->pmd()).is_huge_swap();) {
      if (pmd.entry().swap_entry().type() != area.type()) break;
      unuse_huge_pmd(vma, *leaf, page, pmd);
    }
    while (leaf != nullptr && page < end) {
      FoundEntry found = next_entry_of(*leaf, {page, end}, area.type());
      if (found.page == end) break;
      Errno error = unuse_entry(vma, found.page, *leaf, found.entry, area);
      if (error != Errno::ok) return error;
      page = found.page.next();
    }
    page = end;
  }
  return Errno::ok;
}

// Linux: mm/swapfile.c unuse_mm()
Errno AddressSpace::unuse_mm(swap::SwapArea& area) {
  QUIRE_FUNC();
  sync::SharedGuard guard(mmap_lock);
  (void)map_count_.get();
  for (const auto& [end, vma] : vmas_) {
    if (!vma->is_cow()) continue;
    Errno error = unuse_vma(*vma, area);
    if (error != Errno::ok) return error;
  }
  return Errno::ok;
}

}  // namespace quire::mm
