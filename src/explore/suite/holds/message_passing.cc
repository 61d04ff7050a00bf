// Whoever sees the flag sees the data that was written before it.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Plain<int, "data"> data;
  Atomic<int, "flag"> flag;
};

void body(State& s, unsigned task) {
  if (task == 0) {
    s.data = 42;
    s.flag.store(1);
  } else if (s.flag.load() == 1) {
    expect_that(s.data == 42, "the flag without the data");
  }
}

void waiting_body(State& s, unsigned task) {
  if (task == 0) {
    s.data = 42;
    s.flag.store(1);
  } else {
    s.flag.await_equal(1);
    expect_that(s.data == 42, "the flag without the data");
  }
}

const bool kAdded[] = {
    add<State>({.name = "holds/message_passing", .tasks = 2, .body = body, .executions = 2}),
    add<State>({.name = "holds/message_passing_await", .tasks = 3, .body = waiting_body, .executions = 1}),
};

}  // namespace
}  // namespace quire::explore::suite
