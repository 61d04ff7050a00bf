#include "explore/bounded.h"

#include "explore/executor.h"

namespace quire::explore {
namespace {

bool has_left(const Node& node) {
  if (node.decision.kind == Decision::Kind::value) return node.decision.value + 1U < node.value_count;
  return (node.backtrack & ~node.done) != 0;
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

void BoundedAtShared::before_step(Executor& x, std::size_t depth) {
  const Node& node = x.path()[depth];
  if (node.object == kNoObject || node.decision.kind != Decision::Kind::task) return;
  if (node.object >= touched_.size()) touched_.resize(2 * (std::size_t{node.object} + 1));
  Touched& touched = touched_[node.object];
  touched.by |= bit(node.decision.value);
  touched.written = touched.written || node.kind != sync::OpKind::load;
}

// Whether the first decision at this node went on with the task before, and what it did then is nobody else's business.
bool BoundedAtShared::switches_in_vain(const Node& node) const {
  bool stays = node.decision.kind == Decision::Kind::task && node.previous == node.decision.value;
  if (!stays || node.done != bit(node.previous) || node.object == kNoObject || node.reader_edge) return false;
  if (node.object >= touched_.size()) return false;
  const Touched& touched = touched_[node.object];
  return !touched.written || (touched.by & ~bit(node.previous)) == 0;
}

std::optional<std::size_t> BoundedAtShared::backtrack(Executor& x) {
  Path& path = x.path();
  while (!path.empty()) {
    Node& node = path.back();
    if (switches_in_vain(node)) node.done |= node.backtrack;
    if (has_left(node)) return Bounded::backtrack(x);
    path.pop_back();
  }
  return std::nullopt;
}

}  // namespace quire::explore
