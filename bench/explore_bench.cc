// Executions per second of the reduced search on litmus-size programs, going back by checkpoints (0) and by running the
// prefix again (1). The item is one execution; each iteration is a whole search.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "explore/dpor.h"
#include "explore/search.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::explore {
namespace {

using sync::Atomic;
using sync::LockClass;
using sync::Plain;

template <typename State, unsigned Tasks, unsigned Rounds>
class Repeated : public Program {
 public:
  void setup() override { state_ = sync::make_object<State>(); }
  [[nodiscard]] unsigned task_count() const override { return Tasks; }
  [[nodiscard]] TaskSpec task(unsigned index) const override { return {"CPU" + std::to_string(index), index}; }
  void run(unsigned index) override { state_->run(index, Rounds); }

 private:
  State* state_ = nullptr;
};

struct MutexSections {
  sync::Mutex<LockClass::test_sleeping> mutex;
  Plain<unsigned, "sum"> sum;
  void run(unsigned, unsigned rounds) {
    for (unsigned i = 0; i < rounds; ++i) {
      sync::Guard guard(mutex);
      sum += 1;
    }
  }
};

struct TicketSections {
  Atomic<int, "next"> next;
  Atomic<int, "serving"> serving;
  Plain<unsigned, "sum"> sum;
  void run(unsigned, unsigned rounds) {
    for (unsigned i = 0; i < rounds; ++i) {
      int ticket = next.fetch_add(1);
      serving.await_equal(ticket);
      sum += 1;
      serving.store(ticket + 1);
    }
  }
};

struct TreiberStack {
  struct Node {
    Plain<Node*, "next"> next;
  };
  Atomic<Node*, "head"> head;
  std::array<std::array<Node, 2>, 4> nodes;
  void run(unsigned task, unsigned rounds) {
    for (unsigned i = 0; i < rounds; ++i) push(nodes[task][i]);
    for (unsigned i = 0; i < rounds; ++i) pop();
  }
  void push(Node& node) {
    Node* first = head.load();
    do node.next = first;
    while (!head.compare_exchange(first, &node));
  }
  void pop() {
    Node* first = head.load();
    while (first != nullptr && !head.compare_exchange(first, first->next)) {
    }
  }
};

template <typename State, unsigned Tasks, unsigned Rounds, uint64_t Executions>
void search_all(benchmark::State& bench) {
  Repeated<State, Tasks, Rounds> program;
  ExecutorOptions options;
  options.backtracking =
      bench.range(0) == 0 ? ExecutorOptions::Backtracking::checkpoints : ExecutorOptions::Backtracking::reexecution;
  Executor executor(program, options);
  if (!executor.boot()) return bench.SkipWithError("the set-up is wrong");
  for (auto _ : bench) {
    Dpor dpor;
    SearchResult result = search(executor, dpor, {}, [](const Finding&) { return OnFinding::go_on; });
    if (result.executions != Executions || !result.complete) return bench.SkipWithError("a wrong number of executions");
  }
  auto per_execution = [&](uint64_t n) {
    return static_cast<double>(n) / static_cast<double>(bench.iterations()) / static_cast<double>(Executions);
  };
  bench.counters["steps"] = per_execution(executor.steps_run());
  bench.counters["repeated"] = per_execution(executor.steps_repeated());
  bench.counters["checkpoints"] = per_execution(executor.checkpoints_taken());
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(Executions));
}

BENCHMARK(search_all<MutexSections, 3, 3, 1680>)->Name("mutex_3x3")->Arg(0)->Arg(1);
BENCHMARK(search_all<MutexSections, 3, 4, 34'650>)->Name("mutex_3x4")->Arg(0)->Arg(1);
BENCHMARK(search_all<MutexSections, 4, 3, 369'600>)->Name("mutex_4x3")->Arg(0)->Arg(1);
BENCHMARK(search_all<TicketSections, 4, 2, 2520>)->Name("ticket_4x2")->Arg(0)->Arg(1);
BENCHMARK(search_all<TreiberStack, 3, 1, 25'680>)->Name("treiber_3x1")->Arg(0)->Arg(1);

}  // namespace
}  // namespace quire::explore
