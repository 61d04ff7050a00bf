// mremap(): a mapping grows, shrinks, or goes to another place with all its entries.
//
// Entries move as they are, of whatever kind, and nothing is counted anew: the same pages are mapped as often as
// before. The trees of the mapping are locked while the entries of one table move, so that a reverse-map walk meets
// each of them once, here or there; the old translations are flushed before that. Write protection by userfaultfd stays
// behind.
#include <algorithm>

#include "mm/address_space.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using pgtable::LeafTable;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;
using pgtable::Pmd;

// Linux: mm/mremap.c move_ptes(), pte_swp_clear_uffd_wp()
Pte moved_entry(Pte pte) {
  if (pte.kind() == PteKind::marker && !pte.has(PteBit::guard)) return Pte::none();
  return pte.without(PteBit::uffd_wp);
}

void move_entry(LockedPageTable& to, VirtPage new_page, LockedPageTable& from, VirtPage old_page) {
  Pte pte = from.get(old_page);
  if (pte.is_none()) return;
  from.set(old_page, Pte::none());
  to.set(new_page, moved_entry(pte));
}

}  // namespace

// false: there is no huge page any more. Linux: mm/huge_memory.c move_huge_pmd()
bool AddressSpace::move_huge_pmd(LeafTable& target, LeafTable& source, Range<VirtPage> part) {
  QUIRE_FUNC();
  LockedPmd to(target);
  LockedPmd from(source);
  if (!from.get().is_huge()) return false;
  // A table from an earlier mapping, empty by now.
  if (!to.get().is_none() && !to.collapse_if_empty())
    sync::bug(sync::Failure::bug, "a huge page moves to what is mapped");
  Pte entry = from.get().entry();
  from.set(Pmd::none());
  flush_tlb(part);
  to.set(Pmd::huge(moved_entry(entry)));
  return true;
}

// `part` is of one leaf, as is the place it goes to. The mapping's trees are locked. Linux: mm/mremap.c move_ptes()
void AddressSpace::move_ptes(LeafTable& target, VirtPage to, LeafTable& source, Range<VirtPage> part) {
  QUIRE_FUNC();
  if (source.pmd().is_huge()) {
    bool whole = part.size() == env.geometry.entries() && to == to.align_down(env.geometry.entries());
    if (whole && move_huge_pmd(target, source, part)) return;
    rmap::split_huge_pmd(*this, source, tables.leaf_range(part.start()).start());
  }
  target.populate();
  if (&source == &target) {
    LockedPageTable table(source);
    if (!table) return;
    for (VirtPage page : part) move_entry(table, to + (page - part.start()), table, page);
    flush_tlb(part);
    return;
  }
  LockedPageTable new_table(target);
  LockedPageTable old_table(source);
  if (!old_table || !new_table) return;
  for (VirtPage page : part) move_entry(new_table, to + (page - part.start()), old_table, page);
  flush_tlb(part);
}

// Linux: mm/mremap.c move_page_tables()
void AddressSpace::move_page_tables(const Vma& vma, Range<VirtPage> from, VirtPage to) {
  QUIRE_FUNC();
  for (VirtPage page = from.start(); page < from.limit();) {
    VirtPage new_page = to + (page - from.start());
    PageCount count =
        std::min({from.limit() - page, tables.end_of_leaf(page) - page, tables.end_of_leaf(new_page) - new_page});
    LeafTable* source = tables.find(page);
    if (source != nullptr && !source->pmd().is_none()) {
      rmap::LockedTrees trees = vma.lock_trees();
      move_ptes(*tables.find(new_page), new_page, *source, Range<VirtPage>::of(page, count));
      QUIRE_POINT("entries moved", "pages {:#x} -> {:#x}", page.value(), new_page.value());
    }
    page += count;
  }
}

// Linux: mm/mremap.c move_vma(), mm/vma.c copy_vma()
Errno AddressSpace::move_vma(Vma& vma, const Remap& r, VirtPage to, Vma*& removed) {
  // First whatever may fail; an empty table more is no harm.
  Range<VirtPage> moving = Range<VirtPage>::of(r.from, r.old_pages);
  Errno error = Errno::ok;
  tables.for_each_leaf(Range<VirtPage>::of(to, r.old_pages), [&](LeafTable*, Range<VirtPage> part) {
    if (tables.find_or_create(part.start()) == nullptr) error = Errno::enomem;
  });
  if (error != Errno::ok) return error;
  auto target = Range<VirtPage>::of(to, r.new_pages);
  Vma* fresh = vma.make_alike({target, vma.index_of(r.from)}, vma.flags() & ~VmFlag::uffd_wp);
  fresh->link();
  insert(*fresh);
  move_page_tables(vma, moving, to);
  if (r.left == MremapLeft::nothing) {
    unmap_locked(moving, removed);
  } else {
    // What is left behind is not locked, nor is what was not moved. Linux: move_vma(), VM_LOCKED_MASK
    vma.set_flags(vma.flags() & ~kLockedMask);
    if (vma.pages() == moving) vma.note_no_copies();
  }
  merge_range(target);
  return Errno::ok;
}

// Linux: mm/mremap.c vma_to_resize()
Errno AddressSpace::check_resize(const Vma& vma, const Remap& r) const {
  if (!vma.pages().contains(r.from)) return Errno::efault;
  if (r.old_pages == PageCount(0) && !vma.has(VmFlag::shared)) return Errno::einval;
  if (r.old_pages > vma.pages().limit() - r.from) return Errno::efault;
  return Errno::ok;
}

// To a given place, or leaving the old mapping. Linux: mm/mremap.c mremap_to()
Result<VirtPage> AddressSpace::mremap_to(Remap r, const MremapRequest& request, Vma*& removed) {
  bool fixed = request.move == MremapMove::fixed;
  VirtPage to = base::page_of(request.target);
  if (fixed) {
    if (base::offset_in_page(request.target) != 0 || !in_user_space(request.target, request.new_length))
      return Errno::einval;
    auto target = Range<VirtPage>::of(to, r.new_pages);
    if (target.overlaps(Range<VirtPage>::of(r.from, r.old_pages))) return Errno::einval;
    unmap_locked(target, removed);
  }
  if (r.old_pages > r.new_pages) {
    unmap_locked({r.from + r.new_pages, r.from + r.old_pages}, removed);
    r.old_pages = r.new_pages;
  }
  Vma* vma = find_vma(r.from);
  if (vma == nullptr) return Errno::efault;
  if (Errno error = check_resize(*vma, r); error != Errno::ok) return error;
  if (!fixed) {
    Result<VirtPage> hole = get_unmapped_area({.hint = request.target}, r.new_pages);
    if (!hole) return hole;
    to = *hole;
  }
  Errno error = move_vma(*vma, r, to, removed);
  if (error != Errno::ok) return error;
  return to;
}

Result<VirtPage> AddressSpace::mremap_locked(const MremapRequest& request, Vma*& removed) {
  Remap r{base::page_of(request.old), base::pages_of(base::ByteCount(request.old_length)),
          base::pages_of(base::ByteCount(request.new_length)), request.left};
  Vma* vma = find_vma(r.from);
  if (vma == nullptr || !vma->pages().contains(r.from)) return Errno::efault;
  if (request.move == MremapMove::fixed || r.left == MremapLeft::mapping) return mremap_to(r, request, removed);
  if (r.old_pages >= r.new_pages) {
    if (r.old_pages > r.new_pages) unmap_locked({r.from + r.new_pages, r.from + r.old_pages}, removed);
    return r.from;
  }
  if (Errno error = check_resize(*vma, r); error != Errno::ok) return error;
  VirtPage end = vma->pages().limit();
  if (r.from + r.old_pages == end && r.from + r.new_pages <= env.geometry.limit()) {
    const Vma* next = find_vma(end);
    if (next == nullptr || r.from + r.new_pages <= next->pages().start()) {
      expand_upwards(*vma, r.from + r.new_pages);
      return r.from;
    }
  }
  if (request.move == MremapMove::in_place) return Errno::enomem;
  Result<VirtPage> to = get_unmapped_area({}, r.new_pages);
  if (!to) return to;
  Errno error = move_vma(*vma, r, *to, removed);
  if (error != Errno::ok) return error;
  return to;
}

// Linux: mm/mremap.c SYSCALL_DEFINE5(mremap)
Result<VirtAddr> AddressSpace::mremap(const MremapRequest& request) {
  QUIRE_FUNC();
  uint64_t bytes_max = env.geometry.limit().value() << base::kPageShift;
  if (base::offset_in_page(request.old) != 0 || request.new_length == 0) return Errno::einval;
  bool leaves = request.left == MremapLeft::mapping;
  if (leaves && (request.move == MremapMove::in_place || request.old_length != request.new_length))
    return Errno::einval;
  if (request.old_length > bytes_max) return Errno::einval;
  if (request.new_length > bytes_max) return request.move == MremapMove::fixed ? Errno::einval : Errno::enomem;
  Vma* removed = nullptr;
  Result<VirtPage> start = Errno::enomem;
  bool locked = false;
  {
    sync::Guard guard(mmap_lock);
    start = mremap_locked(request, removed);
    locked = start && find_vma(*start)->has(VmFlag::locked);
  }
  remove_all(removed);
  if (!start) return start.error();
  // Of what stays in memory, only what it has grown by.
  PageCount before = base::pages_of(base::ByteCount(request.old_length));
  PageCount after = base::pages_of(base::ByteCount(request.new_length));
  if (locked && after > before) populate_new({*start + before, *start + after});
  return base::address_of(*start);
}

}  // namespace quire::mm
