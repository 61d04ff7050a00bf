// The copy of an address space for a child: mappings, shared pages made read-only, swap entries with one more
// reference.
//
// A swap entry whose count is full stops the copying of its table: both locks are dropped, because memory for a
// continuation of the count is waited for, and the same address is looked at again from the top. swap_duplicate() says
//   0        the child has its entry
//   -ENOMEM  add_swap_count_continuation() and again; without memory the fork fails
//   -ENOTDIR of a huge swap entry: its cluster is huge no more; the entry becomes PTEs, and each is copied
//   else     the table holds an entry that nobody counted: neither copied nor tried again, but reported
#include <algorithm>

#include "mm/address_space.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::mm {
namespace {
using base::Defect;
using cache::FolioFlag;
using pgtable::LeafTable;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;
using pgtable::Pmd;
using rmap::RssClass;
using rmap::RssDeltas;
}  // namespace

struct AddressSpace::Leaves {
  LeafTable& to;
  LeafTable& from;
};

struct AddressSpace::Copying {
  AddressSpace& child;
  const Vma& vma;  ///< the parent's; the child's is alike
  LockedPageTable& to;
  LockedPageTable& from;
  RssDeltas& deltas;
  base::SwapEntry full{};  ///< what swap_duplicate() wants a continuation for,
  VirtPage full_at{0};     ///< and where it is: there the copying has stopped
};

// Linux: mm/memory.c copy_nonpresent_pte(), its swap entries
Errno AddressSpace::copy_swap_pte(Copying& c, VirtPage page, Pte pte) {
  Errno error = env.swap.swap_duplicate(pte.swap_entry());
  if (needs_continuation(error)) {
    c.full = pte.swap_entry();
    c.full_at = page;
    return error;
  }
  if (error != Errno::ok && !env.defects.has(Defect::D0_3))
    sync::bug(sync::Failure::swap_count, "fork copies a swap entry that has no reference");
  // Before the child's entry can be seen: swapoff must find the child.
  if (!env.defects.has(Defect::D0_15)) env.swap.users().add(c.child);
  Pte shared = env.defects.has(Defect::D0_16) ? pte : pte.without(PteBit::exclusive);
  if (shared != pte) c.from.set(page, shared);
  c.deltas.add(RssClass::swap_entries);
  c.to.set(page, shared.without(PteBit::uffd_wp));
  return Errno::ok;
}

// Read by both from now on; the folio is locked, so its class does not change.
void AddressSpace::copy_migration_pte(Copying& c, VirtPage page, Pte pte) {
  c.deltas.add(Folio::rss_class(env.folios.of(pte.pfn()).flags()));
  Pte shared = pte;
  if (c.vma.is_cow()) shared = shared.without(PteBit::writable).without(PteBit::exclusive);
  if (shared != pte) c.from.set(page, shared);
  c.to.set(page, shared.without(PteBit::uffd_wp));
}

// Linux: mm/memory.c copy_nonpresent_pte(), its device-private entries
void AddressSpace::copy_device_pte(Copying& c, VirtPage page, Pte pte) {
  Folio& folio = env.folios.of(pte.pfn());
  folio.get();
  folio.add_mapping();
  (void)env.folios.page(pte.pfn()).test_and_clear(FolioFlag::anon_exclusive);
  c.deltas.add(RssClass::anon);
  Pte shared = c.vma.is_cow() ? pte.without(PteBit::writable) : pte;
  if (shared != pte) c.from.set(page, shared);
  c.to.set(page, shared.without(PteBit::uffd_wp));
}

// Linux: mm/memory.c copy_nonpresent_pte()
Errno AddressSpace::copy_nonpresent_pte(Copying& c, VirtPage page, Pte pte) {
  switch (pte.kind()) {
    case PteKind::swap:
      return copy_swap_pte(c, page, pte);
    case PteKind::migration:
      copy_migration_pte(c, page, pte);
      break;
    case PteKind::device_private:
      copy_device_pte(c, page, pte);
      break;
    case PteKind::device_exclusive: {
      // The device gives the page back first; who holds its lock is not waited for here.
      cache::LockedFolio locked = cache::LockedFolio::try_lock(env.folios.of(pte.pfn()));
      if (!locked) return Errno::ebusy;
      restore_exclusive_pte(c.from, page, pte);
      copy_present_pte(c, page, c.from.get(page));
      break;
    }
    case PteKind::marker:
      // The child's mapping is not write-protected. Linux: copy_pte_marker()
      if (!pte.has(PteBit::uffd_wp)) c.to.set(page, pte);
      break;
    case PteKind::none:
    case PteKind::present:
    case PteKind::zero_page:
    case PteKind::swapin_error:
      c.to.set(page, pte);
      break;
    case PteKind::hwpoison:
      c.to.set(page, pte.without(PteBit::uffd_wp));
      break;
  }
  return Errno::ok;
}

// Linux: mm/memory.c copy_present_ptes()
void AddressSpace::copy_present_pte(Copying& c, VirtPage page, Pte pte) {
  Folio& folio = env.folios.of(pte.pfn());
  FolioFlag flags = folio.flags();
  folio.get();
  folio.add_mapping();
  bool anon = cache::any(flags & FolioFlag::anon);
  if (anon) {
    Folio& exact = env.folios.page(pte.pfn());
    if (folio.is_large() ? exact.test(FolioFlag::anon_exclusive) : cache::any(flags & FolioFlag::anon_exclusive))
      exact.clear(FolioFlag::anon_exclusive);
  }
  c.deltas.add(Folio::rss_class(flags));
  Pte copy = pte.without(PteBit::accessed).without(PteBit::uffd_wp);
  if (c.vma.is_cow()) {
    if (pte.writable()) c.from.set(page, pte.without(PteBit::writable));
    copy = copy.without(PteBit::writable);
  } else {
    copy = copy.without(PteBit::dirty);
  }
  c.to.set(page, copy);
}

// Until an error. Linux: mm/memory.c copy_pte_range(), under its locks
Errno AddressSpace::copy_locked_ptes(Copying& c, Range<VirtPage> range) {
  for (VirtPage page : range) {
    Pte pte = c.from.get(page);
    if (pte.is_none()) continue;
    if (pte.is_present()) {
      copy_present_pte(c, page, pte);
    } else if (Errno error = copy_nonpresent_pte(c, page, pte); error != Errno::ok) {
      return error;
    }
  }
  return Errno::ok;
}

bool AddressSpace::needs_continuation(Errno error) const {
  if (env.defects.has(Defect::D0_1) || env.defects.has(Defect::D0_2)) return error != Errno::ok;
  return error == Errno::enomem;
}

// No page table is locked. Linux: mm/memory.c copy_pte_range(), its -EIO
Errno AddressSpace::continue_swap_count(base::SwapEntry entry, Errno error) {
  switch (env.swap.add_swap_count_continuation(entry, phys::Gfp::kernel())) {
    case swap::ContinuationOutcome::added:
      break;
    case swap::ContinuationOutcome::no_memory:
      return Errno::enomem;
    case swap::ContinuationOutcome::useless:
      if (error != Errno::enomem && !env.defects.has(Defect::D0_2))
        sync::bug(sync::Failure::bug, "a continuation page was allocated for a count that needs none");
      sync::retry_point("copy_pte_range: swap count");
      break;
  }
  return Errno::ok;
}

// Linux: mm/memory.c copy_pte_range()
Errno AddressSpace::copy_pte_range(AddressSpace& child, const Vma& vma, Leaves leaves, Range<VirtPage> range) {
  QUIRE_FUNC();
  for (VirtPage page = range.start();;) {
    Errno error = Errno::ok;
    base::SwapEntry full;
    {
      LockedPageTable to(leaves.to);
      if (!to) {
        QUIRE_REACHED("copy_pte_range: the child's table was empty and is gone");
        leaves.to.populate();
        continue;
      }
      LockedPageTable from(leaves.from);
      if (!from) return Errno::ok;
      RssDeltas deltas;
      Copying c{child, vma, to, from, deltas};
      error = copy_locked_ptes(c, {page, range.limit()});
      from.unlock();
      child.rss.apply(deltas);
      if (c.full.none()) return error;
      full = c.full;
      page = c.full_at;
    }
    error = continue_swap_count(full, error);
    if (error != Errno::ok) return error;
  }
}

// One mapping and one reference more for the whole. Linux: mm/huge_memory.c copy_huge_pmd()
void AddressSpace::copy_huge_present_pmd(AddressSpace& child, LockedPmd& to, LockedPmd& from) {
  Pte entry = from.get().entry();
  if (entry.kind() == PteKind::zero_page) {
    env.huge_zero->find()->get();
    return to.set(Pmd::huge(entry.without(PteBit::uffd_wp)));
  }
  Folio& folio = env.folios.of(entry.pfn());
  FolioFlag flags = folio.flags();
  if (!cache::any(flags & FolioFlag::anon)) return;  // a file's is found again by a fault
  if (entry.is_present()) {
    folio.get();
    folio.add_mapping();
    folio.clear(FolioFlag::anon_exclusive);
  }
  child.rss.add(Folio::rss_class(flags), static_cast<int32_t>(env.geometry.entries().value()));
  Pte shared = entry.without(PteBit::writable).without(PteBit::exclusive);
  from.set(Pmd::huge(shared));
  to.set(Pmd::huge(shared.without(PteBit::accessed).without(PteBit::uffd_wp)));
}

struct AddressSpace::HugeSwapCopy {
  AddressSpace& child;
  VirtPage page;
  base::SwapEntry entry{};  ///< of the PMD; then the slot that wants a continuation
  bool again = false;       ///< after a continuation was added
};

// Ok: the child has its entry, or there are PTEs now. Linux (series of 2018): mm/huge_memory.c copy_huge_pmd(), its
// swap entries
Errno AddressSpace::copy_huge_swap_pmd(HugeSwapCopy& copy, LockedPmd& to, LockedPmd& from) {
  Pte before = from.get().entry();
  base::SwapEntry first = before.swap_entry();
  // Read again each time: what is in `copy` names a slot in the middle after the first.
  if (!copy.again || !env.defects.has(Defect::D0_8d)) copy.entry = first;
  PageCount size = env.geometry.entries();
  Errno error = env.swap.swap_duplicate(copy.entry, size);
  if (error == Errno::enotdir) {
    QUIRE_REACHED("copy_huge_pmd: the cluster is huge no more");
    if (env.defects.has(Defect::D0_9a)) return Errno::enomem;
    rmap::split_huge_pmd_locked(*this, from, copy.page);
    return Errno::ok;
  }
  if (error == Errno::enomem && env.defects.has(Defect::D0_8c)) copy.entry = first;
  if (error == Errno::enomem) return error;
  if (error != Errno::ok) sync::bug(sync::Failure::swap_count, "fork copies a huge swap entry that has no reference");
  // Before the child's entry can be seen: swapoff must find the child.
  env.swap.users().add(copy.child);
  copy.child.rss.add(RssClass::swap_entries, static_cast<int32_t>(size.value()));
  Pte shared = before.without(PteBit::exclusive);
  if (shared != before) from.set(Pmd::huge(shared));
  to.set(Pmd::huge(shared.without(PteBit::uffd_wp)));
  return Errno::ok;
}

// Whether the leaf's part is a huge page, which was copied; false: it is PTEs. Linux: mm/huge_memory.c
// copy_huge_pmd()
Result<bool> AddressSpace::copy_huge_pmd(AddressSpace& child, LeafTable& destination, LeafTable& source,
                                         VirtPage page) {
  QUIRE_FUNC();
  HugeSwapCopy copy{child, page};
  while (source.pmd().is_huge()) {
    {
      LockedPmd to(destination);
      LockedPmd from(source);
      if (!from.get().is_huge()) return false;
      if (!from.get().is_huge_swap()) {
        copy_huge_present_pmd(child, to, from);
        return true;
      }
      if (copy_huge_swap_pmd(copy, to, from) == Errno::ok) return from.get().is_huge();
    }
    QUIRE_REACHED("copy_huge_pmd: a slot in the middle needs a continuation");
    Errno error = continue_swap_count(copy.entry, Errno::enomem);
    if (error != Errno::ok) return error;
    copy.again = true;
  }
  return false;
}

// Of a huge swap entry into a table of its own, which is made before the locks are taken and not needed if there are
// PTEs by then. Whether the entry was copied. Linux (series of 2018): mm/huge_memory.c copy_huge_pmd(), its pgtable
Result<bool> AddressSpace::copy_with_spare_leaf(AddressSpace& child, LeafTable& source, VirtPage page) {
  pgtable::PageTables::SpareLeaf spare = child.tables.new_leaf();
  if (!spare) return Errno::enomem;
  Result<bool> huge = copy_huge_pmd(child, *spare, source, page);
  if (huge && *huge)
    child.tables.install(page, std::move(spare));
  else if (huge && env.defects.has(Defect::D0_9c))
    spare.get_deleter()(spare.get());  // and once more at the end
  return huge;
}

// The part of one leaf. Linux: mm/memory.c copy_pmd_range()
Errno AddressSpace::copy_leaf(AddressSpace& child, const Vma& vma, LeafTable& source, Range<VirtPage> range) {
  if (source.pmd().is_huge_swap() && child.tables.find(range.start()) == nullptr) {
    Result<bool> copied = copy_with_spare_leaf(child, source, range.start());
    if (!copied) return copied.error();
    if (*copied) return Errno::ok;
  }
  LeafTable* destination = child.tables.find_or_create(range.start());
  if (destination == nullptr) return Errno::enomem;
  Result<bool> huge = copy_huge_pmd(child, *destination, source, range.start());
  if (!huge) return huge.error();
  if (*huge) return Errno::ok;
  destination->populate();
  return copy_pte_range(child, vma, {*destination, source}, range);
}

// Linux: mm/memory.c copy_page_range()
Errno AddressSpace::copy_page_range(AddressSpace& child, const Vma& vma) {
  Errno error = Errno::ok;
  tables.for_each_leaf(vma.pages(), [&](LeafTable* source, Range<VirtPage> part) {
    if (source != nullptr && error == Errno::ok) error = copy_leaf(child, vma, *source, part);
  });
  return error;
}

// Both mmap_locks are held. Linux: kernel/fork.c dup_mmap()
Errno AddressSpace::dup_mmap(AddressSpace& child) {
  QUIRE_FUNC();
  (void)map_count_.get();
  for (const auto& [end, vma] : vmas_) {
    if (vma->has(VmFlag::dont_copy)) continue;
    // Neither memory locks nor userfaultfd are inherited.
    Vma* copy = vma->make_forked(child, vma->flags() & ~(kLockedMask | VmFlag::uffd_wp));
    copy->link();
    child.insert(*copy);
    // A mapping without private pages and markers is filled by the child's own faults. Linux: vma_needs_copy()
    if (!copy->has_copies()) continue;
    Errno error = copy_page_range(child, *vma);
    if (error != Errno::ok) return error;
  }
  return Errno::ok;
}

// Linux: kernel/fork.c dup_mm()
Result<AddressSpace*> AddressSpace::fork() {
  QUIRE_FUNC();
  auto* child = sync::make_object<AddressSpace>(env, lowest_);
  Errno error = Errno::ok;
  {
    sync::Guard guard(mmap_lock);
    sync::Guard child_guard(child->mmap_lock);
    // What was reaped must not be copied.
    error = killed() ? Errno::eintr : dup_mmap(*child);
    // What was made read-only is so for every CPU from now on. Linux: kernel/fork.c dup_mmap(), flush_tlb_mm()
    flush_tlb({VirtPage(0), env.geometry.limit()});
  }
  if (error == Errno::ok) return child;
  child->mmput();
  return error;
}

}  // namespace quire::mm
