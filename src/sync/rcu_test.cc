// Native RCU and per-CPU references: nothing goes away under a reader.
#include "sync/rcu.h"

#include <gtest/gtest.h>

#include <atomic>

#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/percpu_ref.h"
#include "sync/threads_testing.h"

namespace quire::sync {
namespace {

constexpr int kMagic = 0x5afe;

struct Item {
  std::atomic<int> state{kMagic};
  ~Item() { state.store(0); }
};

// One replaces the item again and again; the others look at it inside a reader.
template <typename Read>
void replace_under_readers(int rounds, Read read) {
  Atomic<Item*, "pointer"> pointer{make_object<Item>()};
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  run_threads(3, [&](unsigned thread) {
    if (thread != 0) {
      while (!stop.load())
        if (!read(pointer)) ++wrong;
      return;
    }
    for (int i = 0; i < rounds; ++i) {
      Item* before = pointer.exchange(make_object<Item>());
      synchronize_rcu();
      destroy_object(before);
    }
    stop = true;
  });
  EXPECT_EQ(wrong.load(), 0);
  destroy_object(pointer.load());
}

TEST(NativeRcu, GracePeriodWaitsForReaders) {
  replace_under_readers(200, [](Atomic<Item*, "pointer">& pointer) {
    RcuReader reader;
    return pointer.load()->state.load() == kMagic;
  });
}

TEST(NativeRcu, HoldersOfSpinLocksAreReaders) {
  SpinLock<LockClass::test_a> lock;
  replace_under_readers(100, [&](Atomic<Item*, "pointer">& pointer) {
    Guard guard(lock);
    return pointer.load()->state.load() == kMagic;
  });
}

TEST(NativeRcu, PreemptionOffIsAReader) {
  replace_under_readers(100, [](Atomic<Item*, "pointer">& pointer) {
    preempt_disable();
    bool right = pointer.load()->state.load() == kMagic;
    preempt_enable();
    return right;
  });
}

TEST(NativeRcu, CallbacksRunAfterAGracePeriodAndBeforeTheBarrierEnds) {
  constexpr int kCallbacks = 500;
  static std::atomic<int> ran;
  ran = 0;
  for (int i = 0; i < kCallbacks; ++i)
    call_rcu(
        [](void* item) {
          EXPECT_EQ(static_cast<Item*>(item)->state.load(), kMagic);
          destroy_object(static_cast<Item*>(item));
          ++ran;
        },
        make_object<Item>());
  rcu_barrier();
  EXPECT_EQ(ran.load(), kCallbacks);
}

TEST(NativePercpuRef, NobodyGetsItAfterTheKillAndTheLastPutReleases) {
  for (int round = 0; round < 100; ++round) {
    struct Shared {
      std::atomic<int> released{0};
      std::atomic<int> users{0};
      std::atomic<int> wrong{0};
    } shared;
    PercpuRef reference([](PercpuRef&, void* at) { ++static_cast<Shared*>(at)->released; }, &shared);
    EXPECT_FALSE(reference.try_get_live());
    reference.reinit();
    run_threads(4, [&](unsigned thread) {
      if (thread == 0) {
        for (int i = 0; i < round; ++i) native_rcu_read_lock(), native_rcu_read_unlock();
        reference.kill();
        if (reference.try_get_live()) ++shared.wrong;
        return;
      }
      while (reference.try_get_live()) {
        ++shared.users;
        if (shared.released.load() != 0) ++shared.wrong;
        --shared.users;
        reference.put();
      }
    });
    EXPECT_EQ(shared.wrong.load(), 0);
    EXPECT_EQ(shared.users.load(), 0);
    EXPECT_EQ(shared.released.load(), 1);
    EXPECT_TRUE(reference.peek_dead());
    EXPECT_EQ(reference.peek_references(), 0);
  }
}

TEST(NativePercpuRef, ComesBackToLife) {
  int released = 0;
  PercpuRef reference([](PercpuRef&, void* at) { ++*static_cast<int*>(at); }, &released);
  for (int life = 1; life <= 3; ++life) {
    reference.reinit();
    EXPECT_TRUE(reference.try_get_live());
    reference.kill();
    EXPECT_EQ(released, life - 1);
    EXPECT_EQ(reference.peek_references(), 1);
    reference.put();
    EXPECT_EQ(released, life);
  }
}

}  // namespace
}  // namespace quire::sync
