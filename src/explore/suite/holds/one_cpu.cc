// Two tasks of one CPU, or a task and an interrupt, do not run inside each other's sections.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "a"> a;
  Atomic<int, "b"> b;
  SpinLock<LockClass::test_a> lock;
};

// Without the section the other task would see a moved and b not.
void preempt_body(State& s, unsigned) {
  preempt_disable();
  expect_that(s.a.load(Order::relaxed) == s.b.load(Order::relaxed), "inside the other's section");
  s.a.add(1);
  s.b.add(1);
  preempt_enable();
}

void irq_body(State& s, unsigned task) {
  if (task == 1) return expect_that(s.a.load() == s.b.load(), "inside the section");
  local_irq_disable();
  s.a.add(1);
  s.b.add(1);
  local_irq_enable();
}

// A lock that interrupts take too is taken with interrupts off.
void lock_body(State& s, unsigned task) {
  if (task == 0) local_irq_disable();
  s.lock.lock();
  s.a.add(1);
  s.lock.unlock();
  if (task == 0) local_irq_enable();
}

const bool kAdded[] = {
    add<State>(
        {.name = "holds/preempt_disable", .tasks = 2, .body = preempt_body, .executions = 4, .task = on_one_cpu}),
    add<State>(
        {.name = "holds/irq_disable", .tasks = 2, .body = irq_body, .executions = 3, .task = task_and_interrupt}),
    add<State>({.name = "holds/irq_lock", .tasks = 2, .body = lock_body, .executions = 3, .task = task_and_interrupt}),
};

}  // namespace
}  // namespace quire::explore::suite
