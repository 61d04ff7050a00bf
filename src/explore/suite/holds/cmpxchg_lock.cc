// A lock of compare-exchanges that waits by await after each failure. Which attempts fail before one succeeds is
// an outcome of its own, so there are more executions than orders of the sections.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "locked"> locked;
  Plain<int, "sum"> sum;
};

template <int K>
void body(State& s, unsigned) {
  for (int i = 0; i < K; ++i) {
    for (int expected = 0; !s.locked.compare_exchange(expected, 1); expected = 0) s.locked.await_equal(0);
    s.sum += 1;
    s.locked.store(0);
  }
}

template <int Sum>
void finish(State& s) {
  expect_that(s.sum.peek() == Sum, "an increment is lost");
}

const bool kAdded[] = {
    add<State>({.name = "holds/cmpxchg_2x1", .tasks = 2, .body = body<1>, .finish = finish<2>, .executions = 4}),
    add<State>({.name = "holds/cmpxchg_3x1", .tasks = 3, .body = body<1>, .finish = finish<3>, .executions = 60}),
    add<State>({.name = "holds/cmpxchg_3x2",
                .tasks = 3,
                .body = body<2>,
                .finish = finish<6>,
                .executions = 76338,
                .size = Size::large}),
};

}  // namespace
}  // namespace quire::explore::suite
