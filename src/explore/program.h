// A program to explore: set-up once, tasks in every interleaving, a check at the end of each execution.
//
// setup() runs once, alone, inside the arena; what it built is the state from which every execution starts. run(i) is
// the body of task i. finish() runs alone after an execution whose tasks have all ended. All three allocate through
// sync/ only and must not own memory elsewhere across an operation of sync/: an execution may be abandoned at any of
// them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sync/hook.h"

namespace quire::explore {

struct TaskSpec {
  std::string name;  ///< shown at the head of a column: "CPU0 (A)"
  unsigned cpu = 0;  ///< two tasks of one CPU alternate only where preemption is on
  enum class Kind : uint8_t { thread, interrupt } kind = Kind::thread;  ///< an interrupt runs on its CPU to its end
};

/// What a step that may fail does.
enum class FaultDecision : uint8_t { succeed, fail, explore_both };

class Program {
 public:
  virtual ~Program() = default;
  virtual void setup() = 0;
  [[nodiscard]] virtual unsigned task_count() const = 0;
  [[nodiscard]] virtual TaskSpec task(unsigned index) const = 0;
  virtual void run(unsigned index) = 0;
  virtual void finish() {}
  /// Whether the step at `site` fails in task `task`, whose innermost function is the last of `functions`. Any state
  /// this needs lives in the arena. Called once per decision; with explore_both, `outcome` tells what was explored.
  [[nodiscard]] virtual FaultDecision fault(unsigned task, const sync::FailSite& site,
                                            std::span<const char* const> functions) {
    (void)task, (void)site, (void)functions;
    return FaultDecision::succeed;
  }
  virtual void fault_outcome(unsigned task, const sync::FailSite& site, bool failed) {
    (void)task, (void)site, (void)failed;
  }
  /// On the host after each complete execution, while the arena still holds how it ended.
  virtual void observe() {}
};

}  // namespace quire::explore
