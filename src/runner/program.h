// A plan as a program of the explorer: the set-up builds a machine in the arena, each cpu block is a task, the check
// block and the machine's own invariants are the final check.
//
// What changes during an execution is in State, which lives in the arena; the rest is only read.
#pragma once

#include <array>
#include <bitset>
#include <set>
#include <string>
#include <vector>

#include "explore/program.h"
#include "machine/machine.h"
#include "runner/operations.h"
#include "runner/plan.h"
#include "sync/heap.h"

namespace quire::runner {

/// What operations work on.
class Runtime {
 public:
  static constexpr unsigned kProcessesMax = 16;
  static constexpr unsigned kVariablesMax = 32;
  static constexpr unsigned kCountersMax = 16;
  /// Tasks, and one for the set-up and the check.
  static constexpr unsigned kActors = explore::kTasksMax + 1;

  explicit Runtime(const Plan& plan) : plan_(plan) {}

  [[nodiscard]] machine::Machine& machine() { return *state_->machine; }
  [[nodiscard]] machine::Process& process(const Call& call) { return process_at(call.process); }
  [[nodiscard]] machine::Process& process_at(int index);
  /// Whether it has been made, and has not ended.
  [[nodiscard]] bool exists(int index) const { return state_->processes[static_cast<std::size_t>(index)] != nullptr; }
  /// The number of the process named by an operand, which may have ended.
  [[nodiscard]] int pid_at(int64_t index) const { return state_->pids[static_cast<std::size_t>(index)]; }
  /// The number an operand stands for: a constant, or a captured result plus an offset.
  [[nodiscard]] int64_t number(const Call& call, std::size_t operand, int64_t otherwise = 0) const;
  [[nodiscard]] const Plan& plan() const { return plan_; }
  /// How the task of a call takes part in freezing; the set-up and the check take none.
  [[nodiscard]] power::Freezes freezes(const Call& call);
  /// Binds the child of a fork: to the process of the capture's name if there is one.
  void bind_child(const Call& call, machine::Process& child);
  void forget_process(machine::Process& process);
  void forget_all_processes() { state_->processes = {}; }

 protected:
  struct State {
    machine::Machine* machine = nullptr;
    std::array<machine::Process*, kProcessesMax> processes{};
    std::array<int, kProcessesMax> pids{};
    std::array<Value, kVariablesMax> variables{};
    std::array<uint16_t, kCountersMax> passed{};  ///< fault sites passed, per injection
    std::array<uint8_t, kCountersMax> failed{};
    std::array<const Call*, kActors> running{};
    bool tasks_run = false;                     ///< the set-up is over, and the check has not begun
    std::array<uint16_t, kActors> completed{};  ///< calls that returned
  };
  [[nodiscard]] int64_t operand_number(const Operand& operand) const;

  const Plan& plan_;
  State* state_ = nullptr;
};

class ScenarioProgram : public explore::Program, public Runtime {
 public:
  /// A condition that must hold after every execution, or is only looked for.
  struct Watched {
    PlanCondition condition;
    scenario::Quantifier quantifier;
    uint64_t held = 0;
  };

  explicit ScenarioProgram(const Plan& plan) : Runtime(plan) {}

  std::vector<Watched> conditions;
  /// Every call that returned, in order; filled when not nullptr.
  struct Returned {
    unsigned actor;
    const Call* call;
    Value value;
    bool as_stated;
  };
  std::vector<Returned>* log = nullptr;
  /// How many calls of this task have returned in the running execution.
  [[nodiscard]] unsigned completed(unsigned task) const { return state_->completed[task]; }
  /// Whether observe() keeps the final observations.
  enum class Keep : uint8_t { nothing, outcomes } keep = Keep::nothing;
  std::set<std::string> outcomes;
  /// By Injection::counter: the failures that came in some execution.
  std::bitset<kCountersMax> ever_failed;

  void setup() override;
  [[nodiscard]] unsigned task_count() const override { return static_cast<unsigned>(plan_.tasks.size()); }
  [[nodiscard]] explore::TaskSpec task(unsigned index) const override;
  void run(unsigned index) override;
  void finish() override;
  void observe() override;
  explore::FaultDecision fault(unsigned task, const sync::FailSite& site,
                               std::span<const char* const> functions) override;
  void fault_outcome(unsigned task, const sync::FailSite& site, bool failed) override;

  /// One call as the given actor; its result is captured and judged.
  Value run_call(const Call& call, unsigned actor);
  [[nodiscard]] const Value& variable(int index) const { return state_->variables[static_cast<std::size_t>(index)]; }
  [[nodiscard]] bool as_stated(const Call& call, const Value& value);

  /// What changes; it lives where the machine does.
  [[nodiscard]] void* state() const { return state_; }
  /// In place of setup(), where the machine is from elsewhere and the state with it.
  void adopt(void* state) { state_ = static_cast<State*>(state); }

  /// "A:r=0 B:r=-EINTR": every capture of a cpu block.
  [[nodiscard]] std::string outcome() const;

 private:
  [[nodiscard]] bool is_dead(const Call& call) const;
  [[nodiscard]] Value carry_out(const Call& call);
  void judge(const Call& call, const Value& value);
  [[nodiscard]] bool quiescent() const;
  /// The invariants of SEMANTICS 0.7; at quiescent points only.
  void check_machine();
  [[nodiscard]] bool matches(const Expected& expected, const Value& value);
  [[nodiscard]] bool holds(const PlanCondition& condition);
  [[nodiscard]] const Injection* injection_for(unsigned task, const sync::FailSite& site,
                                               std::span<const char* const> functions) const;

  const Injection* asked_ = nullptr;  ///< by fault(), until fault_outcome()
};

/// As `quire run` prints it: "A   fallocate(fd, 3, 0, 4096) = 0".
[[nodiscard]] std::string line_of(const Plan& plan, const ScenarioProgram::Returned& returned);

}  // namespace quire::runner
