#include "explore/executor.h"
#include "explore/strategy.h"

namespace quire::explore {

std::optional<std::size_t> DepthFirst::backtrack(Executor& x) {
  Path& path = x.path();
  while (!path.empty()) {
    Node& node = path.back();
    if (node.decision.kind == Decision::Kind::value) {
      if (node.decision.value + 1U < node.value_count) {
        ++node.decision.value;
        return path.size() - 1;
      }
    } else if (auto left = static_cast<TaskMask>(node.backtrack & ~node.done & ~node.sleep); left != 0) {
      unsigned task = lowest(left);
      node.decision.value = static_cast<uint8_t>(task);
      node.done |= bit(task);
      return path.size() - 1;
    }
    path.pop_back();
  }
  return std::nullopt;
}

double DepthFirst::progress(const Path& path) const {
  double share = 1.0;
  double done = 0.0;
  for (const Node& node : path) {
    unsigned branches = 1;
    unsigned before = 0;
    if (node.decision.kind == Decision::Kind::value) {
      branches = node.value_count;
      before = node.decision.value;
    } else {
      branches = static_cast<unsigned>(__builtin_popcount(static_cast<unsigned>(node.backtrack | node.done)));
      before = static_cast<unsigned>(__builtin_popcount(node.done)) - 1;
    }
    share /= branches;
    done += share * before;
  }
  return done;
}

}  // namespace quire::explore
