// ShmemFalloc: a hole that is being punched into a tmpfs file, and the faults that wait for its end.
//
// It stands in the puncher's stack frame: it exists from before publish() to after end(), and nobody else frees it. A
// waiter stands in the frame of its fault. Both meet only under the lock of FallocSlot, the inode's i_lock:
//   publish()  the inode leads to the descriptor       fault inside: links its waiter, sleeps on its own word
//   end()      the inode leads nowhere; each waiter is unlinked and woken
//
// I1  a waiter that was woken is in no list: it must not look at the descriptor, which may be gone by then
// I2  the frame of a waiter outlives the wake-up: the fault takes the lock once more before it returns
// Linux: mm/shmem.c struct shmem_falloc, shmem_falloc_wait(), shmem_fallocate()
//
//   sync::Box<ShmemFalloc> hole = sync::make_box<ShmemFalloc>(range);
//   inode.falloc.publish(*hole);  ...  inode.falloc.end();
#pragma once

#include "base/defects.h"
#include "base/types.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::fs {

struct FallocWaiter {
  sync::Atomic<uint32_t, "shmem_fault_wait"> woken{0};
  FallocWaiter* next = nullptr;  ///< announced by ShmemFalloc::waiters
};

struct ShmemFalloc {
  explicit ShmemFalloc(base::Range<base::FileIndex> range) : hole(range) {}
  const base::Range<base::FileIndex> hole;
  sync::Plain<FallocWaiter*, "shmem_falloc_waitq"> waiters{nullptr};
};

/// What leads from an inode to the punch in progress, of which there is one at most. Linux: inode->i_private
class FallocSlot {
 public:
  /// Only the holder of i_rwsem.
  void publish(ShmemFalloc& hole);
  /// Wakes all faults that wait; the descriptor is the caller's alone afterwards.
  void end();
  /// If `index` is being punched: sleeps until it is not any more, and true.
  [[nodiscard]] bool shmem_falloc_wait(base::FileIndex index, base::DefectSet defects);
  [[nodiscard]] bool peek_none() const { return punch_.peek() == nullptr; }

 private:
  static void finish_wait(ShmemFalloc& queue, FallocWaiter& waiter);

  sync::SpinLock<sync::LockClass::i_lock> i_lock_;
  /// Changed under i_lock_; looked at without it by faults, most of which meet no punch.
  sync::Atomic<ShmemFalloc*, "inode->i_private"> punch_{nullptr};
};

}  // namespace quire::fs
