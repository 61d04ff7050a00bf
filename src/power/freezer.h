// Freezer: keeps tasks from going on, at places where they hold nothing: on their way into a call.
//
//   runs -> freeze() of its kind: goes on to the end of its call, and waits at the next -> thaw(): goes on
// Kinds are frozen one after the other: user tasks first, then kernel threads that agreed to it. What is in flight when
// freeze() is called is waited for, in an explored machine until a time limit that a scenario sets: then -EBUSY.
// Kernel threads of kind `never` are not waited for and go on: only the loss of their CPU stops them, anywhere.
//   Locks: none. Linux: kernel/power/process.c, kernel/freezer.c
//
//   Errno error = freezer.freeze(Freezes::user);
//   freezer.thaw();
#pragma once

#include "base/result.h"
#include "sync/atomic.h"

namespace quire::power {

/// How a task takes part. Linux: PF_KTHREAD, set_freezable(), PF_NOFREEZE
enum class Freezes : uint8_t { user, kthread, never };

class Freezer {
 public:
  Freezer() = default;
  Freezer(const Freezer&) = delete;
  Freezer& operator=(const Freezer&) = delete;

  /// A task begins a call; waits while its kind is frozen. Linux: try_to_freeze()
  void enter(Freezes kind);
  void leave(Freezes kind);
  /// Returns when no task of the kind is in a call; none begins one until thaw(). -EBUSY: the time limit; what was
  /// frozen runs again. Not by a task that is in a call itself. Fail point "freeze_timeout". Linux: freeze_processes(),
  /// freeze_kernel_threads()
  [[nodiscard]] base::Errno freeze(Freezes kind);
  /// All kinds. Linux: thaw_processes()
  void thaw();

 private:
  static constexpr unsigned kKinds = 2;
  struct Kind {
    sync::Atomic<uint32_t, "freezing"> frozen{0};
    sync::Atomic<uint32_t, "in flight"> in_flight{0};
  };
  Kind kinds_[kKinds];
};

}  // namespace quire::power
