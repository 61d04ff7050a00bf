// N tasks with K sections under one mutex: (NK)! / (K!)^N orders.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Mutex<LockClass::test_sleeping> mutex;
  Plain<int, "sum"> sum;
};

template <int K>
void body(State& s, unsigned) {
  for (int i = 0; i < K; ++i) {
    Guard guard(s.mutex);
    s.sum += 1;
  }
}

template <int Sum>
void finish(State& s) {
  expect_that(s.sum.peek() == Sum, "an increment is lost");
}

const bool kAdded[] = {
    add<State>({.name = "holds/mutex_2x3", .tasks = 2, .body = body<3>, .finish = finish<6>, .executions = 20}),
    add<State>({.name = "holds/mutex_3x3",
                .tasks = 3,
                .body = body<3>,
                .finish = finish<9>,
                .executions = 1680,
                .size = Size::large}),
    add<State>({.name = "holds/mutex_3x4",
                .tasks = 3,
                .body = body<4>,
                .finish = finish<12>,
                .executions = 34'650,
                .size = Size::large}),
    add<State>({.name = "holds/mutex_4x3",
                .tasks = 4,
                .body = body<3>,
                .finish = finish<12>,
                .executions = 369'600,
                .size = Size::slow}),
};

}  // namespace
}  // namespace quire::explore::suite
