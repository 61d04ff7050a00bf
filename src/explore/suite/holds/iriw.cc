// Two readers of two independent writes agree on their order.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  std::array<Atomic<int, "word">, 2> words;
  std::array<std::array<Atomic<int, "seen">, 2>, 2> seen;
};

void body(State& s, unsigned task) {
  if (task < 2) return s.words[task].store(1);
  unsigned reader = task - 2;
  s.seen[reader][0].init(s.words[reader].load());
  s.seen[reader][1].init(s.words[1 - reader].load());
}

void finish(State& s) {
  bool first_sees_0_before_1 = s.seen[0][0].peek() == 1 && s.seen[0][1].peek() == 0;
  bool second_sees_1_before_0 = s.seen[1][0].peek() == 1 && s.seen[1][1].peek() == 0;
  expect_that(!(first_sees_0_before_1 && second_sees_1_before_0), "the readers disagree");
}

const bool kAdded = add<State>({.name = "holds/iriw", .tasks = 4, .body = body, .finish = finish, .executions = 15});

}  // namespace
}  // namespace quire::explore::suite
