#include "explore/bounded.h"

#include "explore/executor.h"

namespace quire::explore {
namespace {

bool has_left(const Node& node) {
  if (node.decision.kind == Decision::Kind::value) return node.decision.value + 1U < node.value_count;
  return (node.backtrack & ~node.done) != 0;
}

// Whether the first decision at this node went on with the task before, and what it did then is nobody else's business.
bool switches_in_vain(const Executor& x, const Node& node) {
  bool stays = node.decision.kind == Decision::Kind::task && node.previous == node.decision.value;
  if (!stays || node.done != bit(node.previous) || node.object == kNoObject || node.reader_edge) return false;
  const Object& object = x.objects().at(node.object);
  bool only_read = object.ever_touched_in == bit(Column::read);
  return only_read || (object.ever_touched_by & ~bit(node.previous)) == 0;
}

}  // namespace

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

std::optional<std::size_t> BoundedAtShared::backtrack(Executor& x) {
  Path& path = x.path();
  while (!path.empty()) {
    Node& node = path.back();
    if (switches_in_vain(x, node)) node.done |= node.backtrack;
    if (has_left(node)) return Bounded::backtrack(x);
    path.pop_back();
  }
  return std::nullopt;
}

}  // namespace quire::explore
