// A lock is released twice, or by a task that did not take it.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Mutex<LockClass::test_sleeping> mutex;
  Atomic<int, "locked"> locked;
};

// Clang's analysis would not let these be built.
void twice(State& s, unsigned) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  s.mutex.lock();
  s.mutex.unlock();
  s.mutex.unlock();
}

void by_another(State& s, unsigned task) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (task == 0) {
    s.mutex.lock();
    s.locked.store(1);
    s.locked.await_equal(2);
    s.mutex.unlock();
  } else if (s.locked.load() == 1) {
    s.mutex.unlock();
  } else {
    s.locked.await_equal(1);
    s.locked.store(2);
  }
}

const bool kAdded[] = {
    add<State>({.name = "double_unlock/twice",
                .tasks = 1,
                .body = twice,
                .expected = Failure::double_unlock,
                .executions = 1,
                .incidents = 1}),
    add<State>({.name = "double_unlock/by_another",
                .tasks = 2,
                .body = by_another,
                .expected = Failure::double_unlock,
                .executions = 2,
                .incidents = 1}),
};

}  // namespace
}  // namespace quire::explore::suite
