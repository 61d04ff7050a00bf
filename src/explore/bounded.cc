#include "explore/bounded.h"

#include "explore/executor.h"

namespace quire::explore {

std::optional<unsigned> Bounded::pick_task(Executor&, Node& node) {
  bool can_stay = node.previous < kTasksMax && (node.enabled & bit(node.previous)) != 0;
  unsigned task = can_stay ? node.previous : lowest(node.enabled);
  if (can_stay && node.preemptions >= bound_) {
    if (node.enabled != bit(task)) cut_ = true;
    node.backtrack = bit(task);
  } else {
    node.backtrack = node.enabled;
  }
  node.done = bit(task);
  return task;
}

std::optional<std::size_t> Bounded::backtrack(Executor& x) {
  Path& path = x.path();
  while (!path.empty()) {
    Node& node = path.back();
    if (node.decision.kind == Decision::Kind::value) {
      if (node.decision.value + 1U < node.value_count) {
        ++node.decision.value;
        return path.size() - 1;
      }
    } else if (auto left = static_cast<TaskMask>(node.backtrack & ~node.done); left != 0) {
      unsigned task = lowest(left);
      node.decision.value = static_cast<uint8_t>(task);
      node.done |= bit(task);
      return path.size() - 1;
    }
    path.pop_back();
  }
  return std::nullopt;
}

}  // namespace quire::explore
