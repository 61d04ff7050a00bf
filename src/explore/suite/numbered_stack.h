// A Treiber stack that reuses its nodes, and two tasks that pop and push back. Whether it works depends on what the
// head becomes after a change: Next is given the old head and the number of the new first node.
#pragma once

#include "explore/suite/litmus.h"

namespace quire::explore::suite {

template <uint32_t (*After)(uint32_t head, uint32_t next)>
struct NumberedStack {
  static constexpr uint32_t kNumber = 0xff;
  static constexpr uint32_t kCount = 0x100;

  // Nodes by number; 0 is none. The head may carry a count above the number.
  struct State {
    Atomic<uint32_t, "head"> head;
    std::array<Atomic<uint32_t, "next">, 4> next;
    std::array<Atomic<int, "owned">, 4> owned;
  };

  static void setup(State& s) {
    s.head.init(1);
    s.next[1].init(2);
    s.next[2].init(3);
  }

  static uint32_t pop(State& s) {
    uint32_t head = s.head.load();
    for (;;) {
      if ((head & kNumber) == 0) return 0;
      uint32_t next = s.next[head & kNumber].load();
      if (s.head.compare_exchange(head, After(head, next))) return head & kNumber;
    }
  }

  static void push(State& s, uint32_t node) {
    uint32_t head = s.head.load();
    do s.next[node].store(head & kNumber);
    while (!s.head.compare_exchange(head, After(head, node)));
  }

  // One pops; the other pops two and puts the first one back, so that the head is what it was and its next is not.
  static void body(State& s, unsigned task) {
    uint32_t first = pop(s);
    if (task == 0) return s.owned[first].init(s.owned[first].peek() + 1);
    uint32_t second = pop(s);
    s.owned[second].init(s.owned[second].peek() + 1);
    push(s, first);
  }

  static void finish(State& s) {
    for (uint32_t at = s.head.peek() & kNumber; at != 0; at = s.next[at].peek())
      expect_that(s.owned[at].peek() == 0, "a node in use is on the stack");
  }
};

}  // namespace quire::explore::suite
