// A completion orders what was done before it with what is done after the wait.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Completion done;
  Plain<int, "data"> data;
};

const bool kAdded = add<State>({.name = "holds/completion",
                                .tasks = 3,
                                .body =
                                    [](State& s, unsigned task) {
                                      if (task != 0) {
                                        s.done.wait_for_completion();
                                        expect_that(s.data == 1, "completed too early");
                                        return;
                                      }
                                      s.data = 1;
                                      s.done.complete();
                                    },
                                .executions = 1});

}  // namespace
}  // namespace quire::explore::suite
