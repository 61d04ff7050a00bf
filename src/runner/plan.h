// A plan: a scenario made ready to run. Names are resolved, constants evaluated, repeats unrolled, operations checked;
// what is left for run time is plain data that a task reads and never changes or owns.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "explore/executor.h"
#include "machine/options.h"
#include "scenario/ast.h"
#include "scenario/parser.h"

namespace quire::runner {

struct Operation;

/// What a call gives: a number (0 or more, or minus an errno), a signal, or nothing because it did not run.
struct Value {
  enum class Kind : uint8_t { none, number, signal };
  Kind kind = Kind::none;
  int32_t signal = 0;  ///< SIGBUS 7, SIGKILL 9, SIGSEGV 11
  int64_t number = 0;  ///< of a signal: si_code
  bool operator==(const Value&) const = default;
  static Value of(int64_t number) { return {Kind::number, 0, number}; }
  static Value of_signal(int signal, int code) { return {Kind::signal, signal, code}; }
};

/// `p[3]+8`, `6*4K`, `fd`, `S`, `fill('f', 4K)`.
struct Operand {
  enum class Kind : uint8_t { number, variable, symbol, fill };
  Kind kind = Kind::number;
  int variable = -1;   ///< index into the plan's variables; `number` is added to its value
  int64_t number = 0;  ///< fill: the byte
  int64_t length = 0;  ///< bytes an index or a range spans; fill: how many
  std::string symbol;  ///< a swap area, a process, a string
};

/// One alternative after `=`.
struct Expected {
  enum class Kind : uint8_t { any, blocked, value, error, signal, call };
  Kind kind = Kind::any;
  int64_t number = 0;  ///< errno (positive), signal's si_code
  int32_t signal = 0;
  bool any_code = false;
  Operand value;
  int call = -1;  ///< index into Plan::nested
};

/// `[fail: SITE@FUNC nth=N]`, `[may fail: SITE]`.
struct Injection {
  scenario::Modality modality = scenario::Modality::always;
  std::string site;  ///< or the GFP class
  std::string func;
  int64_t nth = 1;  ///< which passing of the site; [may fail] without nth: any one
  bool any_nth = false;
  int counter = -1;  ///< index into the counters of a run
};

struct Call {
  const Operation* operation = nullptr;
  int process = -1;
  int capture = -1;
  std::vector<Operand> operands;
  std::string member;  ///< `.anon` of rss(A).anon
  std::vector<Expected> expected;
  std::vector<Injection> injections;
  bool keep_swapcache = false;
  scenario::Origin at;
  std::string text;  ///< as it reads, without what follows `=`
};

struct Variable {
  int process = -1;
  std::string name;
};

struct Process {
  std::string name;
  bool forked = false;  ///< made by a fork() whose capture has its name
};

struct TaskPlan {
  int process = -1;
  unsigned cpu = 0;
  explore::TaskSpec::Kind kind = explore::TaskSpec::Kind::thread;
  std::string label;  ///< "CPU0 (A)"
  std::vector<Call> calls;
};

/// `A:r == 0`, resolved.
struct PlanComparison {
  int variable = -1;
  scenario::CompareOp op{};
  Expected right;
};
struct PlanCondition {
  std::vector<std::vector<PlanComparison>> any_of;
  std::string text;
};

struct Plan {
  const scenario::Scenario* scenario = nullptr;
  std::string file;
  machine::MachineOptions machine;
  explore::ExecutorOptions explorer;
  std::vector<Process> processes;
  std::vector<Variable> variables;
  std::vector<Call> setup;
  std::vector<TaskPlan> tasks;
  std::vector<Call> check;
  std::deque<Call> nested;  ///< calls on the right side of `=`
  int counters = 0;         ///< fault injections in all calls
};

template <typename T>
using OrDiagnostic = std::variant<T, scenario::Diagnostic>;

/// Makes the plan of a scenario; `file` is for messages.
[[nodiscard]] OrDiagnostic<Plan> make_plan(const scenario::Scenario& scenario, std::string_view file);

/// Resolves a condition of an expect block against the plan's captures.
[[nodiscard]] OrDiagnostic<PlanCondition> make_condition(const Plan& plan, const scenario::Condition& condition);

/// A requirement that this machine does not meet, or empty. Names: root, engine, thp_swap, memory_failure, ...
[[nodiscard]] std::string unmet_requirement(const scenario::Scenario& scenario);

/// "-ENOMEM", "SIGBUS(2)", "'c'" for a load, "0".
[[nodiscard]] std::string to_text(const Value& value);

}  // namespace quire::runner
