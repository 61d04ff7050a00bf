// A lock is taken against the order: found by a single task, whether or not it ever bites.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  SpinLock<LockClass::test_a> outer;
  SpinLock<LockClass::test_b> inner;
};

void inverted(State& s, unsigned) {
  Guard first(s.inner);
  Guard second(s.outer);
}

void recursive(State& s, unsigned) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  Guard first(s.outer);
  Guard second(s.outer);
}

const bool kAdded[] = {
    add<State>({.name = "lock_order/inversion",
                .tasks = 1,
                .body = inverted,
                .expected = Failure::lock_order,
                .executions = 1,
                .incidents = 1}),
    add<State>({.name = "lock_order/recursive",
                .tasks = 1,
                .body = recursive,
                .expected = Failure::lock_order,
                .executions = 1,
                .incidents = 1}),
};

}  // namespace
}  // namespace quire::explore::suite
