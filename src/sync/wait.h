// Waiting: WaitQueue (wait_event, wake_up), Completion, and the end of a repeated iteration.
//
//   queue.wait_event([&] { return done.load() != 0; });
//   done.store(1); queue.wake_up_all();
//
// A waiter notes the queue's sequence, looks at its condition, and sleeps only while the sequence is what it noted: a
// wake-up between the look and the sleep is not lost. To a driver a waiter is blocked, not spinning.
#pragma once

#include <cstdint>

#include "sync/atomic.h"

namespace quire::sync {

/// Linux: include/linux/wait.h
class WaitQueue {
 public:
  /// Sleeps until `condition()`; whoever makes it true calls wake_up_all() afterwards.
  template <typename Condition>
  void wait_event(Condition condition) {
    for (;;) {
      uint32_t seen = sequence_.load();
      if (condition()) return;
      sequence_.await_change(seen);
    }
  }
  void wake_up_all() {
    sequence_.add(1, Order::release);
    sequence_.wake_all();
  }

 private:
  Atomic<uint32_t, "wait_queue"> sequence_{0};
};

/// One event that happens once until reinit(). Linux: kernel/sched/completion.c
class Completion {
 public:
  void complete() {
    done_.store(1);
    done_.wake_all();
  }
  void wait_for_completion() { done_.await_equal(1); }
  /// Only while nobody waits.
  void reinit() { done_.store(0); }
  [[nodiscard]] bool is_done() const { return done_.load() != 0; }

 private:
  Atomic<uint32_t, "completion"> done_{0};
};

/// The end of an iteration that repeats only because of what it read ("try again"). Natively gives up the CPU once;
/// explored the task waits until something it read was changed by another, and a wait without end is a livelock.
void retry_point(const char* what);

/// Fails as atomic_sleep when the caller must not sleep. Linux: might_sleep()
inline void might_sleep(const char* what) {
  if (driven()) [[unlikely]]
    announce_might_sleep(what);
}

}  // namespace quire::sync
