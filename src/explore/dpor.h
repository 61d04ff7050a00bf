// Exhaustive search, depth first, with source-set dynamic partial-order reduction and sleep sets.
//
// Two executions that differ only in the order of independent steps are one. For every pair of dependent, adjacent and
// reversible steps (a race) the search makes sure that from the node before the first one some task is explored that
// leads to the other order. Complete when backtrack() has nothing left: every outcome of every interleaving has been
// seen. Source: Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction" (POPL 2014), the
// source-DPOR of it.
#pragma once

#include <array>

#include "explore/objects.h"
#include "explore/strategy.h"

namespace quire::explore {

class Dpor : public DepthFirst {
 public:
  unsigned pick_task(Executor& x, Node& node) override;
  void before_step(Executor& x, std::size_t depth) override;
  void blocked(Executor& x) override;
  void interrupted(Executor& x) override;
  [[nodiscard]] bool exhaustive() const override { return true; }

  [[nodiscard]] uint64_t races() const { return races_; }

 private:
  static constexpr unsigned kCandidatesMax = 512;
  /// Earlier steps the current one depends on, by depth + 1.
  struct Candidates {
    std::array<uint16_t, kCandidatesMax> reversible;
    unsigned reversible_count = 0;
    Clock after;  ///< joined clocks of steps it can not be put before (a release before its acquire)
  };

  void analyze(Executor& x, unsigned task, const sync::Op& op, Node& step);
  void collect(Executor& x, unsigned task, const sync::Op& op, const Node& step, const Clock& before, Candidates& c);
  static void collect_object(Executor& x, const Object& o, ColumnMask race, ColumnMask order, unsigned task,
                             const Clock& before, unsigned since, Candidates& c);
  static void collect_cpu(Executor& x, unsigned task, const sync::Op& op, sync::OpKind kind, const Clock& before,
                          Candidates& cpu);
  static void keep_latest(const Path& path, const Clock& before, const Clock& ordered, Candidates& c, Clock& known);
  static Clock dependencies_if_taken(Executor& x, unsigned task, const sync::Op& op);
  void analyze_pending(Executor& x, unsigned task);
  void analyze_wait(Executor& x, unsigned task, const sync::Op& op, std::size_t first, const Clock& before,
                    const Clock& known);
  [[nodiscard]] static bool held_before(Executor& x, const sync::Op& op, std::size_t first);
  void look_back(Executor& x, unsigned task, const sync::Op& op, const Clock& before, std::size_t first);
  /// Steps that are to come after a moved one: those on `object` in one of `columns`.
  struct Behind {
    ObjectIndex object = kNoObject;
    ColumnMask columns = 0;
  };
  void add_backtrack(Executor& x, std::size_t first, unsigned task, const Clock& clock, std::size_t end,
                     const Behind& also);

  uint64_t races_ = 0;
};

}  // namespace quire::explore
