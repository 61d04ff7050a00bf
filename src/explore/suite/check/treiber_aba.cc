// A Treiber stack that reuses its nodes: the head looks unchanged, but its next is not what it was (ABA).
#include "explore/suite/numbered_stack.h"

namespace quire::explore::suite {
namespace {

uint32_t after(uint32_t, uint32_t next) { return next; }
using Stack = NumberedStack<after>;

const bool kAdded = add<Stack::State>({
    .name = "check/treiber_aba",
    .tasks = 2,
    .setup = Stack::setup,
    .body = Stack::body,
    .finish = Stack::finish,
    .expected = Failure::check,
    .executions = 25,
    .incidents = 1,
});

}  // namespace
}  // namespace quire::explore::suite
