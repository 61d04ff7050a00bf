// Pages that are brought in before they are used, and those that stay: MADV_POPULATE_*, MAP_POPULATE, mlock(),
// mlockall().
//
// The mapping says that its pages stay (rmap::MappedRange::mlocked()): reclaim, who comes from a page, sees it there.
// The folio's flag is for those who look at folios only: faults and mlock() set it, and reclaim where it meets such a
// mapping; munlock() clears it, and whoever takes the page out of a locked mapping.
#include <algorithm>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using cache::FolioFlag;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;

}  // namespace

// What a fault that the kernel makes for itself ends with. Linux: mm/gup.c faultin_page(), vm_fault_to_errno()
Errno AddressSpace::errno_of(const Signal& signal) {
  if (signal.none()) return Errno::ok;
  if (signal.number == SignalNumber::sigkill) return Errno::eintr;
  if (signal.number != SignalNumber::sigbus) return Errno::efault;
  if (signal.code == 4) return Errno::ehwpoison;
  return signal.code == 0 ? Errno::enomem : Errno::efault;
}

// -EINVAL: the mapping does not allow it. Linux: mm/madvise.c madvise_populate(), mm/gup.c faultin_page_range()
Errno AddressSpace::populate(Range<VirtPage> range, Access access) {
  QUIRE_FUNC();
  for (VirtPage page : range) {
    {
      sync::SharedGuard guard(mmap_lock);
      const Vma* vma = find_vma(page);
      if (vma == nullptr || !vma->pages().contains(page)) return Errno::enomem;
      // What may be written only can be read by a program, which is not asked here. Linux: mm/gup.c check_vma_flags()
      if (!vma->has(access == Access::write ? VmFlag::write : VmFlag::read)) return Errno::einval;
    }
    Errno error = errno_of(fault_in(page, access));
    if (error != Errno::ok) return error;
  }
  return Errno::ok;
}

// The folios that `range` maps now. A private page is one's own before it stays. Linux: mm/mlock.c mlock_pte_range()
void AddressSpace::mark_mlocked(Range<VirtPage> range, Locking locking) {
  auto mark = [&](Pte pte) {
    if (!pte.is_present()) return;
    Folio& folio = env.folios.of(pte.pfn());
    if (locking == Locking::unlock)
      folio.munlock();
    else
      folio.set(FolioFlag::mlocked);
  };
  tables.for_each_leaf(range, [&](pgtable::LeafTable* leaf, Range<VirtPage> part) {
    if (leaf == nullptr) return;
    if (leaf->pmd().is_huge()) {
      LockedPmd pmd(*leaf);
      if (pmd.get().is_huge()) return mark(pmd.get().entry());
    }
    LockedPageTable table(*leaf);
    if (!table) return;
    for (VirtPage page : part) mark(table.get(page));
  });
}

// How a page is brought in: a private one that may be written, as the mapping's own; nullopt: not at all.
// Linux: mm/gup.c populate_vma_page_range()
std::optional<Access> AddressSpace::populates_with(const Vma& vma) {
  if (!vma.readable()) return std::nullopt;
  return vma.writable() && vma.is_cow() ? Access::write : Access::read;
}

// Linux: mm/gup.c populate_vma_page_range()
Errno AddressSpace::populate_part(const Vma& vma, Range<VirtPage> part) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  QUIRE_FUNC();
  if (vma.has(VmFlag::lock_on_fault)) return Errno::ok;
  std::optional<Access> access = populates_with(vma);
  if (!access) return Errno::efault;
  for (VirtPage page : part) {
    Errno error = populate_page(page, *access);
    if (error != Errno::ok) return error;
  }
  return Errno::ok;
}

// Where nothing is mapped is passed by. Linux: mm/gup.c __mm_populate()
Errno AddressSpace::populate_mappings(Range<VirtPage> range, OnError on_error) {
  QUIRE_FUNC();
  Errno error = Errno::ok;
  for (VirtPage page = range.start(); page < range.limit();) {
    std::optional<Access> access;
    VirtPage end;
    {
      sync::SharedGuard guard(mmap_lock);
      const Vma* vma = find_vma(page);
      if (vma == nullptr) return Errno::ok;
      page = std::max(page, vma->pages().start());
      if (page >= range.limit()) return Errno::ok;
      end = vma->pages().limit();
      if (vma->has(VmFlag::lock_on_fault)) {
        page = end;
        continue;
      }
      access = populates_with(*vma);
    }
    error = access ? errno_of(fault_in(page, *access)) : Errno::efault;
    if (error != Errno::ok) {
      if (on_error == OnError::stop) return error;
      page = end;
      continue;
    }
    ++page;
  }
  return Errno::ok;
}

// Linux: mm/mlock.c apply_vma_lock_flags(), mlock_fixup()
Errno AddressSpace::set_locking(Range<VirtPage> range, Locking locking) {
  VmFlag locked = VmFlag::none;
  if (locking == Locking::lock) locked = VmFlag::locked;
  if (locking == Locking::lock_on_fault) locked = kLockedMask;
  return change_flags(
      range, [&](const Vma& vma) { return Result<VmFlag>((vma.flags() & ~kLockedMask) | locked); },
      [&](Vma&, Range<VirtPage> part) { mark_mlocked(part, locking); });
}

// The range need not begin at a page. Linux: mm/mlock.c do_mlock(), SYSCALL_DEFINE2(munlock),
// __mlock_posix_error_return()
Errno AddressSpace::mlock(VirtAddr start, uint64_t length, Locking locking) {
  QUIRE_FUNC();
  uint64_t offset = base::offset_in_page(start);
  start = base::address_of(base::page_of(start));
  if (length + offset < length) return Errno::einval;
  length += offset;
  if (length == 0) return Errno::ok;
  if (!in_user_space(start, length)) return Errno::enomem;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
  {
    sync::Guard guard(mmap_lock);
    Errno error = set_locking(range, locking);
    if (error != Errno::ok || locking == Locking::unlock) return error;
  }
  switch (populate_mappings(range, OnError::stop)) {
    case Errno::ok:
      return Errno::ok;
    case Errno::enomem:
      return Errno::eagain;
    default:
      return Errno::enomem;
  }
}

// Linux: mm/mlock.c apply_mlockall_flags(), SYSCALL_DEFINE1(mlockall)
void AddressSpace::mlockall(MlockAll what) {
  QUIRE_FUNC();
  {
    sync::Guard guard(mmap_lock);
    default_flags_ = what.future == Locking::unlock ? VmFlag::none
                     : what.future == Locking::lock ? VmFlag::locked
                                                    : kLockedMask;
    if (!what.current) return;
    VirtPage at = lowest_;
    for (Vma* vma = find_vma(at); vma != nullptr; vma = find_vma(at)) {
      Range<VirtPage> pages = vma->pages();
      at = pages.limit();
      (void)set_locking(pages, *what.current);
    }
  }
  if (*what.current == Locking::lock) populate_new({lowest_, env.geometry.limit()});
}

}  // namespace quire::mm
