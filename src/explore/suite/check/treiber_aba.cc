// A Treiber stack that reuses its nodes: the head looks unchanged, but its next is not what it was (ABA).
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

uint32_t after(uint32_t, uint32_t next) { return next; }

// A stack of four nodes by number; 0 is none. The head carries a count above the number.
struct State {
  Atomic<uint32_t, "head"> head;
  std::array<Atomic<uint32_t, "next">, 4> next;
  std::array<Atomic<int, "owned">, 4> owned;
};
constexpr uint32_t kNumber = 0xff;
constexpr uint32_t kCount = 0x100;

void setup(State& s) {
  s.head.init(1);
  s.next[1].init(2);
  s.next[2].init(3);
}

uint32_t pop(State& s) {
  uint32_t head = s.head.load();
  for (;;) {
    if ((head & kNumber) == 0) return 0;
    uint32_t next = s.next[head & kNumber].load();
    if (s.head.compare_exchange(head, after(head, next))) return head & kNumber;
  }
}

void push(State& s, uint32_t node) {
  uint32_t head = s.head.load();
  do s.next[node].store(head & kNumber);
  while (!s.head.compare_exchange(head, after(head, node)));
}

// One pops; the other pops two and puts the first one back, so that the head is what it was and its next is not.
void body(State& s, unsigned task) {
  uint32_t first = pop(s);
  if (task == 0) return s.owned[first].init(s.owned[first].peek() + 1);
  uint32_t second = pop(s);
  s.owned[second].init(s.owned[second].peek() + 1);
  push(s, first);
}

void finish(State& s) {
  for (uint32_t at = s.head.peek() & kNumber; at != 0; at = s.next[at].peek())
    expect_that(s.owned[at].peek() == 0, "a node in use is on the stack");
}

const bool kAdded = add<State>({.name = "check/treiber_aba",
                                .tasks = 2,
                                .setup = setup,
                                .body = body,
                                .finish = finish,
                                .expected = Failure::check,
                                .executions = 25,
                                .incidents = 1});

}  // namespace
}  // namespace quire::explore::suite
