// A Treiber stack without reclamation: each task pushes nodes of its own, then pops as many. A failed compare-exchange
// is a read, and the links are plain: publishing the node orders them.
#include "explore/suite/litmus.h"

namespace quire::explore::suite {
namespace {

struct Node {
  Plain<Node*, "next"> next;
};

struct State {
  Atomic<Node*, "head"> head;
  std::array<std::array<Node, 2>, 3> nodes;
  std::array<Atomic<int, "popped">, 3> popped;
};

void push(State& s, Node& node) {
  Node* head = s.head.load();
  do node.next = head;
  while (!s.head.compare_exchange(head, &node));
}

Node* pop(State& s) {
  Node* head = s.head.load();
  while (head != nullptr && !s.head.compare_exchange(head, head->next)) {
  }
  return head;
}

template <int K>
void body(State& s, unsigned task) {
  for (unsigned i = 0; i < K; ++i) push(s, s.nodes[task][i]);
  for (unsigned i = 0; i < K; ++i)
    if (pop(s) != nullptr) s.popped[task].init(s.popped[task].peek() + 1);
}

template <int Sum>
void finish(State& s) {
  int sum = 0;
  for (auto& popped : s.popped) sum += popped.peek();
  expect_that(sum == Sum && s.head.peek() == nullptr, "a node is lost");
}

const bool kAdded[] = {
    add<State>({.name = "holds/treiber_2x1", .tasks = 2, .body = body<1>, .finish = finish<2>, .executions = 40}),
    add<State>({.name = "holds/treiber_2x2",
                .tasks = 2,
                .body = body<2>,
                .finish = finish<4>,
                .executions = 6492,
                .size = Size::large}),
    add<State>({.name = "holds/treiber_3x1",
                .tasks = 3,
                .body = body<1>,
                .finish = finish<3>,
                .executions = 25'680,
                .size = Size::large}),
};

}  // namespace
}  // namespace quire::explore::suite
