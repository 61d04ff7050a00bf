// What a task does before it ends is known to whoever joins it; what its maker did before, to the task.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Plain<int, "data"> data;
  Atomic<int, "others"> others;
};

void body(State& s, unsigned task) {
  if (task == 1) {
    s.others.fetch_add(1);
    return;
  }
  s.data = 1;
  Task child(
      "child",
      [](void* at) {
        auto& state = *static_cast<State*>(at);
        state.data += 1;
        state.others.fetch_add(2);
      },
      &s);
  child.join();
  expect_that(s.data == 2, "the child is not done");
}

const bool kAdded = add<State>({.name = "holds/spawn_join", .tasks = 2, .body = body, .executions = 2});

}  // namespace
}  // namespace quire::explore::suite
