// All executions with at most `bound` pre-emptions, without reduction. Iterated from 0, the first hit has the fewest.
//
// A pre-emption is a switch away from a task that could have gone on; a switch at a wait or an end costs nothing.
// Source: Musuvathi, Qadeer, "Iterative context bounding for systematic testing of multithreaded programs" (PLDI 2007).
#pragma once

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

}  // namespace quire::explore
