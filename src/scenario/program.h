// A program: a scenario made ready to be carried out, by whoever does it. Names are resolved, constants evaluated,
// repeats unrolled, operations checked; what is left for run time is plain data.
//
//   OrDiagnostic<Program> program = make_program(scenario, "a.qs", constants);
//   for (const Call& call : std::get<Program>(program).setup) ...
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenario/ast.h"
#include "scenario/constants.h"
#include "scenario/operations.h"
#include "scenario/parser.h"

namespace quire::scenario {

// Of a user page, whatever is stored of it.
inline constexpr std::int64_t kPageBytes = 4096;

// What a call gives: a number (0 or more, or minus an errno), a signal, or nothing because it did not run.
struct Value {
  enum class Kind : std::uint8_t { none, number, signal };
  Kind kind = Kind::none;
  std::int32_t signal = 0;  // SIGBUS 7, SIGKILL 9, SIGSEGV 11
  std::int64_t number = 0;  // of a signal: si_code
  bool operator==(const Value&) const = default;
  [[nodiscard]] static Value of(std::int64_t number) { return {Kind::number, 0, number}; }
  [[nodiscard]] static Value of_signal(int signal, int code) { return {Kind::signal, signal, code}; }
};

// `p[3]+8`, `6*4K`, `fd`, `S`, `fill('f', 4K)`.
struct Operand {
  enum class Kind : std::uint8_t { number, variable, symbol, fill };
  Kind kind = Kind::number;
  int variable = -1;        // index into the plan's variables; `number` is added to its value
  std::int64_t number = 0;  // fill: the byte
  std::int64_t length = 0;  // bytes an index or a range spans; fill: how many
  std::string symbol;       // a swap area, a process, a string
  std::string written{};    // as it reads
};

// One alternative after `=`.
struct Expected {
  enum class Kind : std::uint8_t { any, blocked, value, error, signal, call };
  Kind kind = Kind::any;
  std::int64_t number = 0;  // errno (positive), signal's si_code
  std::int32_t signal = 0;
  bool any_code = false;
  Operand value;
  int call = -1;  // index into Plan::nested
};

// `[fail: SITE@FUNC nth=N]`, `[may fail: SITE]`.
struct Injection {
  Modality modality = Modality::always;
  std::string site;  // or the GFP class
  std::string func;
  std::int64_t nth = 1;  // which passing of the site; [may fail] without nth: any one
  bool any_nth = false;
  int counter = -1;  // index into the counters of a run
};

struct Call {
  const Operation* operation = nullptr;
  int process = -1;
  int capture = -1;
  std::vector<Operand> operands;
  std::string member;  // `.anon` of rss(A).anon
  std::vector<Expected> expected;
  std::vector<Injection> injections;
  bool keep_swapcache = false;
  Origin at;
  std::string text;  // as it reads, without what follows `=`
};

struct Variable {
  int process = -1;
  std::string name;
};

struct Process {
  std::string name;
  bool forked = false;  // made by a fork() whose capture has its name
};

// A cpu or interrupt block.
struct TaskProgram {
  enum class Kind : std::uint8_t { thread, interrupt };
  int process = -1;
  unsigned cpu = 0;
  Kind kind = Kind::thread;
  std::string label;  // "CPU0 (A)"
  std::vector<Call> calls;
};

// `A:r == 0`, resolved.
struct ProgramComparison {
  int variable = -1;
  CompareOp op{};
  Expected right;
};
struct ProgramCondition {
  std::vector<std::vector<ProgramComparison>> any_of;
  std::string text;
};

struct Program {
  const Scenario* scenario = nullptr;
  std::string file;
  std::vector<Process> processes;
  std::vector<Variable> variables;
  std::vector<Call> setup;
  std::vector<TaskProgram> tasks;
  std::vector<Call> check;
  std::deque<Call> nested;  // calls on the right side of `=`
  int counters = 0;         // fault injections in all calls
  // What is not a constant of C or Linux: a parameter of the machine (SWAP_MAP_MAX).
  ValueOf parameter;
};

template <typename T>
using OrDiagnostic = std::variant<T, Diagnostic>;

// `file` is for messages.
[[nodiscard]] OrDiagnostic<Program> make_program(const Scenario& scenario, std::string_view file, ValueOf parameter);

// Resolves a condition of an expect block against the program's captures.
[[nodiscard]] OrDiagnostic<ProgramCondition> make_condition(const Program& program, const Condition& condition);

// "-ENOMEM", "SIGBUS(2)", "0"; "blocked" where nothing was given.
[[nodiscard]] std::string to_text(const Value& value);

// What of a result can be compared with another machine's: its text, or a word for a number that means nothing
// (Operation::Gives); "PM_SWAP" of pagemap().
[[nodiscard]] std::string observed_text(const Call& call, const Value& value);

// Whether it states that its blocks may wait for ever, all defects off.
[[nodiscard]] bool may_deadlock(const Scenario& scenario);

}  // namespace quire::scenario
