// Freed memory is touched through an atomic, a plain field or a lock in it, or was lent out and taken back.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct Item {
  Atomic<int, "value"> value;
  Plain<int, "field"> field;
  SpinLock<LockClass::test_a> lock;
};

struct State {
  Item* item = nullptr;
  Atomic<int, "freed"> freed;
};

void setup(State& s) { s.item = make_object<Item>(); }

void atomic(State& s, unsigned task) {
  if (task == 0) return destroy_object(s.item);
  (void)s.item->value.load();
}

// The flag orders the two, so this is no race.
void plain(State& s, unsigned task) {
  if (task == 0) {
    destroy_object(s.item);
    return s.freed.store(1);
  }
  s.freed.await_equal(1);
  s.item->field += 1;
}

void lock(State& s, unsigned task) {
  if (task == 0) return destroy_object(s.item);
  Guard guard(s.item->lock);
}

void poisoned(State& s, unsigned task) {
  if (task == 0) {
    poison(s.item, sizeof(Item), "frame");
    return unpoison(s.item, sizeof(Item));
  }
  (void)s.item->value.load();
}

void lent(State& s, unsigned task) {
  if (task == 0) {
    poison(s.item, sizeof(Item), "frame");
    s.freed.store(1);
    return unpoison(s.item, sizeof(Item));
  }
  (void)s.item->value.load();
}

template <typename Body>
bool add_one(const char* name, Body body, uint64_t executions, uint64_t incidents) {
  return add<State>({.name = name,
                     .tasks = 2,
                     .setup = setup,
                     .body = body,
                     .expected = Failure::uaf,
                     .executions = executions,
                     .incidents = incidents});
}

const bool kAdded[] = {
    add_one("uaf/atomic", atomic, 2, 1),       add_one("uaf/plain_field", plain, 1, 1),
    add_one("uaf/lock_in_it", lock, 3, 2),     add_one("uaf/poisoned_for_a_moment", poisoned, 3, 1),
    add_one("uaf/poisoned_frame", lent, 3, 1),
};

}  // namespace
}  // namespace quire::explore::suite
