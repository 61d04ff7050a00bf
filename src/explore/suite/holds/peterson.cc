// Peterson's lock for two tasks. Its busy wait looks at two words in two steps and is repeated when one of them
// changed, so there are more executions than with a wait for both at once (4 and 48).
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  std::array<Atomic<int, "wants">, 2> wants;
  Atomic<unsigned, "turn"> turn;
  Plain<int, "sum"> sum;
};

template <int Rounds>
void body(State& s, unsigned task) {
  for (int i = 0; i < Rounds; ++i) {
    s.wants[task].store(1);
    s.turn.store(1 - task);
    while (s.wants[1 - task].load() == 1 && s.turn.load() == 1 - task) retry_point("the other's turn");
    s.sum += 1;
    s.wants[task].store(0);
  }
}

template <int Sum>
void finish(State& s) {
  expect_that(s.sum.peek() == Sum, "an increment is lost");
}

const bool kAdded[] = {
    add<State>({.name = "holds/peterson_1", .tasks = 2, .body = body<1>, .finish = finish<2>, .executions = 14}),
    add<State>({.name = "holds/peterson_2",
                .tasks = 2,
                .body = body<2>,
                .finish = finish<4>,
                .executions = 7550,
                .size = Size::large}),
};

}  // namespace
}  // namespace quire::explore::suite
