// An item is taken out, a grace period passes, and it is freed: no reader sees freed memory.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct Item {
  Atomic<int, "value"> value{7};
};

struct State {
  Atomic<Item*, "pointer"> pointer;
};

void setup(State& s) { s.pointer.init(make_object<Item>()); }

void body(State& s, unsigned task) {
  if (task != 0) {
    RcuReader reader;
    if (Item* item = s.pointer.load()) expect_that(item->value.load() == 7, "a wrong value");
    return;
  }
  Item* item = s.pointer.exchange(nullptr);
  synchronize_rcu();
  destroy_object(item);
}

// The reader holds a spin lock instead: that is a reader too.
struct SpinState : State {
  SpinLock<LockClass::test_a> lock;
};
void spin_setup(SpinState& s) { setup(s); }
void spin_body(SpinState& s, unsigned task) {
  if (task == 0) return body(s, task);
  Guard guard(s.lock);
  if (Item* item = s.pointer.load()) expect_that(item->value.load() == 7, "a wrong value");
}

const bool kAdded[] = {
    add<State>({.name = "holds/rcu_removal", .tasks = 2, .setup = setup, .body = body, .executions = 5}),
    add<State>({.name = "holds/rcu_removal_two_readers", .tasks = 3, .setup = setup, .body = body, .executions = 25}),
    add<SpinState>(
        {.name = "holds/rcu_spin_reader", .tasks = 2, .setup = spin_setup, .body = spin_body, .executions = 5}),
};

}  // namespace
}  // namespace quire::explore::suite
