// Both tasks replace the item; who comes second forgets to free what the first put there.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int*, "item"> item;
};

void body(State& s, unsigned) {
  int* mine = make_object<int>(1);
  int* before = s.item.exchange(mine);
  if (before != nullptr) return;
  s.item.store(nullptr);
  destroy_object(mine);
}

const bool kAdded = add<State>({.name = "leak/at_end",
                                .tasks = 2,
                                .body = body,
                                .expected = Failure::leak,
                                .executions = 4,
                                .incidents = 2,
                                .options = {.leak_check = ExecutorOptions::LeakCheck::heap}});

}  // namespace
}  // namespace quire::explore::suite
