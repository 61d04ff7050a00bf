// An interrupt between two writes sees the one without the other; preemption off does not keep it away.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "a"> a;
  Atomic<int, "b"> b;
};

void body(State& s, unsigned task) {
  if (task == 1) return expect_that(s.a.load() == s.b.load(), "between the two writes");
  preempt_disable();
  s.a.add(1);
  s.b.add(1);
  preempt_enable();
}

const bool kAdded = add<State>({.name = "check/interrupt",
                                .tasks = 2,
                                .body = body,
                                .expected = Failure::check,
                                .executions = 6,
                                .incidents = 1,
                                .task = task_and_interrupt});

}  // namespace
}  // namespace quire::explore::suite
