// Each task stores to its own word and loads the next one's: not all loads can miss.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  std::array<Atomic<int, "word">, 4> words;
  std::array<Atomic<int, "seen">, 4> seen;
};

template <unsigned N>
void body(State& s, unsigned task) {
  s.words[task].store(1);
  s.seen[task].init(s.words[(task + 1) % N].load());
}

template <unsigned N>
void finish(State& s) {
  int sum = 0;
  for (unsigned i = 0; i < N; ++i) sum += s.seen[i].peek();
  expect_that(sum != 0, "all loads missed the stores");
}

const bool kAdded[] = {
    add<State>({.name = "holds/store_buffering_2", .tasks = 2, .body = body<2>, .finish = finish<2>, .executions = 3}),
    add<State>({.name = "holds/store_buffering_3", .tasks = 3, .body = body<3>, .finish = finish<3>, .executions = 7}),
    add<State>({.name = "holds/store_buffering_4", .tasks = 4, .body = body<4>, .finish = finish<4>, .executions = 15}),
};

}  // namespace
}  // namespace quire::explore::suite
