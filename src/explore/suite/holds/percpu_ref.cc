// Nobody gets a reference after the kill, and the last put of all releases, once.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  State() : reference([](PercpuRef&, void* s) { static_cast<State*>(s)->released.fetch_add(1); }, this) {}
  PercpuRef reference;
  Atomic<int, "released"> released;
};

void body(State& s, unsigned task) {
  if (task == 0) return s.reference.kill();
  if (!s.reference.try_get_live()) return;
  expect_that(s.released.load() == 0, "released while in use");
  s.reference.put();
}

void finish(State& s) {
  expect_that(s.released.peek() == 1, "released once and for all");
  expect_that(s.reference.peek_references() == 0, "a reference is left");
}

const bool kAdded[] = {
    add<State>({.name = "holds/percpu_ref",
                .tasks = 2,
                .setup = [](State& s) { s.reference.reinit(); },
                .body = body,
                .finish = finish,
                .executions = 3}),
    add<State>({.name = "holds/percpu_ref_two_users",
                .tasks = 3,
                .setup = [](State& s) { s.reference.reinit(); },
                .body = body,
                .finish = finish,
                .executions = 15}),
};

}  // namespace
}  // namespace quire::explore::suite
