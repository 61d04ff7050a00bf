// A Treiber stack that reuses its nodes under a count in the head: a reused node is told from the old one.
#include "explore/suite/numbered_stack.h"

namespace quire::explore::suite {
namespace {

uint32_t after(uint32_t head, uint32_t next) { return ((head & ~0xffU) + 0x100) | next; }
using Stack = NumberedStack<after>;

const bool kAdded = add<Stack::State>({.name = "holds/treiber_tagged",
                                       .tasks = 2,
                                       .setup = Stack::setup,
                                       .body = Stack::body,
                                       .finish = Stack::finish,
                                       .executions = 25});

}  // namespace
}  // namespace quire::explore::suite
