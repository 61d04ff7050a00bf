// A strategy decides which task runs at each node and where to go on after an execution.
#pragma once

#include <cstddef>
#include <optional>

#include "explore/path.h"

namespace quire::explore {

class Executor;

class Strategy {
 public:
  static constexpr unsigned kNobody = kTasksMax;
  virtual ~Strategy() = default;

  /// The task of node.enabled that takes the next step at this new node, or kNobody: this execution would only repeat.
  virtual unsigned pick_task(Executor& x, Node& node) = 0;
  /// One of 0..count-1 at a new choice node.
  virtual unsigned pick_value(Executor&, unsigned count) {
    (void)count;
    return 0;
  }
  /// The step of path()[depth] is about to take effect: the objects' tables still show what came before.
  virtual void before_step(Executor&, std::size_t depth) { (void)depth; }
  /// The execution ended, or was given up, with tasks that can not go on.
  virtual void blocked(Executor&) {}
  /// The execution ended with an incident of the task of the last step, and the others did not get to their end.
  virtual void interrupted(Executor&) {}
  /// The depth of the node whose decision was changed, where the next execution leaves the last one; nothing: all done.
  virtual std::optional<std::size_t> backtrack(Executor& x) = 0;
  /// Whether executions share prefixes worth a checkpoint.
  [[nodiscard]] virtual bool wants_checkpoints() const { return true; }
  /// Whether a search that ran to its end has seen every interleaving (up to equivalence).
  [[nodiscard]] virtual bool exhaustive() const = 0;
  /// The part of the search that is done, 0 to 1, guessed from the path; 0 if there is no telling.
  [[nodiscard]] virtual double progress(const Path&) const { return 0; }
};

/// What is left to explore is kept in the nodes (backtrack, done, sleep), and the deepest goes first.
class DepthFirst : public Strategy {
 public:
  std::optional<std::size_t> backtrack(Executor& x) override;
  /// Each node gives equal weight to each of its branches known so far.
  [[nodiscard]] double progress(const Path& path) const override;
};

/// Follows a schedule; where the schedule ends or does not fit, goes on without pre-emption and says so.
class Replay : public Strategy {
 public:
  explicit Replay(Schedule schedule) : schedule_(std::move(schedule)) {}
  unsigned pick_task(Executor& x, Node& node) override;
  unsigned pick_value(Executor& x, unsigned count) override;
  std::optional<std::size_t> backtrack(Executor&) override { return std::nullopt; }
  [[nodiscard]] bool wants_checkpoints() const override { return false; }
  [[nodiscard]] bool exhaustive() const override { return false; }
  /// Whether some decision of the schedule could not be followed.
  [[nodiscard]] bool diverged() const { return diverged_; }

 private:
  Schedule schedule_;
  bool diverged_ = false;
};

}  // namespace quire::explore
