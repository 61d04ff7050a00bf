// SwapUsers: the address spaces that may hold swap entries, for swapoff to visit (Linux: the mmlist of init_mm).
//
// An address space joins before its first swap entry is visible and leaves when it is torn down.
// Locks: mmlist_lock (spins), inside the page-table lock. Linux: mm/swapfile.c try_to_unuse(), include/linux/sched/mm.h
#pragma once

#include "base/result.h"
#include "sync/atomic.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::swap {

class SwapArea;
class SwapUsers;

/// Implemented by mm's address space.
class SwapUser {
 public:
  /// One more user unless the last is gone. No sleeping. Linux: mmget_not_zero()
  [[nodiscard]] virtual bool mmget_not_zero() = 0;
  /// May tear the address space down; sleeps. Linux: mmput()
  virtual void mmput() = 0;
  /// Brings in every page whose entry names `area`; sleeps. Linux: mm/swapfile.c unuse_mm()
  [[nodiscard]] virtual base::Errno unuse_mm(SwapArea& area) = 0;

  [[nodiscard]] bool peek_on_list() const { return on_list_.peek() != 0; }

 protected:
  ~SwapUser() = default;

 private:
  friend class SwapUsers;
  SwapUser* next_ = nullptr;
  SwapUser* previous_ = nullptr;
  /// Written under mmlist_lock, looked at without it.
  sync::Atomic<uint32_t, "mm on mmlist"> on_list_{0};
};

class SwapUsers {
 public:
  using Lock = sync::SpinLock<sync::LockClass::mmlist_lock>;
  Lock& mmlist_lock() QUIRE_RETURN_CAPABILITY(lock_) { return lock_; }

  /// Puts `user` at the end unless it is on the list. One look without the lock when it is.
  void add(SwapUser& user);
  /// Takes `user` off the list if it is on it: before it is destroyed.
  void remove(SwapUser& user);

  /// With mmlist_lock held: the first, and the one after `user` (which is on the list); nullptr at the end.
  [[nodiscard]] SwapUser* first_locked() QUIRE_REQUIRES(lock_) { return first_; }
  [[nodiscard]] SwapUser* next_locked(const SwapUser& user) QUIRE_REQUIRES(lock_);

 private:
  Lock lock_;
  sync::Plain<SwapUser*, "mmlist"> first_ QUIRE_GUARDED_BY(lock_){nullptr};
  SwapUser* last_ QUIRE_GUARDED_BY(lock_) = nullptr;
};

}  // namespace quire::swap
