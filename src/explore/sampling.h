// Samples of the interleavings of a program that is too large to exhaust: uniform at each node, or PCT.
#pragma once

#include <array>
#include <vector>

#include "base/random.h"
#include "explore/strategy.h"

namespace quire::explore {

/// Each enabled task is equally likely at each node.
class UniformRandom : public Strategy {
 public:
  explicit UniformRandom(uint64_t seed) : random_(seed) {}
  unsigned pick_task(Executor& x, Node& node) override;
  unsigned pick_value(Executor& x, unsigned count) override;
  std::optional<std::size_t> backtrack(Executor& x) override;
  [[nodiscard]] bool wants_checkpoints() const override { return false; }
  [[nodiscard]] bool exhaustive() const override { return false; }

 private:
  base::Random random_;
};

/// Random priorities and `depth` - 1 random points at which the running task falls behind all others: finds each bug
/// that needs `depth` ordering constraints with probability at least 1 / (tasks * steps^(depth - 1)) per execution.
/// Source: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic guarantees of
/// finding bugs" (ASPLOS 2010).
class Pct : public Strategy {
 public:
  Pct(unsigned depth, uint64_t seed) : depth_(depth), random_(seed) { new_priorities(); }
  unsigned pick_task(Executor& x, Node& node) override;
  unsigned pick_value(Executor& x, unsigned count) override;
  std::optional<std::size_t> backtrack(Executor& x) override;
  [[nodiscard]] bool wants_checkpoints() const override { return false; }
  [[nodiscard]] bool exhaustive() const override { return false; }

 private:
  void new_priorities();

  unsigned depth_;
  base::Random random_;
  std::size_t steps_seen_ = 64;  ///< of the longest execution so far
  std::array<int, kTasksMax> priorities_{};
  std::vector<std::size_t> change_points_;
  int lowest_ = 0;
};

}  // namespace quire::explore
