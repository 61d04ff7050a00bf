// Pages that are brought in before they are used, and those that stay: MADV_POPULATE_*, mlock(), mlockall().
//
// The mapping says that its pages stay (rmap::MappedRange::mlocked()): reclaim, who comes from a page, sees it there.
// The folio's flag is for those who look at folios only, and is put right when a mapping is met that says otherwise.
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
      if (access == Access::write ? !vma->writable() : !vma->readable()) return Errno::einval;
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
    if (locking == Locking::lock)
      folio.set(FolioFlag::mlocked);
    else
      folio.munlock();
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

// The pages of locked mappings. Linux: mm/gup.c __mm_populate(), populate_vma_page_range()
Errno AddressSpace::populate_locked(Range<VirtPage> range) {
  for (VirtPage page : range) {
    Access access = Access::read;
    {
      sync::SharedGuard guard(mmap_lock);
      const Vma* vma = find_vma(page);
      if (vma == nullptr || !vma->pages().contains(page)) return Errno::enomem;
      if (!vma->has(VmFlag::locked)) continue;
      if (!vma->readable()) return Errno::efault;
      if (vma->writable() && vma->is_cow()) access = Access::write;
    }
    Errno error = errno_of(fault_in(page, access));
    if (error != Errno::ok) return error;
    sync::SharedGuard guard(mmap_lock);
    if (const Vma* vma = find_vma(page); vma != nullptr && vma->pages().contains(page) && vma->has(VmFlag::locked))
      mark_mlocked(Range<VirtPage>::of(page, PageCount(1)), Locking::lock);
  }
  return Errno::ok;
}

// Linux: mm/mlock.c apply_vma_lock_flags(), mlock_fixup()
Errno AddressSpace::set_locking(Range<VirtPage> range, Locking locking) {
  sync::Guard guard(mmap_lock);
  return change_flags(
      range, [&](VmFlag flags) { return locking == Locking::lock ? flags | VmFlag::locked : flags & ~VmFlag::locked; },
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
  Errno error = set_locking(range, locking);
  if (error != Errno::ok || locking == Locking::unlock) return error;
  switch (populate_locked(range)) {
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
  auto lock_all = [&](Locking locking) {
    VirtPage at = lowest_;
    for (;;) {
      Range<VirtPage> next;
      {
        sync::SharedGuard guard(mmap_lock);
        const Vma* vma = find_vma(at);
        if (vma == nullptr) return;
        next = vma->pages();
      }
      if (set_locking(next, locking) == Errno::ok && locking == Locking::lock) (void)populate_locked(next);
      at = next.limit();
    }
  };
  {
    sync::Guard guard(mmap_lock);
    default_flags_ = what.future == Locking::lock ? VmFlag::locked : VmFlag::none;
  }
  if (what.current != MlockAll::Current::leave)
    lock_all(what.current == MlockAll::Current::lock ? Locking::lock : Locking::unlock);
}

}  // namespace quire::mm
