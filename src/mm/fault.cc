// Page faults: dispatch, new anonymous pages, pages of files.
#include <algorithm>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {
using cache::FolioFlag;
using cache::FolioRef;
using pgtable::LockedPageTable;
using phys::Gfp;
using rmap::RssClass;
}  // namespace

// Linux: mm/memory.c handle_mm_fault(), arch/x86/mm/fault.c do_user_addr_fault()
AddressSpace::FaultEnd AddressSpace::handle_mm_fault(VirtAddr address, Access access) {
  QUIRE_FUNC();
  VirtPage page = base::page_of(address);
  if (page >= env.geometry.limit()) return FaultEnd::maperr;
  UserfaultTicket ticket{};
  {
    sync::SharedGuard guard(mmap_lock);
    FaultEnd end = handle_mm_fault_locked(page, access);
    if (end != FaultEnd::write_protected) return end;
    // Queued first, then looked at; it waits without the lock. Linux: fs/userfaultfd.c handle_userfault()
    ticket = queue_userfault(page);
    if (!userfaultfd_must_wait(page)) {
      QUIRE_REACHED("handle_userfault: resolved meanwhile");
      forget_userfault(ticket);
      return FaultEnd::again;
    }
  }
  wait_for_userfault(ticket);
  return FaultEnd::again;
}

AddressSpace::FaultEnd AddressSpace::handle_mm_fault_locked(VirtPage page, Access access) {
  Vma* vma = find_vma(page);
  if (vma == nullptr || !vma->pages().contains(page)) return FaultEnd::maperr;
  if (access == Access::write ? !vma->writable() : !vma->readable()) return FaultEnd::accerr;
  FaultEnd end = handle_vma_fault(*vma, page, access);
  if (vma->has(VmFlag::locked)) mark_mlocked(Range<VirtPage>::of(page, PageCount(1)), Locking::lock);
  return end;
}

// Linux: mm/memory.c __handle_mm_fault()
AddressSpace::FaultEnd AddressSpace::handle_vma_fault(Vma& vma, VirtPage page, Access access) {
  pgtable::LeafTable* leaf = tables.find_or_create(page);
  if (leaf == nullptr) return FaultEnd::no_memory;
  Fault fault{vma, page, access, *leaf, Pte::none()};
  pgtable::Pmd pmd = leaf->pmd();
  if (pmd.is_huge()) return do_huge_pmd_fault(fault);
  // A table is made when it is known that no huge page will be mapped: a file's faults know it last.
  if (pmd.is_none() && vma.is_anonymous()) {
    if (do_huge_pmd_anonymous_page(fault, pmd)) return FaultEnd::again;
    leaf->populate();
  }
  if (pmd.is_table() || vma.is_anonymous()) {
    LockedPageTable table(*leaf);
    if (!table) return FaultEnd::again;
    fault.entry = table.get(page);
  }
  return handle_pte_fault(fault);
}

// Linux: mm/memory.c handle_pte_fault()
AddressSpace::FaultEnd AddressSpace::handle_pte_fault(Fault& fault) {
  switch (fault.entry.kind()) {
    case PteKind::none:
      return fault.vma.is_anonymous() ? do_anonymous_page(fault) : do_fault(fault);
    case PteKind::swap:
      return do_swap_page(fault);
    case PteKind::zero_page:
    case PteKind::present:
      // Somebody else has handled it unless it is a write to an entry that is read-only.
      return fault.write() && !fault.entry.writable() ? do_wp_page(fault) : FaultEnd::again;
    case PteKind::migration:
      return migration_entry_wait(fault);
    case PteKind::device_private:
      return migrate_to_ram(fault);
    case PteKind::device_exclusive:
      return remove_device_exclusive_entry(fault);
    case PteKind::hwpoison:
      return FaultEnd::hwpoison;
    case PteKind::marker:
      return handle_marker(fault);
    case PteKind::swapin_error:
      return FaultEnd::sigbus;
  }
  return FaultEnd::sigbus;
}

// Linux: mm/memory.c handle_pte_marker()
AddressSpace::FaultEnd AddressSpace::handle_marker(Fault& fault) {
  if (fault.entry.has(PteBit::guard)) return FaultEnd::maperr;
  if (fault.entry.has(PteBit::poisoned)) return FaultEnd::hwpoison;
  return fault.vma.is_anonymous() ? do_anonymous_page(fault) : do_fault(fault);
}

// The folio is locked by whoever moves it, and in use for as long as the entry is there; it is not referred to after
// the entry's lock is dropped, so that a wait does not keep it from being moved. Linux: mm/migrate.c
// migration_entry_wait()
AddressSpace::FaultEnd AddressSpace::migration_entry_wait(Fault& fault) {
  QUIRE_FUNC();
  {
    LockedPageTable table(fault.leaf);
    if (!table || table.get(fault.page) != fault.entry) return FaultEnd::again;
    if (!env.folios.of(fault.entry.pfn()).is_locked()) return FaultEnd::again;
  }
  sync::retry_point("migration_entry_wait");
  return FaultEnd::again;
}

// Gives one page of `folio` to `page`: the folio belongs to an AnonVma from its first mapping on; if others of the
// family wait for it too, to the eldest, in which all of them are. The reference is the caller's. Linux: mm/rmap.c
// folio_add_new_anon_rmap(), folio_add_anon_rmap_pte(), __folio_set_anon()
void AddressSpace::map_anon_page(const Vma& vma, VirtPage page, Folio& folio, base::Pfn pfn, bool exclusive) {
  FolioFlag exclusively = exclusive ? FolioFlag::anon_exclusive : FolioFlag::none;
  if (!folio.test(FolioFlag::anon)) {
    // Of a large one the other pages may be others': only where all are mapped at once it is the mapping's own.
    bool own = exclusive && (!folio.is_large() || tables.find(page)->pmd().is_huge());
    folio.set_anon(own ? vma.anon_vma() : &vma.anon_vma()->root(), vma.index_of(page) - (pfn - folio.pfn()));
    folio.set(FolioFlag::anon);
    if (exclusive) env.folios.page(pfn).set(exclusively);
  } else if (exclusive) {
    env.folios.page(pfn).set(exclusively);
  }
  folio.add_mapping();
}

// A large folio where the mapping wants one and nothing is mapped yet, else a page. Zeroed, not mapped.
// Linux: mm/memory.c alloc_anon_folio()
Result<FolioRef> AddressSpace::alloc_anon_folio(Fault& fault) {
  constexpr FolioFlag kNew = FolioFlag::uptodate | FolioFlag::swapbacked | FolioFlag::anon | FolioFlag::anon_exclusive;
  Result<FolioRef> folio = Errno::enomem;
  PageCount large = env.thp_order.pages();
  auto around = Range<VirtPage>::of(fault.page.align_down(large), large);
  if (large > PageCount(1) && large <= env.geometry.entries() && fault.vma.has(VmFlag::huge_page) &&
      fault.vma.pages().contains(around)) {
    bool empty = true;
    {
      LockedPageTable table(fault.leaf);
      for (VirtPage page : around) empty = empty && table && table.get(page).is_none();
    }
    if (empty) folio = env.folios.alloc(Gfp::user().without_retry(), env.thp_order);
  }
  if (!folio) folio = env.folios.alloc(Gfp::user(), base::Order(0));
  if (!folio) return folio;
  Folio& head = **folio;
  env.folios.zero(head);
  head.init_flags(kNew);
  for (uint64_t i = 1; i < head.pages().value(); ++i)
    env.folios.page(head.pfn() + PageCount(i)).init_flags(FolioFlag::anon_exclusive);
  head.set_anon(fault.vma.anon_vma(), fault.vma.index_of(fault.page.align_down(head.pages())));
  return folio;
}

// Linux: mm/memory.c do_anonymous_page()
AddressSpace::FaultEnd AddressSpace::do_anonymous_page(Fault& fault) {
  QUIRE_FUNC();
  if (!fault.write()) {
    LockedPageTable table(fault.leaf);
    if (table && table.get(fault.page) == fault.entry)
      table.set(fault.page, Pte::zero_page().with_if(fault.entry.has(PteBit::uffd_wp), PteBit::uffd_wp));
    return FaultEnd::again;
  }
  if (fault.entry.has(PteBit::uffd_wp)) return FaultEnd::write_protected;
  fault.vma.note_copy();
  Result<FolioRef> allocated = alloc_anon_folio(fault);
  if (!allocated) return FaultEnd::no_memory;
  Folio& folio = **allocated;
  auto range = Range<VirtPage>::of(fault.page.align_down(folio.pages()), folio.pages());
  LockedPageTable table(fault.leaf);
  if (!table) return FaultEnd::again;
  for (VirtPage page : range)
    if (!table.get(page).is_none()) {
      QUIRE_REACHED("do_anonymous_page: somebody else mapped a page");
      table.unlock();
      return FaultEnd::again;
    }
  int pages = static_cast<int>(folio.pages().value());
  if (pages > 1) folio.get(pages - 1);
  rss.add(RssClass::anon, pages);
  folio.add_mapping(pages);
  folio.add_lru();
  for (VirtPage page : range) {
    Pte pte = Pte::present(folio.pfn() + (page - range.start())).with(PteBit::writable);
    table.set(page, page == fault.page ? pte.with(PteBit::dirty).with(PteBit::accessed) : pte);
  }
  (void)allocated->release();
  return FaultEnd::again;
}

// Maps the locked folio of the file. Linux: mm/memory.c finish_fault(), set_pte_range()
AddressSpace::FaultEnd AddressSpace::finish_fault(Fault& fault, FolioRef folio) {
  if (do_set_pmd(fault, folio)) return FaultEnd::again;
  fault.leaf.populate();
  LockedPageTable table(fault.leaf);
  if (!table || table.get(fault.page) != fault.entry) {
    table.unlock();
    return FaultEnd::again;
  }
  base::Pfn pfn = folio->pfn() + (fault.vma.index_of(fault.page) - folio->index());
  Pte pte = Pte::present(pfn).with(PteBit::accessed);
  if (fault.entry.has(PteBit::uffd_wp)) {
    pte = pte.with(PteBit::uffd_wp);
  } else {
    pte = pte.with_if(fault.write() || fault.vma.writable_unnoticed(), PteBit::writable);
    pte = pte.with_if(fault.write(), PteBit::dirty);
  }
  rss.add(Folio::rss_class(folio->flags()), 1);
  folio->add_mapping();
  table.set(fault.page, pte);
  (void)folio.release();
  return FaultEnd::again;
}

// Linux: mm/memory.c do_fault(), do_read_fault(), do_shared_fault()
AddressSpace::FaultEnd AddressSpace::do_fault(Fault& fault) {
  QUIRE_FUNC();
  if (fault.write() && fault.vma.is_cow()) return do_cow_fault(fault);
  if (do_fault_around(fault)) return FaultEnd::again;
  fault.vma.file()->read_ahead_of_fault(fault.vma.index_of(fault.page), fault.vma.read_advice());
  cache::Mapping& mapping = *fault.vma.mapping();
  cache::FaultResult result = mapping.ops().fault(mapping, fault.vma.index_of(fault.page));
  if (result.outcome != cache::FaultOutcome::found) return end_of(result.outcome);
  // Mapped while locked: truncation, which waits for the lock, will find the entry.
  bool notify = fault.write() && fault.vma.wants_writenotify();
  if (notify && mapping.ops().page_mkwrite(mapping, *result.folio) != Errno::ok) return FaultEnd::sigbus;
  FaultEnd end = finish_fault(fault, std::move(result.folio));
  result.locked.unlock();
  if (notify) mapping.ops().balance_dirty_pages(mapping);
  return end;
}

AddressSpace::FaultEnd AddressSpace::end_of(cache::FaultOutcome outcome) {
  switch (outcome) {
    case cache::FaultOutcome::found:
    case cache::FaultOutcome::retry:
      return FaultEnd::again;
    case cache::FaultOutcome::no_memory:
      return FaultEnd::no_memory;
    case cache::FaultOutcome::beyond_end:
    case cache::FaultOutcome::io_error:
      break;
    case cache::FaultOutcome::hwpoison:
      return FaultEnd::hwpoison;
  }
  return FaultEnd::sigbus;
}

}  // namespace quire::mm
