// The copy of an address space for a child: mappings, shared pages made read-only, swap entries with one more
// reference.
#include <algorithm>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {
using base::Defect;
using cache::FolioFlag;
using pgtable::LeafTable;
using pgtable::LockedPageTable;
using rmap::RssClass;
using rmap::RssDeltas;
}  // namespace

struct AddressSpace::Copying {
  AddressSpace& child;
  const Vma& vma;  ///< the parent's; the child's is alike
  LockedPageTable& to;
  LockedPageTable& from;
  RssDeltas& deltas;
};

// Linux: mm/memory.c copy_nonpresent_pte()
Errno AddressSpace::copy_nonpresent_pte(Copying& c, VirtPage page, Pte pte) {
  if (!pte.is_swap()) {
    c.to.set(page, pte);
    return Errno::ok;
  }
  Errno error = env.swap.swap_duplicate(pte.swap_entry());
  if (error == Errno::enomem) return error;
  if (error != Errno::ok) sync::bug(sync::Failure::swap_count, "fork copies a swap entry that has no reference");
  // Before the child's entry can be seen: swapoff must find the child.
  if (!env.defects.has(Defect::D0_15)) env.swap.users().add(c.child);
  Pte shared = pte.without(PteBit::exclusive);
  if (shared != pte) c.from.set(page, shared);
  c.deltas.add(RssClass::swap_entries);
  c.to.set(page, shared);
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
  Pte copy = pte.without(PteBit::accessed);
  if (c.vma.is_cow()) {
    if (pte.writable()) c.from.set(page, pte.without(PteBit::writable));
    copy = copy.without(PteBit::writable);
  } else {
    copy = copy.without(PteBit::dirty);
  }
  c.to.set(page, copy);
}

// Linux: mm/memory.c copy_pte_range()
Errno AddressSpace::copy_pte_range(Copying& c, Range<VirtPage> range) {
  QUIRE_FUNC();
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

// Linux: mm/memory.c copy_page_range()
Errno AddressSpace::copy_page_range(AddressSpace& child, const Vma& vma) {
  Range<VirtPage> range = vma.pages();
  for (VirtPage page = range.start(); page < range.limit();) {
    VirtPage end = std::min(range.limit(), tables.end_of_leaf(page));
    if (LeafTable* source = tables.find(page)) {
      LeafTable* destination = child.tables.find_or_create(page);
      if (destination == nullptr) return Errno::enomem;
      LockedPageTable to(*destination);
      LockedPageTable from(*source);
      RssDeltas deltas;
      Copying c{child, vma, to, from, deltas};
      Errno error = copy_pte_range(c, {page, end});
      from.unlock();
      child.rss.apply(deltas);
      if (error != Errno::ok) return error;
    }
    page = end;
  }
  return Errno::ok;
}

// Both mmap_locks are held. Linux: kernel/fork.c dup_mmap()
Errno AddressSpace::dup_mmap(AddressSpace& child) {
  QUIRE_FUNC();
  (void)map_count_.get();
  child.vmas_.reserve(vmas_.size());
  for (Vma* vma : vmas_) {
    if (vma->file() != nullptr) vma->file()->get();
    if (vma->anon_vma() != nullptr) vma->anon_vma()->get();
    VmaSpec spec{vma->pages(), vma->first_index(), vma->flags()};
    Vma* copy = sync::make_object<Vma>(child, spec, vma->file(), vma->anon_vma());
    if (vma->has_copies()) copy->note_copy();
    copy->link();
    ++child.map_count_.mutate();
    child.vmas_.push_back(copy);
    // A mapping without private pages is filled by the child's own faults. Linux: vma_needs_copy()
    if (!vma->is_cow() || !vma->has_copies()) continue;
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
    error = dup_mmap(*child);
  }
  if (error == Errno::ok) return child;
  child->mmput();
  return error;
}

}  // namespace quire::mm
