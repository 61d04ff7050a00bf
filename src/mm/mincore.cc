// mincore and pagemap: what is known of a page without an access.
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

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
  if (std::optional<bool> in_core = mincore_huge_swap(page)) return *in_core;
  Pte pte = entry_of(page);
  if (pte.is_swap()) return in_swap_cache(env.swap, pte.swap_entry());
  if (!pte.is_none() && pte.kind() != PteKind::marker) return true;
  if (vma->is_anonymous()) return false;
  cache::Mapping::Found found = vma->mapping()->get_entry(vma->index_of(page));
  if (!found.entry.is_value()) return uptodate(found.folio);
  return found.entry.swap().type().value() < env.swap.areas_max() && in_swap_cache(env.swap, found.entry.swap());
}

Pte AddressSpace::entry_of(VirtPage page) {
  Pte pte;
  (void)with_entry(page, [&](Pte found) {
    pte = found;
    return Errno::ok;
  });
  return pte;
}

// The entry's lock is held. Linux: fs/proc/task_mmu.c pte_to_pagemap_entry()
PagemapKind AddressSpace::pagemap_kind(Pte pte, VirtPage page) const {
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

// Linux: fs/proc/task_mmu.c pagemap_read()
PagemapKind AddressSpace::pagemap(VirtAddr address) {
  QUIRE_FUNC();
  VirtPage page = base::page_of(address);
  PagemapKind kind = PagemapKind::none;
  if (page >= env.geometry.limit()) return kind;
  sync::SharedGuard guard(mmap_lock);
  (void)with_entry(page, [&](Pte pte) {
    kind = pagemap_kind(pte, page);
    return Errno::ok;
  });
  return kind;
}

}  // namespace quire::mm
