// Native waiting: no wake-up is lost, whoever comes first.
#include "sync/wait.h"

#include <gtest/gtest.h>

#include "sync/task.h"
#include "sync/threads_testing.h"

namespace quire::sync {
namespace {

// Two threads hand a token to and fro; a lost wake-up is a test that never ends.
TEST(NativeWait, AwaitHandsATokenOver) {
  constexpr int kRounds = 5'000;
  Atomic<int, "token"> token{0};
  run_threads(2, [&](unsigned thread) {
    for (int i = 0; i < kRounds; ++i) {
      token.await_equal(static_cast<int>(thread));
      token.store(1 - static_cast<int>(thread));
      token.wake_all();
    }
  });
  EXPECT_EQ(token.peek(), 0);
}

TEST(NativeWait, AwaitChangeSeesEachChange) {
  Atomic<int, "value"> value{0};
  run_threads(2, [&](unsigned thread) {
    if (thread == 0) {
      value.store(1);
      value.wake_all();
    } else {
      value.await_change(0);
      EXPECT_EQ(value.load(), 1);
    }
  });
}

TEST(NativeWait, QueueLosesNoWakeUp) {
  constexpr int kRounds = 3'000;
  WaitQueue queue;
  Atomic<int, "produced"> produced{0};
  Atomic<int, "consumed"> consumed{0};
  run_threads(2, [&](unsigned thread) {
    for (int i = 1; i <= kRounds; ++i) {
      if (thread == 0) {
        produced.store(i);
        queue.wake_up_all();
        queue.wait_event([&] { return consumed.load() == i; });
      } else {
        queue.wait_event([&] { return produced.load() == i; });
        consumed.store(i);
        queue.wake_up_all();
      }
    }
  });
  EXPECT_EQ(consumed.peek(), kRounds);
}

TEST(NativeWait, CompletionOrdersAndIsReusable) {
  for (int round = 0; round < 200; ++round) {
    Completion done;
    int data = 0;
    run_threads(3, [&](unsigned thread) {
      if (thread == 0) {
        data = 42;
        done.complete();
      } else {
        done.wait_for_completion();
        EXPECT_EQ(data, 42);
      }
    });
    EXPECT_TRUE(done.is_done());
    done.reinit();
    EXPECT_FALSE(done.is_done());
  }
}

TEST(NativeWait, TaskRunsAndIsJoined) {
  int data = 1;
  Task task(
      "child", [](void* at) { *static_cast<int*>(at) += 1; }, &data);
  task.join();
  EXPECT_EQ(data, 2);
}

}  // namespace
}  // namespace quire::sync
