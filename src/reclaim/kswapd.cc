#include "reclaim/kswapd.h"

#include "reclaim/reclaim.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

/// Linux: MAX_RECLAIM_RETRIES
constexpr uint32_t kFailuresMax = 16;

}  // namespace

void Kswapd::start() {
  for (unsigned number = 0; number < nodes_.size(); ++number) {
    Node& node = nodes_[number];
    node.owner = this;
    node.number = number;
    node.task = sync::make_box<sync::Task>(
        "kswapd",
        [](void* argument) {
          auto& own = *static_cast<Node*>(argument);
          own.owner->run(own);
        },
        &node);
  }
}

void Kswapd::stop() {
  if (!running()) return;
  stop_.store(1);
  for (Node& node : nodes_) {
    node.wait.wake_up_all();
    node.task->join();
    node.task.reset();
  }
  stop_.store(0);
}

// Linux: mm/vmscan.c kswapd()
void Kswapd::run(Node& node) {
  while (stop_.load() == 0) {
    node.wait.wait_event([&] { return node.wanted.load() != 0 || stop_.load() != 0; });
    if (stop_.load() != 0) return;
    node.wanted.store(0);
    (void)balance_pgdat(node.number);
  }
}

void Kswapd::wakeup(unsigned number) {
  Node& node = nodes_[number];
  if (node.failures.load(sync::Order::relaxed) >= kFailuresMax || node.wanted.load() != 0) return;
  node.wanted.store(1);
  node.wait.wake_up_all();
}

void Kswapd::note_progress(unsigned number) {
  Node& node = nodes_[number];
  if (node.failures.load(sync::Order::relaxed) != 0) node.failures.store(0);
}

PageCount Kswapd::balance_pgdat(unsigned node) {
  QUIRE_FUNC();
  constexpr uint32_t kClusterMax = 32;  // Linux SWAP_CLUSTER_MAX
  uint32_t high = frames_.watermarks().high;
  PageCount freed(0);
  while (stop_.load() == 0) {
    frames_.drain_all_pages();
    uint32_t missing = frames_.missing(node, high);
    if (missing == 0) break;
    PageCount now = reclaim_.shrink_node(node, PageCount(std::min(missing, kClusterMax)));
    freed += now;
    if (now == PageCount(0)) {
      nodes_[node].failures.add(1);
      QUIRE_POINT("nothing to reclaim", "node {}", node);
      break;
    }
  }
  return freed;
}

}  // namespace quire::reclaim
