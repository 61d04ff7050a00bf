#include "explore/bounded.h"

#include "explore/executor.h"

namespace quire::explore {

unsigned Bounded::pick_task(Executor&, Node& node) {
  bool can_stay = node.previous < kTasksMax && (node.enabled & bit(node.previous)) != 0;
  unsigned task = can_stay ? node.previous : lowest(node.enabled);
  if (can_stay && node.preemptions >= bound_) {
    if (node.enabled != bit(task)) cut_ = true;
    node.backtrack = bit(task);
  } else {
    node.backtrack = node.enabled;
  }
  node.done = bit(task);
  node.sleep = 0;  // nothing is left out
  return task;
}

}  // namespace quire::explore
