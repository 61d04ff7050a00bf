// Whatever may sleep, in a spin lock, an RCU reader, with preemption or interrupts off.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  SpinLock<LockClass::test_a> spin;
  Mutex<LockClass::test_sleeping> mutex;
  Completion done;
};

void mutex_in_spin_lock(State& s, unsigned) {
  Guard outer(s.spin);
  Guard inner(s.mutex);
}

void wait_in_reader(State& s, unsigned task) {
  if (task == 1) return s.done.complete();
  RcuReader reader;
  s.done.wait_for_completion();
}

void grace_in_spin_lock(State& s, unsigned) {
  Guard outer(s.spin);
  synchronize_rcu();
}

void may_sleep_with_interrupts_off(State&, unsigned) {
  local_irq_disable();
  might_sleep("an allocation with GFP_KERNEL");
  local_irq_enable();
}

template <typename Body>
bool add_one(const char* name, unsigned tasks, Body body, uint64_t executions) {
  return add<State>({.name = name,
                     .tasks = tasks,
                     .body = body,
                     .expected = Failure::atomic_sleep,
                     .executions = executions,
                     .incidents = executions});
}

const bool kAdded[] = {
    add_one("atomic_sleep/mutex_in_spin_lock", 1, mutex_in_spin_lock, 1),
    add_one("atomic_sleep/wait_in_reader", 2, wait_in_reader, 2),
    add_one("atomic_sleep/grace_in_spin_lock", 1, grace_in_spin_lock, 1),
    add_one("atomic_sleep/interrupts_off", 1, may_sleep_with_interrupts_off, 1),
};

}  // namespace
}  // namespace quire::explore::suite
