// A repeated look that ends because another task changes what it looks at.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "ready"> ready;
  Mutex<LockClass::test_sleeping> mutex;
};

void body(State& s, unsigned task) {
  if (task == 0) return s.ready.store(1);
  while (s.ready.load() == 0) retry_point("not ready");
}

void trylock_body(State& s, unsigned) {
  while (!s.mutex.try_lock()) retry_point("locked");
  s.mutex.unlock();
}

const bool kAdded[] = {
    add<State>({.name = "holds/retry", .tasks = 2, .body = body, .executions = 2}),
    add<State>({.name = "holds/retry_trylock", .tasks = 2, .body = trylock_body, .executions = 4}),
};

}  // namespace
}  // namespace quire::explore::suite
