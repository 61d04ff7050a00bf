// Two tasks repeat until the other one has changed something, and neither does.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  std::array<Atomic<int, "ready">, 2> ready;
};

void body(State& s, unsigned task) {
  while (s.ready[1 - task].load() == 0) retry_point("not ready");
  s.ready[task].store(1);
}

const bool kAdded = add<State>({.name = "livelock/each_waits_for_the_other",
                                .tasks = 2,
                                .body = body,
                                .expected = Failure::livelock,
                                .executions = 1,
                                .incidents = 1});

}  // namespace
}  // namespace quire::explore::suite
