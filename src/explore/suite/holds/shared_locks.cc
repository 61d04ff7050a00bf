// Readers share, a writer is alone: the spinning and the sleeping lock of that kind.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

template <typename Lock>
struct State {
  Lock lock;
  Plain<int, "left"> left;
  Plain<int, "right"> right;
};

template <typename Lock>
void body(State<Lock>& s, unsigned task) {
  if (task != 0) {
    SharedGuard guard(s.lock);
    expect_that(s.left == s.right, "half of a write is seen");
    return;
  }
  Guard guard(s.lock);
  s.left += 1;
  s.right += 1;
}

template <typename Lock>
void try_body(State<Lock>& s, unsigned task) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  bool taken = task != 0 ? s.lock.try_lock_shared() : s.lock.try_lock();
  if (!taken) return;
  if (task != 0) {
    expect_that(s.left == s.right, "half of a write is seen");
    return s.lock.unlock_shared();
  }
  s.left += 1;
  s.right += 1;
  s.lock.unlock();
}

using Spinning = RwLock<LockClass::test_b>;
using Sleeping = RwSemaphore<LockClass::mmap_lock>;
const bool kAdded[] = {
    add<State<Spinning>>({.name = "holds/rw_lock", .tasks = 3, .body = body<Spinning>, .executions = 4}),
    add<State<Sleeping>>({.name = "holds/rw_semaphore", .tasks = 3, .body = body<Sleeping>, .executions = 4}),
    add<State<Spinning>>({.name = "holds/rw_lock_try", .tasks = 3, .body = try_body<Spinning>, .executions = 14}),
    add<State<Sleeping>>({.name = "holds/rw_semaphore_try", .tasks = 3, .body = try_body<Sleeping>, .executions = 14}),
};

}  // namespace
}  // namespace quire::explore::suite
