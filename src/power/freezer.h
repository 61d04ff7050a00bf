// Freezer: keeps tasks from going on, at places where they hold nothing: on their way into a call.
//
//   runs -> freeze() of its kind: goes on to the end of its call, and waits at the next -> thaw(): goes on
// Kinds are frozen one after the other: user tasks first, then kernel threads that agreed to it. What is in flight when
// freeze() is called is waited for up to a time limit, in an explored machine one that a scenario sets: then -EBUSY.
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

/// Who is told which tasks did not freeze, while they still do not.
class FreezeWitness {
 public:
  virtual void would_not_freeze(Freezes kind) = 0;

 protected:
  ~FreezeWitness() = default;
};

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
  [[nodiscard]] base::Errno freeze(Freezes kind, FreezeWitness* witness = nullptr);
  /// For each kind, natively. Linux: /sys/power/pm_freeze_timeout
  void set_timeout(uint32_t milliseconds) { timeout_milliseconds_ = milliseconds; }
  static constexpr uint32_t kTimeoutMilliseconds = 20'000;
  /// Whether user tasks are to freeze, or frozen: nobody is killed for memory meanwhile. Linux: oom_killer_disable()
  [[nodiscard]] bool oom_killer_disabled() const { return kinds_[0].frozen.load() != 0; }
  /// All kinds. Linux: thaw_processes()
  void thaw();

 private:
  static constexpr unsigned kKinds = 2;
  struct Kind {
    sync::Atomic<uint32_t, "freezing"> frozen{0};
    sync::Atomic<uint32_t, "in flight"> in_flight{0};
  };
  /// Whether they have all stopped in time.
  [[nodiscard]] bool wait_natively(const Kind& kind) const;

  Kind kinds_[kKinds];
  uint32_t timeout_milliseconds_ = kTimeoutMilliseconds;  ///< set while nobody freezes
};

}  // namespace quire::power
