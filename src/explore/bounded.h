// All executions with at most `bound` pre-emptions, without reduction. Iterated from 0, the first hit has the fewest.
//
// A pre-emption is a switch away from a task that could have gone on; a switch at a wait or an end costs nothing.
// Source: Musuvathi, Qadeer, "Iterative context bounding for systematic testing of multithreaded programs" (PLDI 2007).
#pragma once

#include <vector>

#include "explore/strategy.h"

namespace quire::explore {

class Bounded : public DepthFirst {
 public:
  explicit Bounded(unsigned bound) : bound_(bound) {}
  unsigned pick_task(Executor& x, Node& node) override;
  /// The bound cuts whatever needs more pre-emptions, unless nothing ever did.
  [[nodiscard]] bool exhaustive() const override { return !cut_; }

 private:
  unsigned bound_;
  bool cut_ = false;
};

/// The same with pre-emptions only where they can matter: before a step on an object that another task touches too, and
/// where an RCU reader begins or ends. Anywhere else a switch may as well come later. What is touched is known from the
/// executions so far, so that this is no proof of anything: for finding, and much faster than Bounded.
class BoundedAtShared final : public Bounded {
 public:
  using Bounded::Bounded;
  void before_step(Executor& x, std::size_t depth) override;
  std::optional<std::size_t> backtrack(Executor& x) override;
  [[nodiscard]] bool exhaustive() const override { return false; }

 private:
  [[nodiscard]] bool switches_in_vain(const Node& node) const;

  /// By object, in any execution so far.
  struct Touched {
    TaskMask by = 0;
    bool written = false;
  };
  std::vector<Touched> touched_;
};

}  // namespace quire::explore
