// Each allocation works or fails, and every path gives back what it got.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "failures"> failures;
};

struct Buffer {
  int bytes = 0;
};

Buffer* allocate_buffer() { return should_fail("page_alloc", "GFP_KERNEL") ? nullptr : make_object<Buffer>(); }

void body(State& s, unsigned) {
  Buffer* first = allocate_buffer();
  Buffer* second = first != nullptr ? allocate_buffer() : nullptr;
  if (second == nullptr) s.failures.fetch_add(1);
  destroy_object(second);
  destroy_object(first);
}

const bool kAdded = add<State>({.name = "holds/allocation_failure",
                                .tasks = 2,
                                .body = body,
                                .executions = 13,
                                .options = {.leak_check = ExecutorOptions::LeakCheck::heap},
                                .fault = [](const FailSite&) { return FaultDecision::explore_both; }});

}  // namespace
}  // namespace quire::explore::suite
