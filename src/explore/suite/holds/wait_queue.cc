// A waiter looks at its condition between noting the queue and sleeping: no wake-up is lost.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  WaitQueue queue;
  Atomic<int, "ready"> ready;
};

void body(State& s, unsigned task) {
  if (task == 0) return s.queue.wait_event([&] { return s.ready.load() == 1; });
  s.ready.store(1);
  s.queue.wake_up_all();
}

// Wakes that change nothing for the waiter, and one that does.
void noisy_body(State& s, unsigned task) {
  if (task == 0) return s.queue.wait_event([&] { return s.ready.load() == 2; });
  s.ready.add(1);
  s.queue.wake_up_all();
}

const bool kAdded[] = {
    add<State>({.name = "holds/wait_queue", .tasks = 2, .body = body, .executions = 3}),
    add<State>({.name = "holds/wait_queue_two_wakers", .tasks = 3, .body = noisy_body, .executions = 25}),
};

}  // namespace
}  // namespace quire::explore::suite
