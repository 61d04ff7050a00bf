// An item is freed without a grace period, or with one that does not wait for holders of spin locks.
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
  if (task == 0) return destroy_object(s.pointer.exchange(nullptr));
  RcuReader reader;
  if (Item* item = s.pointer.load()) (void)item->value.load();
}

struct SpinState : State {
  SpinLock<LockClass::test_a> lock;
};
void spin_setup(SpinState& s) { setup(s); }
void spin_body(SpinState& s, unsigned task) {
  if (task == 0) {
    Item* item = s.pointer.exchange(nullptr);
    synchronize_rcu();
    return destroy_object(item);
  }
  Guard guard(s.lock);
  if (Item* item = s.pointer.load()) (void)item->value.load();
}

const bool kAdded[] = {
    add<State>({.name = "uaf/rcu_without_grace",
                .tasks = 2,
                .setup = setup,
                .body = body,
                .expected = Failure::uaf,
                .executions = 3,
                .incidents = 1}),
    add<SpinState>({.name = "uaf/spin_lock_is_no_reader",
                    .tasks = 2,
                    .setup = spin_setup,
                    .body = spin_body,
                    .expected = Failure::uaf,
                    .executions = 3,
                    .incidents = 1,
                    .options = {.spinlock_is_reader = ExecutorOptions::SpinlockIsReader::no}}),
};

}  // namespace
}  // namespace quire::explore::suite
