// RCU calls out of place: a grace period inside a reader, an end without a begin, a begin without an end.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "x"> x;
};

void end_without_begin(State& s, unsigned) {
  s.x.store(1);
  rcu_read_unlock();
}

void begin_without_end(State&, unsigned) { rcu_read_lock(); }

template <typename Body>
bool add_one(const char* name, Body body, Failure expected) {
  return add<State>({.name = name, .tasks = 1, .body = body, .expected = expected, .executions = 1, .incidents = 1});
}

const bool kAdded[] = {
    add_one("rcu/end_without_begin", end_without_begin, Failure::rcu),
    add_one("rcu/begin_without_end", begin_without_end, Failure::rcu),
};

}  // namespace
}  // namespace quire::explore::suite
