// Two locks of one class in both orders.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  std::array<Mutex<LockClass::test_sleeping>, 2> mutexes;
};

const bool kAdded = add<State>({.name = "deadlock/ab_ba",
                                .tasks = 2,
                                .body =
                                    [](State& s, unsigned task) {
                                      Guard outer(s.mutexes[task]);
                                      Guard inner(s.mutexes[1 - task]);
                                    },
                                .expected = Failure::deadlock,
                                .executions = 3,
                                .incidents = 1});

}  // namespace
}  // namespace quire::explore::suite
