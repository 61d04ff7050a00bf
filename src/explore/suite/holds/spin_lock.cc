// The spin lock of sync/: as many executions as orders of the sections.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  SpinLock<LockClass::test_a> lock;
  Plain<int, "sum"> sum;
};

template <int K>
void body(State& s, unsigned) {
  for (int i = 0; i < K; ++i) {
    Guard guard(s.lock);
    s.sum += 1;
  }
}

template <int Sum>
void finish(State& s) {
  expect_that(s.sum.peek() == Sum, "an increment is lost");
}

const bool kAdded[] = {
    add<State>({.name = "holds/spin_3x1", .tasks = 3, .body = body<1>, .finish = finish<3>, .executions = 6}),
    add<State>({.name = "holds/spin_3x2",
                .tasks = 3,
                .body = body<2>,
                .finish = finish<6>,
                .executions = 90,
                .size = Size::large}),
    add<State>({.name = "holds/spin_4x2",
                .tasks = 4,
                .body = body<2>,
                .finish = finish<8>,
                .executions = 2520,
                .size = Size::large}),
};

}  // namespace
}  // namespace quire::explore::suite
