// Two plain accesses with nothing that orders them; one execution is enough to see it.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct Item {
  Plain<int, "field"> field;
};

struct State {
  Plain<int, "data"> data;
  Atomic<int, "flag"> flag;
  Atomic<int, "other"> other;
  Item* item = nullptr;
};

void setup(State& s) { s.item = make_object<Item>(); }

void at_once(State& s, unsigned) { s.data += 1; }

void after_a_step(State& s, unsigned task) {
  if (task == 0) {
    s.data = 1;
    return s.flag.store(1);
  }
  (void)s.other.load();
  (void)s.data.get();
}

// The flag is seen, but it orders nothing.
void relaxed(State& s, unsigned task) {
  if (task == 0) {
    s.data = 1;
    return s.flag.store(1, Order::relaxed);
  }
  if (s.flag.load() == 1) (void)s.data.get();
}

void freed(State& s, unsigned task) {
  if (task == 0) {
    s.item->field = 1;
    return s.flag.store(1, Order::relaxed);
  }
  s.flag.await_equal(1);
  destroy_object(s.item);
}

template <typename Body>
bool add_one(const char* name, Body body, uint64_t executions, uint64_t incidents) {
  return add<State>({.name = name,
                     .tasks = 2,
                     .setup = setup,
                     .body = body,
                     .expected = Failure::race,
                     .executions = executions,
                     .incidents = incidents});
}

const bool kAdded[] = {
    add_one("race/at_once", at_once, 1, 1),
    add_one("race/after_a_step", after_a_step, 1, 1),
    add_one("race/relaxed_flag", relaxed, 2, 1),
    add_one("race/freed_meanwhile", freed, 1, 1),
};

}  // namespace
}  // namespace quire::explore::suite
