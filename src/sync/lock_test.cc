// Native locks under real threads: exclusion, sharing, and that nobody sleeps for ever.
#include "sync/lock.h"

#include <gtest/gtest.h>

#include <atomic>

#include "sync/threads_testing.h"

namespace quire::sync {
namespace {

constexpr unsigned kThreads = 4;
constexpr int kRounds = 5'000;

template <typename Lock>
void count_under(Lock& lock) {
  int sum = 0;  // not atomic: the lock is all that protects it
  run_threads(kThreads, [&](unsigned) {
    for (int i = 0; i < kRounds; ++i) {
      Guard guard(lock);
      ++sum;
    }
  });
  EXPECT_EQ(sum, static_cast<int>(kThreads) * kRounds);
}

TEST(NativeLock, MutexExcludes) {
  Mutex<LockClass::test_sleeping> lock;
  count_under(lock);
  EXPECT_FALSE(lock.peek_locked());
}
TEST(NativeLock, SpinLockExcludes) {
  SpinLock<LockClass::test_a> lock;
  count_under(lock);
  EXPECT_FALSE(lock.peek_locked());
}
TEST(NativeLock, RwLockExcludesWriters) {
  RwLock<LockClass::test_b> lock;
  count_under(lock);
}
TEST(NativeLock, RwSemaphoreExcludesWriters) {
  RwSemaphore<LockClass::mmap_lock> lock;
  count_under(lock);
}

// Readers see the two fields equal; a writer changes both. The sleeping one loses a wake-up here if it can.
template <typename Lock>
void share(Lock& lock) {
  int left = 0;
  int right = 0;
  std::atomic<int> readers = 0;
  std::atomic<int> wrong = 0;
  run_threads(kThreads, [&](unsigned thread) {
    for (int i = 0; i < kRounds; ++i) {
      if ((i + static_cast<int>(thread)) % 4 == 0) {
        Guard guard(lock);
        if (readers.load() != 0) ++wrong;
        ++left;
        ++right;
      } else {
        SharedGuard guard(lock);
        ++readers;
        if (left != right) ++wrong;
        --readers;
      }
    }
  });
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(left, static_cast<int>(kThreads) * kRounds / 4);
  EXPECT_EQ(left, right);
}

TEST(NativeLock, RwLockShares) {
  RwLock<LockClass::test_b> lock;
  share(lock);
}
TEST(NativeLock, RwSemaphoreShares) {
  RwSemaphore<LockClass::mmap_lock> lock;
  share(lock);
}

// What is held is known from the result of a trylock, which the analysis cannot follow through a test's macros.
void try_while_held() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  Mutex<LockClass::test_sleeping> mutex;
  SpinLock<LockClass::test_a> spin;
  RwSemaphore<LockClass::mmap_lock> semaphore;
  EXPECT_TRUE(mutex.try_lock());
  EXPECT_TRUE(spin.try_lock());
  EXPECT_TRUE(semaphore.try_lock_shared());
  EXPECT_TRUE(semaphore.try_lock_shared());
  run_threads(1, [&](unsigned) {
    EXPECT_FALSE(mutex.try_lock());
    EXPECT_TRUE(mutex.is_locked());
    EXPECT_FALSE(spin.try_lock());
    EXPECT_FALSE(semaphore.try_lock());
  });
  mutex.unlock();
  spin.unlock();
  semaphore.unlock_shared();
  semaphore.unlock_shared();
  EXPECT_TRUE(semaphore.try_lock());
  semaphore.unlock();
}

TEST(NativeLock, TryLockFailsWhileHeld) { try_while_held(); }

// Of those that try, as many get through as count up.
TEST(NativeLock, TryLockExcludes) {
  Mutex<LockClass::test_sleeping> lock;
  int sum = 0;
  std::atomic<int> taken = 0;
  run_threads(kThreads, [&](unsigned) {
    for (int i = 0; i < kRounds; ++i) {
      if (!lock.try_lock()) continue;
      ++sum;
      ++taken;
      lock.unlock();
    }
  });
  EXPECT_EQ(sum, taken.load());
  EXPECT_GT(sum, 0);
}

void unlock_it(Mutex<LockClass::test_sleeping>& lock) QUIRE_NO_THREAD_SAFETY_ANALYSIS { lock.unlock(); }

TEST(NativeLockDeathTest, UnlockOfWhatIsNotHeldIsABug) {
  EXPECT_DEATH(
      {
        Mutex<LockClass::test_sleeping> lock;
        unlock_it(lock);
      },
      "unlock of a lock that is not held");
}

// A guard that outlives nothing: the table of classes and its enum agree.
TEST(LockClass, RulesAreThoseOfTheTable) {
  EXPECT_STREQ(rule(LockClass::folio_lock).name, "folio_lock");
  EXPECT_EQ(rule(LockClass::folio_lock).kind, LockKind::sleep);
  EXPECT_LT(rule(LockClass::mmap_lock).rank, rule(LockClass::page_table_lock).rank);
  EXPECT_LT(rule(LockClass::si_lock).rank, rule(LockClass::cluster_lock).rank);
}

}  // namespace
}  // namespace quire::sync
