#include "explore/executor.h"
#include "explore/strategy.h"

namespace quire::explore {

unsigned Replay::pick_task(Executor& x, Node& node) {
  std::size_t depth = x.path().size() - 1;
  if (depth < schedule_.size()) {
    const Decision& wanted = schedule_[depth];
    if (wanted.kind == Decision::Kind::task && (node.enabled & bit(wanted.value)) != 0) return wanted.value;
    diverged_ = true;
  }
  if (node.previous < kTasksMax && (node.enabled & bit(node.previous)) != 0) return node.previous;
  return lowest(node.enabled);
}

unsigned Replay::pick_value(Executor& x, unsigned count) {
  std::size_t depth = x.path().size();
  if (depth < schedule_.size()) {
    const Decision& wanted = schedule_[depth];
    if (wanted.kind == Decision::Kind::value && wanted.value < count) return wanted.value;
    diverged_ = true;
  }
  return 0;
}

}  // namespace quire::explore
