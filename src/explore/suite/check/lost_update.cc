// Load, add one, store: two tasks lose an update.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "sum"> sum;
};

const bool kAdded = add<State>({.name = "check/lost_update",
                                .tasks = 2,
                                .body = [](State& s, unsigned) { s.sum.store(s.sum.load() + 1); },
                                .finish = [](State& s) { expect_that(s.sum.peek() == 2, "an update is lost"); },
                                .expected = Failure::check,
                                .executions = 4,
                                .incidents = 2});

}  // namespace
}  // namespace quire::explore::suite
