// An operation, a lock or a plain field at a null pointer.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

// The undefined-behaviour sanitizer would stop what is to be shown.
#if defined(__clang__)
#define QUIRE_MAY_USE_NULL __attribute__((no_sanitize("null")))
#else
#define QUIRE_MAY_USE_NULL
#endif

struct Item {
  int first = 0;
  Atomic<int, "value"> value;
  Mutex<LockClass::test_sleeping> mutex;
  Plain<int, "field"> field;
};

struct State {
  Atomic<Item*, "item"> item;
};

QUIRE_MAY_USE_NULL void atomic(State& s, unsigned task) {
  if (task == 0) return s.item.store(nullptr);
  if (s.item.load() != nullptr) (void)s.item.load()->value.load();
}

QUIRE_MAY_USE_NULL void lock(State& s, unsigned task) {
  if (task == 0) return s.item.store(nullptr);
  if (s.item.load() != nullptr) Guard guard(s.item.load()->mutex);
}

QUIRE_MAY_USE_NULL void field(State& s, unsigned task) {
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
