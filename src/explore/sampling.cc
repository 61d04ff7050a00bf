#include "explore/sampling.h"

#include <algorithm>

#include "explore/executor.h"

namespace quire::explore {

unsigned UniformRandom::pick_task(Executor&, Node& node) {
  uint64_t n = random_.below(static_cast<uint64_t>(__builtin_popcount(node.enabled)));
  TaskMask rest = node.enabled;
  while (n-- > 0) rest &= static_cast<TaskMask>(rest - 1);
  return lowest(rest);
}

unsigned UniformRandom::pick_value(Executor&, unsigned count) { return static_cast<unsigned>(random_.below(count)); }

std::optional<std::size_t> UniformRandom::backtrack(Executor& x) {
  x.path().clear();
  return 0;
}

void Pct::new_priorities() {
  for (unsigned i = 0; i < kTasksMax; ++i) priorities_[i] = static_cast<int>(depth_ + i);
  for (unsigned i = kTasksMax; i > 1; --i) std::swap(priorities_[i - 1], priorities_[random_.below(i)]);
  change_points_.clear();
  for (unsigned i = 1; i < depth_; ++i) change_points_.push_back(random_.below(steps_seen_));
  lowest_ = static_cast<int>(depth_) - 1;
}

unsigned Pct::pick_task(Executor& x, Node& node) {
  std::size_t depth = x.path().size() - 1;
  bool changes = std::find(change_points_.begin(), change_points_.end(), depth) != change_points_.end();
  if (changes && node.previous < kTasksMax) priorities_[node.previous] = lowest_--;
  unsigned best = lowest(node.enabled);
  for (unsigned t = 0; t < kTasksMax; ++t)
    if ((node.enabled & bit(t)) != 0 && priorities_[t] > priorities_[best]) best = t;
  return best;
}

unsigned Pct::pick_value(Executor&, unsigned count) { return static_cast<unsigned>(random_.below(count)); }

std::optional<std::size_t> Pct::backtrack(Executor& x) {
  steps_seen_ = std::max(steps_seen_, x.path().size());
  x.path().clear();
  new_priorities();
  return 0;
}

}  // namespace quire::explore
