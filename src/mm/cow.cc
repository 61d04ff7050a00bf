// Copy on write: a private page of a file, and a shared anonymous page, become the writer's own.
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using cache::FolioFlag;
using cache::FolioRef;
using pgtable::LockedPageTable;
using phys::Gfp;
using rmap::RssClass;

constexpr FolioFlag kNewAnon =
    FolioFlag::uptodate | FolioFlag::swapbacked | FolioFlag::anon | FolioFlag::anon_exclusive;

// Writable at once, unless the place was write-protected by userfaultfd. Linux: mm/memory.c vmf_orig_pte_uffd_wp()
Pte new_anon_pte(const Folio& folio, Pte before) {
  Pte pte = Pte::present(folio.pfn()).with(PteBit::accessed);
  if (before.has(PteBit::uffd_wp)) return pte.with(PteBit::uffd_wp);
  return pte.with(PteBit::writable).with(PteBit::dirty);
}

}  // namespace

// The first write to a private page of a file that is not mapped. Linux: mm/memory.c do_cow_fault()
AddressSpace::FaultEnd AddressSpace::do_cow_fault(Fault& fault) {
  QUIRE_FUNC();
  fault.vma.note_copy();
  Result<FolioRef> allocated = env.folios.alloc(Gfp::user(), base::Order(0));
  if (!allocated) return FaultEnd::no_memory;
  FolioRef copy = std::move(*allocated);
  cache::Mapping& mapping = *fault.vma.mapping();
  FileIndex index = fault.vma.index_of(fault.page);
  fault.vma.file()->read_ahead_of_fault(index, fault.vma.read_advice());
  cache::FaultResult source = mapping.ops().fault(mapping, index);
  if (source.outcome != cache::FaultOutcome::found) return end_of(source.outcome);
  env.folios.frames().copy(copy->pfn(), source.folio->pfn() + (index - source.folio->index()));
  copy->init_flags(kNewAnon);
  copy->set_anon(fault.vma.anon_vma(), index);
  // The file's page stays locked until the copy is mapped, so that truncation's second unmapping comes after it.
  fault.leaf.populate();
  LockedPageTable table(fault.leaf);
  if (!table || table.get(fault.page) != fault.entry) {
    table.unlock();
    return FaultEnd::again;
  }
  rss.add(RssClass::anon, 1);
  copy->add_mapping();
  copy->add_lru();
  table.set(fault.page, new_anon_pte(*copy, fault.entry));
  (void)copy.release();
  return FaultEnd::again;
}

// Whether nobody else refers to the page: then it is the mapping's own. PTL held. Linux: mm/memory.c
// wp_can_reuse_anon_folio()
bool AddressSpace::wp_can_reuse_anon_folio(const Vma& vma, Folio& folio, FolioFlag flags) {
  if (folio.is_large()) return false;
  bool cached = cache::any(flags & FolioFlag::swapcache);
  // A batch that is about to put it on an LRU list is no user of it.
  if (!cache::any(flags & FolioFlag::lru)) env.folios.lru_add_drain();
  if (folio.refcount() > 1 + (cached ? 1 : 0)) return false;
  cache::LockedFolio locked = cache::LockedFolio::try_lock(folio);
  if (!locked) return false;
  if (cached) (void)env.swap.folio_free_swap(folio);
  if (folio.refcount() != 1) return false;
  folio.move_anon(vma.anon_vma());
  return true;
}

// A write to an entry that is read-only. Linux: mm/memory.c do_wp_page(), wp_page_reuse()
AddressSpace::FaultEnd AddressSpace::do_wp_page(Fault& fault) {
  QUIRE_FUNC();
  if (fault.entry.has(PteBit::uffd_wp)) return FaultEnd::write_protected;
  FolioRef old;
  {
    LockedPageTable table(fault.leaf);
    if (!table || table.get(fault.page) != fault.entry) return FaultEnd::again;
    if (fault.entry.is_present()) {
      base::Pfn pfn = fault.entry.pfn();
      Folio& folio = env.folios.of(pfn);
      FolioFlag flags = folio.flags();
      bool reuse = !fault.vma.is_cow();
      if (!reuse && cache::any(flags & FolioFlag::anon)) {
        reuse = env.folios.page(pfn).test(FolioFlag::anon_exclusive);
        if (!reuse && wp_can_reuse_anon_folio(fault.vma, folio, flags)) {
          folio.set(FolioFlag::anon_exclusive);
          reuse = true;
        }
      }
      if (reuse && fault.vma.wants_writenotify()) {
        old = FolioRef::of(folio);
      } else if (reuse) {
        table.set(fault.page, fault.entry.with(PteBit::writable).with(PteBit::dirty).with(PteBit::accessed));
        return FaultEnd::again;
      }
      if (!old) old = FolioRef::of(folio);
    }
  }
  if (fault.vma.wants_writenotify()) return wp_page_shared(fault, std::move(old));
  return wp_page_copy(fault, std::move(old));
}

// The file system hears of the write before the entry allows it. Linux: mm/memory.c wp_page_shared(),
// do_page_mkwrite()
AddressSpace::FaultEnd AddressSpace::wp_page_shared(Fault& fault, FolioRef folio) {
  QUIRE_FUNC();
  cache::Mapping& mapping = *fault.vma.mapping();
  {
    cache::LockedFolio locked(*folio);
    if (folio->mapping() != &mapping) {
      QUIRE_REACHED("do_page_mkwrite: folio left the file");
      return FaultEnd::again;
    }
    if (mapping.ops().page_mkwrite(mapping, *folio) != Errno::ok) return FaultEnd::sigbus;
    LockedPageTable table(fault.leaf);
    // What was dirty in vain is written in vain.
    if (!table || table.get(fault.page) != fault.entry) return FaultEnd::again;
    table.set(fault.page, fault.entry.with(PteBit::writable).with(PteBit::dirty).with(PteBit::accessed));
  }
  folio.reset();
  mapping.ops().balance_dirty_pages(mapping);
  return FaultEnd::again;
}

// `old` is empty for the page of zeros. Linux: mm/memory.c wp_page_copy()
AddressSpace::FaultEnd AddressSpace::wp_page_copy(Fault& fault, FolioRef old) {
  QUIRE_FUNC();
  fault.vma.note_copy();
  Result<FolioRef> allocated = env.folios.alloc(Gfp::user(), base::Order(0));
  if (!allocated) return FaultEnd::no_memory;
  FolioRef copy = std::move(*allocated);
  if (old)
    env.folios.frames().copy(copy->pfn(), fault.entry.pfn());
  else
    env.folios.zero(*copy);
  copy->init_flags(kNewAnon);
  copy->set_anon(fault.vma.anon_vma(), fault.vma.index_of(fault.page));
  {
    LockedPageTable table(fault.leaf);
    if (!table || table.get(fault.page) != fault.entry) return FaultEnd::again;
    // No CPU reads the old page any more when the first can write to the new one. Linux: ptep_clear_flush()
    table.set(fault.page, Pte::none());
    flush_tlb(fault.page);
    RssClass before = old ? Folio::rss_class(old->flags()) : RssClass::anon;
    if (!old || before != RssClass::anon) rss.add(RssClass::anon, 1);
    if (old && before != RssClass::anon) rss.add(before, -1);
    copy->add_mapping();
    copy->add_lru();
    table.set(fault.page, new_anon_pte(*copy, fault.entry));
    (void)copy.release();
    if (!old) return FaultEnd::again;
    if (fault.vma.mlocked() && old->test(FolioFlag::mlocked)) old->munlock();
    (void)old->remove_mapping();
  }
  old->put();  // the entry's
  free_swap_cache(*old);
  return FaultEnd::again;
}

// Linux: mm/swap_state.c free_swap_cache()
void AddressSpace::free_swap_cache(Folio& folio) {
  if (!folio.test(FolioFlag::swapcache) || folio.mapped()) return;
  if (cache::LockedFolio locked = cache::LockedFolio::try_lock(folio)) (void)env.swap.folio_free_swap(folio);
}

}  // namespace quire::mm
