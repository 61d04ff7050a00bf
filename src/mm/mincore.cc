// mincore and pagemap: what is known of a page without an access.
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using pgtable::LockedPageTable;

// Linux: mm/mincore.c mincore_page()
bool uptodate(const cache::FolioRef& folio) { return folio && folio->uptodate(); }

bool in_swap_cache(swap::SwapAreas& areas, base::SwapEntry entry) {
  swap::SwapArea* area = areas.get_swap_device(entry);
  if (area == nullptr) return false;
  bool in_core = uptodate(areas.swap_cache_get_folio(entry));
  areas.put_swap_device(*area);
  return in_core;
}

}  // namespace

// Linux: mm/mincore.c do_mincore()
Result<bool> AddressSpace::mincore(VirtAddr address) {
  QUIRE_FUNC();
  VirtPage page = base::page_of(address);
  sync::SharedGuard guard(mmap_lock);
  Vma* vma = find_vma(page);
  if (vma == nullptr || !vma->pages().contains(page)) return Errno::enomem;
  Pte pte = entry_of(page);
  if (pte.is_swap()) return in_swap_cache(env.swap, pte.swap_entry());
  if (!pte.is_none() && pte.kind() != PteKind::marker) return true;
  if (vma->is_anonymous()) return false;
  cache::Mapping::Found found = vma->mapping()->get_entry(vma->index_of(page));
  if (!found.entry.is_value()) return uptodate(found.folio);
  return found.entry.swap().type().value() < env.swap.areas_max() && in_swap_cache(env.swap, found.entry.swap());
}

// What maps `page`: of a huge page the entry that its part would have.
Pte AddressSpace::entry_of(VirtPage page) {
  pgtable::LeafTable* leaf = tables.find(page);
  if (leaf == nullptr) return Pte::none();
  if (pgtable::Pmd pmd = leaf->pmd(); pmd.is_huge())
    return pmd.entry().moved_by(page - tables.leaf_range(page).start());
  LockedPageTable table(*leaf);
  return table ? table.get(page) : Pte::none();
}

// Linux: fs/proc/task_mmu.c pte_to_pagemap_entry()
PagemapKind AddressSpace::pagemap(VirtAddr address) {
  VirtPage page = base::page_of(address);
  Pte pte = entry_of(page);
  switch (pte.kind()) {
    case PteKind::none:
      return PagemapKind::none;
    case PteKind::swap:
      return PagemapKind::swapped;
    case PteKind::zero_page:
      return PagemapKind::zero_page;
    case PteKind::present:
      break;
    case PteKind::migration:
      return PagemapKind::migration;
    case PteKind::hwpoison:
      return PagemapKind::hwpoison;
    case PteKind::device_private:
      return PagemapKind::device_private;
    case PteKind::device_exclusive:
      return PagemapKind::device_exclusive;
    case PteKind::marker:
      if (pte.has(PteBit::poisoned)) return PagemapKind::poisoned;
      return pte.has(PteBit::guard) ? PagemapKind::guard : PagemapKind::uffd_wp;
    case PteKind::swapin_error:
      return PagemapKind::swapin_error;
  }
  bool huge = tables.find(page)->pmd().is_huge();
  if (env.folios.of(pte.pfn()).test(cache::FolioFlag::anon))
    return huge ? PagemapKind::huge_anon : PagemapKind::present_anon;
  return huge ? PagemapKind::huge_file : PagemapKind::present_file;
}

}  // namespace quire::mm
