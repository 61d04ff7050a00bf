// Changing what the direct map allows, page by page, and splitting the leaves that are too large for that.
#include "phys/direct_map_table.h"
#include "sync/trace.h"

namespace quire::phys {

using base::Defect;

/// What changes the tables: not preempted, and alone in it unless map and unmap must work where no lock can be taken.
class DirectMap::Section {
 public:
  Section(DirectMap& map, Cpus cpus) QUIRE_NO_THREAD_SAFETY_ANALYSIS
      : stretch_(&map.running_cpus_, cpus),
        lock_(map.rules_.debug_pagealloc() ? nullptr : &map.cpa_lock_) {
    if (lock_ != nullptr) lock_->lock();
  }
  ~Section() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    if (lock_ != nullptr) lock_->unlock();
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  RunningCpus::Stretch stretch_;
  sync::SpinLock<sync::LockClass::cpa_lock>* lock_;
};

// Pages for tables are not mapped by the allocator: that would need tables.
Gfp DirectMap::table_gfp(Cpus cpus) const {
  Gfp gfp = cpus == Cpus::one ? Gfp::atomic().alone() : rules_.debug_pagealloc() ? Gfp::atomic() : Gfp::kernel();
  return gfp.unmapped();
}

bool DirectMap::change_leaf(const LeafRef& leaf, Range<Pfn> whole, Perm perm, Errno& error) const {
  error = leaf.is_hole() ? Errno::efault : Errno::ok;
  if (error != Errno::ok || leaf.perm() == perm) return true;
  bool covered = whole.start() <= leaf.pfns.start() && leaf.pfns.limit() <= whole.limit();
  if (leaf.level == 0 || covered || rules_.changes_whole_leaf()) {
    error = protect(leaf.pfns, perm);
    if (error != Errno::ok) return true;
    leaf.place->store(static_cast<uint64_t>(perm));
    return true;
  }
  if (!rules_.splits()) error = Errno::einval;
  return error != Errno::ok;
}

// Linux: arch/x86/mm/pat/set_memory.c __change_page_attr()
Errno DirectMap::change_page_attr(Pfn pfn, Range<Pfn> whole, Perm perm, Cpus cpus) {
  QUIRE_FUNC();
  for (;;) {
    LeafRef leaf;
    {
      Section section(*this, cpus);
      leaf = lookup_address(pfn);
      Errno error = Errno::ok;
      if (change_leaf(leaf, whole, perm, error)) return error;
    }
    QUIRE_ASSERT(!pages_only_, "I4: a split where no page can be had for it");
    Errno error = split_large_page(leaf, pfn, cpus);
    if (error != Errno::ok) return error;
  }
}

// `leaf` becomes `table`; false: it is no leaf of its size any more.
bool DirectMap::install_table(const LeafRef& leaf, Table& table) {
  if (leaf.level == 0 || leaf.is_hole()) return false;
  for (Entry& entry : table.entries) entry.init(leaf.value);
  leaf.place->store(reinterpret_cast<uint64_t>(&table) | kTable);
  return true;
}

// The lock is dropped for the allocation, and what was seen before is looked up again.
Errno DirectMap::split_large_page(const LeafRef& seen, Pfn pfn, Cpus cpus) {
  QUIRE_FUNC();
  auto page = frames_.alloc_pages(table_gfp(cpus), Order(0));
  if (!page) return page.error();
  sync::Box<Table> table = make_table(*page);
  {
    Section section(*this, cpus);
    LeafRef leaf = defects_.has(Defect::D4_8) ? seen : lookup_address(pfn);
    if (leaf.level == seen.level && install_table(leaf, *table)) {
      QUIRE_POINT("split", "frames {} to {}", leaf.pfns.start().value(), leaf.pfns.limit().value());
      (void)table.release();
      return Errno::ok;
    }
  }
  QUIRE_REACHED("another CPU split the leaf while the lock was dropped for a page");
  frames_.free_unmapped_page(*page, cpus);
  return Errno::ok;
}

Errno DirectMap::set_direct_map_invalid_noflush(Pfn pfn, Cpus cpus) {
  QUIRE_FUNC();
  if (!rules_.acts(DirectMapCall::set_direct_map)) return Errno::ok;
  Errno error = change_page_attr(pfn, Range<Pfn>(pfn, pfn.next()), Perm::none, cpus);
  if (error == Errno::ok) note_taker({pfn, pfn.next()}, Perm::none, Taker::set_direct_map_invalid);
  return error;
}

Errno DirectMap::set_direct_map_default_noflush(Pfn pfn, Cpus cpus) {
  QUIRE_FUNC();
  if (!rules_.acts(DirectMapCall::set_direct_map)) return Errno::ok;
  return change_page_attr(pfn, Range<Pfn>(pfn, pfn.next()), Perm::rw, cpus);
}

void DirectMap::kernel_map_pages(Pfn first, PageCount pages, Mapped mapped, Cpus cpus) {
  QUIRE_FUNC();
  if (!rules_.acts(DirectMapCall::kernel_map_pages)) return;
  Range<Pfn> pfns = Range<Pfn>::of(first, pages);
  for (Pfn pfn : pfns)
    (void)change_page_attr(pfn, Range<Pfn>(pfn, pfn.next()), mapped == Mapped::yes ? Perm::rw : Perm::none, cpus);
  if (mapped == Mapped::no) note_taker(pfns, Perm::none, Taker::kernel_map_pages);
  RunningCpus::Stretch stretch(&running_cpus_, cpus);
  tlbs_.flush_local(this_cpu(frames_.cpus()), pages_of(pfns));
}

// What was changed before an error is changed back, which needs no page: those leaves are split.
template <typename At>
Errno DirectMap::change_each(std::size_t count, At at, Range<Pfn> whole, Perm perm, Taker taker) {
  QUIRE_FUNC();
  if (!rules_.acts(DirectMapCall::set_direct_map)) return Errno::ok;
  sync::Vector<Perm> before;
  before.reserve(count);
  for (std::size_t i = 0; i < count; ++i) before.push_back(lookup_address(at(i)).perm());
  for (std::size_t i = 0; i < count; ++i) {
    Errno error = change_page_attr(at(i), whole, perm, Cpus::many);
    if (error == Errno::ok) continue;
    if (defects_.has(Defect::D4_12)) return error;
    QUIRE_REACHED("a range of the direct map is changed back because a split failed");
    for (std::size_t done = 0; done < i; ++done) (void)change_page_attr(at(done), whole, before[done], Cpus::many);
    return error;
  }
  for (std::size_t i = 0; i < count; ++i) {
    owner_leaves(at(i), perm);
    note_taker({at(i), at(i).next()}, perm, taker);
  }
  return Errno::ok;
}

Errno DirectMap::change_pages(std::span<const Pfn> pfns, Perm perm) {
  return change_each(
      pfns.size(), [&](std::size_t i) { return pfns[i]; }, {}, perm, Taker::vmalloc_set_memory);
}

Errno DirectMap::set_memory(Range<Pfn> pfns, Perm perm, WholeLeaves leaves) {
  bool keep = leaves == WholeLeaves::keep || defects_.has(Defect::D4_13);
  Errno error = change_each(
      pfns.size().value(), [&](std::size_t i) { return pfns.start() + PageCount(i); }, keep ? pfns : Range<Pfn>(), perm,
      Taker::set_memory);
  flush_tlb_kernel_range(pages_of(pfns));
  return error;
}

}  // namespace quire::phys
