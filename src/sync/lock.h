// Locks: Mutex, SpinLock, RwSemaphore, RwLock and BitWaitLock, each four bytes, each with a class from lock_order.def.
//
//   SpinLock<LockClass::cluster_lock> lock_;
//   Guard guard(lock_);
//
// States of the word: 0 free; kExclusive held by one; n readers (shared locks). Natively waiting is std::atomic::wait;
// the extra bit kContended says that somebody sleeps. While a spin lock is held its owner is an RCU reader and must not
// sleep (SEMANTICS 0.5). Under a driver the driver knows the owner and reports unlock by anybody else, inversion of the
// order and sleeping in atomic context.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/assert.h"
#include "base/thread_annotations.h"
#include "sync/hook.h"
#include "sync/rcu.h"

namespace quire::sync {

/// The word under every lock. Not used directly.
class LockWord {
 public:
  static constexpr uint32_t kExclusive = 0x8000'0000;
  static constexpr uint32_t kContended = 0x4000'0000;
  static constexpr uint32_t kReaders = 0x3fff'ffff;

  LockWord() = default;
  LockWord(const LockWord&) = delete;
  LockWord& operator=(const LockWord&) = delete;

  // Operations under a driver, all out of line: what runs natively stays small.
  void driven_lock(LockClass lock_class, OpFlag flags);
  void driven_lock_shared(LockClass lock_class, OpFlag flags);
  [[nodiscard]] bool driven_try_lock(LockClass lock_class, OpFlag flags);
  [[nodiscard]] bool driven_try_lock_shared(LockClass lock_class, OpFlag flags);
  void driven_unlock(LockClass lock_class, OpFlag flags);
  void driven_unlock_shared(LockClass lock_class, OpFlag flags);
  [[nodiscard]] bool driven_is_locked(LockClass lock_class) const;

  [[nodiscard]] bool held_exclusive() const { return (word_.load(std::memory_order_acquire) & kExclusive) != 0; }

  // Native operations.
  [[nodiscard]] bool native_try_exclusive() {
    uint32_t seen = word_.load(std::memory_order_relaxed);
    return (seen & (kExclusive | kReaders)) == 0 &&
           word_.compare_exchange_strong(seen, seen | kExclusive, std::memory_order_acquire, std::memory_order_relaxed);
  }
  [[nodiscard]] bool native_try_shared() {
    uint32_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & kExclusive) == 0)
      if (word_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    return false;
  }
  void native_sleep_exclusive() {
    if (!native_try_exclusive()) sleep_until(kExclusive | kReaders, kExclusive);
  }
  void native_sleep_shared() {
    if (!native_try_shared()) sleep_until(kExclusive, 1);
  }
  void native_spin_exclusive() {
    if (!native_try_exclusive()) spin_until_exclusive();
  }
  void native_spin_shared() {
    if (!native_try_shared()) spin_until_shared();
  }
  void native_release_exclusive() {
    uint32_t before = word_.exchange(0, std::memory_order_release);
    QUIRE_ASSERT((before & kExclusive) != 0, "unlock of a lock that is not held");
    if ((before & kContended) != 0) [[unlikely]]
      word_.notify_all();
  }
  void native_release_shared() {
    uint32_t before = word_.fetch_sub(1, std::memory_order_release);
    QUIRE_ASSERT((before & kReaders) != 0, "shared unlock of a lock that is not held");
    if ((before & kContended) != 0 && (before & kReaders) == 1) [[unlikely]]
      wake_after_last_reader();
  }

 private:
  [[nodiscard]] Condition free_of(uint32_t busy) const { return {&word_, busy, 0, 4, Condition::Test::equal}; }
  // Effects, after a driver's step: nobody else runs.
  void set_exclusive() { word_.store(word_.load(std::memory_order_relaxed) | kExclusive, std::memory_order_relaxed); }
  void clear_exclusive() {
    word_.store(word_.load(std::memory_order_relaxed) & ~kExclusive, std::memory_order_relaxed);
  }
  void add_reader(int delta) {
    word_.store(word_.load(std::memory_order_relaxed) + static_cast<uint32_t>(delta), std::memory_order_relaxed);
  }
  [[nodiscard]] bool busy(uint32_t bits) const { return (word_.load(std::memory_order_relaxed) & bits) != 0; }

  void sleep_until(uint32_t busy, uint32_t gain);
  void spin_until_exclusive();
  void spin_until_shared();
  void wake_after_last_reader();

  std::atomic<uint32_t> word_{0};
};

/// A sleeping exclusive lock.
template <LockClass Class>
class QUIRE_CAPABILITY("mutex") Mutex {
  static_assert(rule(Class).kind == LockKind::sleep);

 public:
  void lock() QUIRE_ACQUIRE() {
    if (driven()) [[unlikely]]
      return word_.driven_lock(Class, OpFlag::may_sleep);
    word_.native_sleep_exclusive();
  }
  [[nodiscard]] bool try_lock() QUIRE_TRY_ACQUIRE(true) {
    if (driven()) [[unlikely]]
      return word_.driven_try_lock(Class, OpFlag::none);
    return word_.native_try_exclusive();
  }
  void unlock() QUIRE_RELEASE() {
    if (driven()) [[unlikely]]
      return word_.driven_unlock(Class, OpFlag::none);
    word_.native_release_exclusive();
  }
  /// Whether anybody holds it: a step that reads.
  [[nodiscard]] bool is_locked() const {
    if (driven()) [[unlikely]]
      return word_.driven_is_locked(Class);
    return word_.held_exclusive();
  }
  /// For check() and dump() at quiescent points.
  [[nodiscard]] bool peek_locked() const { return word_.held_exclusive(); }

 private:
  LockWord word_;
};

/// The folio lock: a sleeping lock with trylock, which another context than the one that took it may not release.
/// Linux: mm/filemap.c folio_lock(), folio_unlock()
template <LockClass Class>
using BitWaitLock = Mutex<Class>;

/// A spinning exclusive lock; an RCU reader while held.
template <LockClass Class>
class QUIRE_CAPABILITY("spinlock") SpinLock {
  static_assert(rule(Class).kind == LockKind::spin);

 public:
  void lock() QUIRE_ACQUIRE() {
    if (driven()) [[unlikely]]
      return word_.driven_lock(Class, OpFlag::spins);
    native_rcu_read_lock();
    word_.native_spin_exclusive();
  }
  [[nodiscard]] bool try_lock() QUIRE_TRY_ACQUIRE(true) {
    if (driven()) [[unlikely]]
      return word_.driven_try_lock(Class, OpFlag::spins);
    native_rcu_read_lock();
    if (word_.native_try_exclusive()) return true;
    native_rcu_read_unlock();
    return false;
  }
  void unlock() QUIRE_RELEASE() {
    if (driven()) [[unlikely]]
      return word_.driven_unlock(Class, OpFlag::spins);
    word_.native_release_exclusive();
    native_rcu_read_unlock();
  }
  [[nodiscard]] bool peek_locked() const { return word_.held_exclusive(); }

 private:
  LockWord word_;
};

/// Shared and exclusive; `Spins` decides between RwLock and RwSemaphore. Readers may starve a writer; nothing relies on
/// fairness.
template <LockClass Class, LockKind Kind>
class QUIRE_CAPABILITY("rwlock") SharedLock {
  static_assert(rule(Class).kind == Kind);
  static constexpr OpFlag kFlags = Kind == LockKind::spin ? OpFlag::spins : OpFlag::may_sleep;
  static constexpr OpFlag kNoWaitFlags = Kind == LockKind::spin ? OpFlag::spins : OpFlag::none;

 public:
  void lock() QUIRE_ACQUIRE() {
    if (driven()) [[unlikely]]
      return word_.driven_lock(Class, kFlags);
    if constexpr (Kind == LockKind::spin) {
      native_rcu_read_lock();
      word_.native_spin_exclusive();
    } else {
      word_.native_sleep_exclusive();
    }
  }
  void lock_shared() QUIRE_ACQUIRE_SHARED() {
    if (driven()) [[unlikely]]
      return word_.driven_lock_shared(Class, kFlags);
    if constexpr (Kind == LockKind::spin) {
      native_rcu_read_lock();
      word_.native_spin_shared();
    } else {
      word_.native_sleep_shared();
    }
  }
  [[nodiscard]] bool try_lock() QUIRE_TRY_ACQUIRE(true) {
    if (driven()) [[unlikely]]
      return word_.driven_try_lock(Class, kNoWaitFlags);
    if constexpr (Kind == LockKind::spin) native_rcu_read_lock();
    if (word_.native_try_exclusive()) return true;
    if constexpr (Kind == LockKind::spin) native_rcu_read_unlock();
    return false;
  }
  [[nodiscard]] bool try_lock_shared() QUIRE_TRY_ACQUIRE_SHARED(true) {
    if (driven()) [[unlikely]]
      return word_.driven_try_lock_shared(Class, kNoWaitFlags);
    if constexpr (Kind == LockKind::spin) native_rcu_read_lock();
    if (word_.native_try_shared()) return true;
    if constexpr (Kind == LockKind::spin) native_rcu_read_unlock();
    return false;
  }
  void unlock() QUIRE_RELEASE() {
    if (driven()) [[unlikely]]
      return word_.driven_unlock(Class, kNoWaitFlags);
    word_.native_release_exclusive();
    if constexpr (Kind == LockKind::spin) native_rcu_read_unlock();
  }
  void unlock_shared() QUIRE_RELEASE_SHARED() {
    if (driven()) [[unlikely]]
      return word_.driven_unlock_shared(Class, kNoWaitFlags);
    word_.native_release_shared();
    if constexpr (Kind == LockKind::spin) native_rcu_read_unlock();
  }

 private:
  LockWord word_;
};

template <LockClass Class>
using RwLock = SharedLock<Class, LockKind::spin>;
template <LockClass Class>
using RwSemaphore = SharedLock<Class, LockKind::sleep>;

/// Holds a lock exclusively while it lives.
template <typename Lock>
class QUIRE_SCOPED_CAPABILITY Guard {
 public:
  explicit Guard(Lock& lock) QUIRE_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  ~Guard() QUIRE_RELEASE() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};

/// Holds a lock shared while it lives.
template <typename Lock>
class QUIRE_SCOPED_CAPABILITY SharedGuard {
 public:
  explicit SharedGuard(Lock& lock) QUIRE_ACQUIRE_SHARED(lock) : lock_(lock) { lock_.lock_shared(); }
  ~SharedGuard() QUIRE_RELEASE() { lock_.unlock_shared(); }
  SharedGuard(const SharedGuard&) = delete;
  SharedGuard& operator=(const SharedGuard&) = delete;

 private:
  Lock& lock_;
};

}  // namespace quire::sync
