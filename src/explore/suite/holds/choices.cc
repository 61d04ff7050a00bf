// Every value of a choice, before the first operation and between two, in every order of the rest.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "x"> x;
  Atomic<int, "chosen"> chosen;
};

void body(State& s, unsigned task) {
  if (task == 0) return s.x.store(1);
  unsigned first = hook()->choose(3, "before");
  int seen = s.x.load();
  unsigned second = hook()->choose(2, "after");
  s.chosen.init(static_cast<int>(100 * first + 10 * second) + seen);
}

const bool kAdded = add<State>({.name = "holds/choices", .tasks = 2, .body = body, .executions = 12});

}  // namespace
}  // namespace quire::explore::suite
