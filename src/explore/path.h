// The path: the decisions of the execution that runs now, as a stack of nodes. Backtracking pops it.
//
// A node is either a schedule node (which task took the next step, what else could have) or a choice node (a value that
// the step asked for: an allocation fails, or not). The list of decisions alone is a Schedule, which replays the
// execution.
#pragma once

#include <cstdint>
#include <vector>

#include "explore/clock.h"
#include "sync/hook.h"

namespace quire::explore {

/// One decision: a task to run, or a value chosen. Exactly one entry per node.
struct Decision {
  enum class Kind : uint8_t { task, value };
  Kind kind = Kind::task;
  uint8_t value = 0;
  bool operator==(const Decision&) const = default;
};
using Schedule = std::vector<Decision>;

using ObjectIndex = uint32_t;
inline constexpr ObjectIndex kNoObject = 0;
/// Not in memory: what begins and ends of RCU readers and begins of grace periods have in common.
inline constexpr ObjectIndex kReadersObject = 1;
/// Not in memory: a CPU as a lock, once for its threads and once for its interrupts.
inline constexpr unsigned kCpus = 256;
[[nodiscard]] constexpr ObjectIndex cpu_threads_object(unsigned cpu) { return 2 + cpu; }
[[nodiscard]] constexpr ObjectIndex cpu_interrupts_object(unsigned cpu) { return 2 + kCpus + cpu; }
inline constexpr ObjectIndex kFirstRealObject = 2 + 2 * kCpus;

struct Node {
  Decision decision;
  uint8_t value_count = 0;  ///< choice nodes: how many values there are

  // Before the step (choice nodes: before the value; sleep is then that of the next schedule node).
  TaskMask enabled = 0;
  TaskMask sleep = 0;            ///< exploring these from here would only repeat
  TaskMask backtrack = 0;        ///< to be explored from here (the reduction's source set; the bound's alternatives)
  TaskMask done = 0;             ///< explored from here, the one that runs included
  TaskMask cut = 0;              ///< of those, the ones an incident stopped at once: what comes after them was not seen
  uint8_t previous = kTasksMax;  ///< the task of the schedule node before
  uint8_t preemptions = 0;       ///< on the way to this node

  // The step.
  sync::OpKind kind{};        ///< as it took effect: a failed compare-exchange is a load
  bool quiet = false;         ///< the end of a hold under which no plain field was written
  bool reader_edge = false;   ///< an outermost reader began or ended
  bool reader_ended = false;  ///< an outermost reader ended and a grace period may have waited for it
  uint16_t clk = 0;           ///< the step's number within its task, from 1
  uint16_t task_before = 0;   ///< depth + 1 of this task's step before, 0 if none
  ObjectIndex object = kNoObject;
  const void* loop = nullptr;  ///< of a retry: which loop begins again (its name's address)
  uint32_t undo_mark = 0;      ///< length of the undo log before the step
  uint64_t value_before = 0;   ///< the eight bytes at the object before the step
  Clock clock;                 ///< after the step: happens-before by dependence
  Clock sync_clock;            ///< after the step: happens-before by synchronisation alone
};

using Path = std::vector<Node>;

[[nodiscard]] Schedule schedule_of(const Path& path);

}  // namespace quire::explore
