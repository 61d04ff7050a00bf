// userfaultfd's write protection: pages whose next write somebody wants to be told of first.
//
// The bit is in the entry, of whatever kind, or in a marker where a page of a file is not mapped; a write to it waits
// until the range is resolved, and then looks again. Linux: fs/userfaultfd.c, mm/userfaultfd.c
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {

namespace {

// Anonymous memory, or a file that memory is the only place of. Linux: include/linux/userfaultfd_k.h
// vma_can_userfault()
bool can_userfault(const Vma& vma) { return vma.is_anonymous() || !vma.mapping()->ops().can_writeback(); }

// Linux: mm/userfaultfd.c mfill_file_over_size()
bool is_beyond_file(const Vma& vma, VirtPage page) {
  if (vma.is_anonymous()) return false;
  cache::Mapping& mapping = *vma.mapping();
  return vma.index_of(page).value() >= mapping.ops().size_pages(mapping).value();
}

}  // namespace

Errno AddressSpace::uffd_register(VirtAddr start, uint64_t length) {
  QUIRE_FUNC();
  if (base::offset_in_page(start) != 0 || length % base::kPageSize != 0 || length == 0) return Errno::einval;
  if (!in_user_space(start, length)) return Errno::einval;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
  sync::Guard guard(mmap_lock);
  bool any = false;
  bool able = true;
  (void)for_each_part(range, [&](Vma& vma, Range<VirtPage>) { able = able && can_userfault(vma); });
  if (!able) return Errno::einval;
  for (VirtPage at = range.start(); at < range.limit();) {
    Vma* vma = find_vma(at);
    if (vma == nullptr || vma->pages().start() >= range.limit()) break;
    Range<VirtPage> part = vma->pages().intersection(range);
    at = part.limit();
    any = true;
    if (vma->has(VmFlag::uffd_wp)) continue;
    split_at(part.start());
    split_at(part.limit());
    vma = find_vma(part.start());
    vma->set_flags(vma->flags() | VmFlag::uffd_wp);
  }
  merge_range(range);
  return any ? Errno::ok : Errno::einval;
}

Errno AddressSpace::uffd_writeprotect(VirtAddr start, uint64_t length, UffdWp how) {
  QUIRE_FUNC();
  if (base::offset_in_page(start) != 0 || length % base::kPageSize != 0 || length == 0) return Errno::einval;
  if (!in_user_space(start, length)) return Errno::einval;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
  bool any = false;
  Errno error = Errno::ok;
  {
    sync::SharedGuard guard(mmap_lock);
    (void)for_each_part(range, [&](Vma& vma, Range<VirtPage> part) {
      any = true;
      if (error != Errno::ok) return;
      error = !vma.has(VmFlag::uffd_wp)
                  ? Errno::enoent
                  : change_protection(vma, part, how == UffdWp::protect ? Change::uffd_wp : Change::uffd_wp_resolve);
    });
  }
  if (!any) return Errno::enoent;
  if (error != Errno::ok || how == UffdWp::protect) return error;
  wake_userfaults(range);
  return Errno::ok;
}

AddressSpace::UserfaultTicket AddressSpace::queue_userfault(VirtPage page) {
  sync::Guard guard(fault_pending_wqh_lock_);
  userfaults_.emplace(++userfaults_made_, page);
  return userfaults_made_;
}

// For as long as the entry may not be written, which is more than that it is protected: what was resolved before the
// write was queued, and stayed read-only since a child has the page too, wakes nobody any more (uffd-resolve-forked).
// Linux: fs/userfaultfd.c userfaultfd_must_wait()
bool AddressSpace::userfaultfd_must_wait(VirtPage page) {
  pgtable::LeafTable* leaf = tables.find(page);
  if (leaf == nullptr) return true;
  if (pgtable::LockedPageTable table(*leaf); table) return !table.get(page).writable();
  pgtable::LockedPmd pmd(*leaf);
  return !pmd.get().is_huge() || !pmd.get().entry().writable();
}

void AddressSpace::wait_for_userfault(UserfaultTicket ticket) {
  fault_pending_wqh_.wait_event([&] {
    sync::Guard guard(fault_pending_wqh_lock_);
    return !userfaults_.contains(ticket);
  });
}

void AddressSpace::forget_userfault(UserfaultTicket ticket) {
  sync::Guard guard(fault_pending_wqh_lock_);
  userfaults_.erase(ticket);
}

// Linux: fs/userfaultfd.c wake_userfault(), userfaultfd_wake_function()
void AddressSpace::wake_userfaults(Range<VirtPage> range) {
  {
    sync::Guard guard(fault_pending_wqh_lock_);
    auto in_range = [&](const auto& waiter) { return range.contains(waiter.second); };
    if (std::erase_if(userfaults_, in_range) == 0) return;
  }
  fault_pending_wqh_.wake_up_all();
}

// Adds the pages that it marks to `done`. Linux: mm/userfaultfd.c mfill_atomic_pte_poison()
Errno AddressSpace::poison_leaf(const Vma& vma, Range<VirtPage> part, PageCount& done) {
  pgtable::LeafTable* leaf = tables.find_or_create(part.start());
  if (leaf == nullptr) return Errno::enomem;
  leaf->populate();
  pgtable::LockedPageTable table(*leaf);
  if (!table) return Errno::eexist;
  for (VirtPage page : part) {
    if (is_beyond_file(vma, page)) return Errno::efault;
    if (!table.get(page).is_none()) return Errno::eexist;
    table.set(page, Pte::marker(PteBit::poisoned));
    done += PageCount(1);
  }
  return Errno::ok;
}

// Linux: fs/userfaultfd.c userfaultfd_poison(), mm/userfaultfd.c mfill_atomic()
Errno AddressSpace::uffd_poison(VirtAddr start, uint64_t length) {
  QUIRE_FUNC();
  if (base::offset_in_page(start) != 0 || length % base::kPageSize != 0 || length == 0) return Errno::einval;
  if (!in_user_space(start, length)) return Errno::einval;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
  sync::SharedGuard guard(mmap_lock);
  Vma* vma = find_vma(range.start());
  bool inside = vma != nullptr && vma->pages().intersection(range) == range;
  if (!inside || !vma->has(VmFlag::uffd_wp)) return Errno::enoent;
  // fork copies the entries of this mapping from now on.
  if (vma->is_cow()) vma->note_copy();
  Errno error = Errno::ok;
  PageCount done(0);
  tables.for_each_leaf(range, [&](pgtable::LeafTable*, Range<VirtPage> part) {
    if (error == Errno::ok) error = poison_leaf(*vma, part, done);
  });
  // What was done stays, and the caller is to look how far it came.
  return error != Errno::ok && done != PageCount(0) ? Errno::eagain : error;
}

}  // namespace quire::mm
