// A failed assertion, memory that is not the machine's, and a stack that is full are incidents, not crashes.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct State {
  Atomic<int, "x"> x;
};

void assertion(State& s, unsigned task) {
  if (task == 0) return s.x.store(1);
  QUIRE_ASSERT(s.x.load() == 0, "the store came first");
}

void outside(State& s, unsigned) {
  static Atomic<int, "elsewhere"> elsewhere;
  s.x.store(1);
  elsewhere.store(1);
}

// Not to be turned into a loop.
int deep(State& s, int depth) {
  std::array<char, 512> frame{};
  frame[static_cast<unsigned>(depth) % frame.size()] = static_cast<char>(depth);
  asm volatile("" : : "r"(frame.data()) : "memory");
  return (depth == 1'000'000 ? s.x.load() : deep(s, depth + 1)) + frame[7];
}

void overflow(State& s, unsigned) {
  s.x.store(1);
  (void)deep(s, 0);
}

template <typename Body>
bool add_one(const char* name, unsigned tasks, Body body, uint64_t executions) {
  return add<State>(
      {.name = name, .tasks = tasks, .body = body, .expected = Failure::bug, .executions = executions, .incidents = 1});
}

const bool kAdded[] = {
    add_one("bug/assertion", 2, assertion, 2),
    add_one("bug/outside_the_arena", 1, outside, 1),
    add_one("bug/stack_overflow", 1, overflow, 1),
};

}  // namespace
}  // namespace quire::explore::suite
