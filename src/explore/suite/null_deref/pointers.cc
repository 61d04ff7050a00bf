// An operation, a lock or a plain field at a null pointer.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct Item {
  int first = 0;
  Atomic<int, "value"> value;
  Mutex<LockClass::test_sleeping> mutex;
  Plain<int, "field"> field;
};

struct State {
  Atomic<Item*, "item"> item;
};

void atomic(State& s, unsigned task) {
  if (task == 0) return s.item.store(nullptr);
  if (s.item.load() != nullptr) (void)s.item.load()->value.load();
}

void lock(State& s, unsigned task) {
  if (task == 0) return s.item.store(nullptr);
  if (s.item.load() != nullptr) Guard guard(s.item.load()->mutex);
}

void field(State& s, unsigned task) {
  if (task == 0) return s.item.store(nullptr);
  if (s.item.load() != nullptr) (void)s.item.load()->field.get();
}

template <typename Body>
bool add_one(const char* name, Body body) {
  return add<State>({.name = name,
                     .tasks = 2,
                     .setup = [](State& s) { s.item.init(make_object<Item>()); },
                     .body = body,
                     .expected = Failure::null_deref,
                     .executions = 3,
                     .incidents = 1});
}

const bool kAdded[] = {
    add_one("null_deref/atomic", atomic),
    add_one("null_deref/lock", lock),
    add_one("null_deref/plain_field", field),
};

}  // namespace
}  // namespace quire::explore::suite
