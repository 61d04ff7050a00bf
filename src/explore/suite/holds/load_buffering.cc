// Each task loads one word and then stores to the other: not both loads see the stores.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  std::array<Atomic<int, "word">, 2> words;
  std::array<Atomic<int, "seen">, 2> seen;
};

const bool kAdded = add<State>(
    {.name = "holds/load_buffering",
     .tasks = 2,
     .body =
         [](State& s, unsigned task) {
           s.seen[task].init(s.words[task].load());
           s.words[1 - task].store(1);
         },
     .finish = [](State& s) { expect_that(s.seen[0].peek() + s.seen[1].peek() < 2, "values out of nothing"); },
     .executions = 3});

}  // namespace
}  // namespace quire::explore::suite
