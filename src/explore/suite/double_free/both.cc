// Two tasks free what they both found, as their first operation or after a look.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int*, "item"> item;
};

void setup(State& s) { s.item.init(make_object<int>(1)); }

void body(State& s, unsigned) {
  if (int* item = s.item.load()) {
    s.item.store(nullptr);
    destroy_object(item);
  }
}

void at_once(State& s, unsigned) { destroy_object(s.item.peek()); }

const bool kAdded[] = {
    add<State>({.name = "double_free/after_a_look",
                .tasks = 2,
                .setup = setup,
                .body = body,
                .expected = Failure::double_free,
                .executions = 6,
                .incidents = 4}),
    add<State>({.name = "double_free/at_once",
                .tasks = 2,
                .setup = setup,
                .body = at_once,
                .expected = Failure::double_free,
                .executions = 2,
                .incidents = 2}),
};

}  // namespace
}  // namespace quire::explore::suite
