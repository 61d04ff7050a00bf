// An interrupt wants the spin lock that the task it interrupted holds.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  SpinLock<LockClass::test_a> lock;
};

const bool kAdded = add<State>({.name = "deadlock/interrupt_takes_held_lock",
                                .tasks = 2,
                                .body = [](State& s, unsigned) { Guard guard(s.lock); },
                                .expected = Failure::deadlock,
                                .executions = 4,
                                .incidents = 1,
                                .task = task_and_interrupt});

}  // namespace
}  // namespace quire::explore::suite
