// Two tasks that spin on one word under a lock, until a third changes it. That each takes the lock and lets it go again
// is nothing to the other, or the two would keep each other going for ever while the third waits for its turn.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  SpinLock<LockClass::test_a> lock;
  Atomic<int, "busy"> busy{1};
};

void body(State& s, unsigned task) {
  if (task == 0) return s.busy.store(0);
  for (;;) {
    {
      sync::Guard guard(s.lock);
      if (s.busy.load() == 0) return;
    }
    retry_point("busy");
  }
}

const bool kAdded = add<State>({.name = "holds/spinners", .tasks = 3, .body = body, .executions = 34});

}  // namespace
}  // namespace quire::explore::suite
