// The second allocation fails, and the first one's memory is forgotten.
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
  if (first == nullptr) return;
  Buffer* second = allocate_buffer();
  if (second == nullptr) {
    s.failures.fetch_add(1);
    return;
  }
  destroy_object(second);
  destroy_object(first);
}

const bool kAdded = add<State>({.name = "leak/error_path",
                                .tasks = 1,
                                .body = body,
                                .expected = Failure::leak,
                                .executions = 3,
                                .incidents = 1,
                                .options = {.leak_check = ExecutorOptions::LeakCheck::heap},
                                .fault = [](const FailSite&) { return FaultDecision::explore_both; }});

}  // namespace
}  // namespace quire::explore::suite
