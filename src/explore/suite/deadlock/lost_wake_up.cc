// A waiter that looks at its condition first and notes the queue afterwards sleeps through the wake-up.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<uint32_t, "sequence"> sequence;
  Atomic<int, "ready"> ready;
};

void body(State& s, unsigned task) {
  if (task == 1) {
    s.ready.store(1);
    s.sequence.add(1);
    return;
  }
  if (s.ready.load() == 1) return;
  s.sequence.await_change(s.sequence.load());
}

const bool kAdded = add<State>({.name = "deadlock/lost_wake_up",
                                .tasks = 2,
                                .body = body,
                                .expected = Failure::deadlock,
                                .executions = 3,
                                .incidents = 1});

}  // namespace
}  // namespace quire::explore::suite
