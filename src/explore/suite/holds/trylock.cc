// Of two that try, the one that fails leaves the data alone; a trylock may also fail for no reason.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  BitWaitLock<LockClass::folio_lock> lock;
  Plain<int, "data"> data;
};

void body(State& s, unsigned) {
  if (!s.lock.try_lock()) return;
  s.data += 1;
  s.lock.unlock();
}

void looking_body(State& s, unsigned task) {
  if (task == 0) return body(s, task);
  if (!s.lock.is_locked()) body(s, task);
}

const bool kAdded[] = {
    add<State>({.name = "holds/trylock", .tasks = 2, .body = body, .executions = 4}),
    add<State>({.name = "holds/trylock_looked_at", .tasks = 2, .body = looking_body, .executions = 6}),
    add<State>({.name = "holds/trylock_may_fail",
                .tasks = 2,
                .body = body,
                .executions = 11,
                .fault = [](const FailSite&) { return FaultDecision::explore_both; }}),
};

}  // namespace
}  // namespace quire::explore::suite
