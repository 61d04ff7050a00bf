// The callback frees after the grace period: a reader never sees it happen.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct Item {
  Atomic<int, "value"> value{7};
};

struct State {
  Atomic<Item*, "pointer"> pointer;
};

void setup(State& s) { s.pointer.init(make_object<Item>()); }

void body(State& s, unsigned task) {
  if (task == 0) {
    RcuReader reader;
    if (Item* item = s.pointer.load()) (void)item->value.load();
    return;
  }
  call_rcu([](void* item) { destroy_object(static_cast<Item*>(item)); }, s.pointer.exchange(nullptr));
}

const bool kAdded = add<State>({.name = "holds/call_rcu", .tasks = 2, .setup = setup, .body = body, .executions = 5});

}  // namespace
}  // namespace quire::explore::suite
