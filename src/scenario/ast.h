// The tree of a scenario file: plain values that know where they stood in the text.
//
// Two trees are equal when they say the same thing in the same layout; positions never make a difference (see Origin).
// Comments and line breaks between items are part of the tree, so that format() can keep them.
//
//   ParseResult result = parse(text, "a.qs");
//   for (const CpuBlock& cpu : result.document().scenarios[0].cpus) run(cpu.process, cpu.body);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenario/vocabulary.h"

namespace quire::scenario {

// Line and column, both from 1; columns count bytes.
struct Position {
  int line = 1;
  int column = 1;
  friend bool operator==(const Position&, const Position&) = default;
};

// Where a node stands. Any two are equal, so that trees compare by what they say.
struct Origin : Position {
  friend bool operator==(const Origin&, const Origin&) { return true; }
};

// One `# text` line of its own, without the mark.
struct Comment {
  std::string text;
  bool blank_before = false;  // an empty line stands above it
  friend bool operator==(const Comment&, const Comment&) = default;
};

// How an item follows the one before it (or the opening brace).
enum class Join : std::uint8_t { own_line, same_line, comma };

// What surrounds an item: the layout that format() keeps.
struct Trivia {
  Join join = Join::own_line;
  bool blank_before = false;         // an empty line stands above the item, below its comments
  std::vector<Comment> before;       // comment lines above it
  std::optional<std::string> after;  // the comment at the end of its line
  friend bool operator==(const Trivia&, const Trivia&) = default;
};

// `{ items }`, with the comment after the opening brace and those before the closing one.
template <class Item>
struct Block {
  std::optional<std::string> opening;
  std::vector<Item> items;
  std::vector<Comment> tail;
  friend bool operator==(const Block&, const Block&) = default;
};

// A word with its place: a defect, a requirement.
struct Name {
  std::string text;
  Origin at;
  friend bool operator==(const Name&, const Name&) = default;
};

// How a number was written; the value is the same.
enum class Notation : std::uint8_t { decimal, octal, hex, kilo, mega, giga };

struct Number {
  std::int64_t value = 0;
  Notation notation = Notation::decimal;
  friend bool operator==(const Number&, const Number&) = default;
};

enum class ExprKind : std::uint8_t {
  integer,    // number
  character,  // number.value is the byte
  string,     // text, decoded
  name,       // text: a variable, a flag, a parameter of the machine
  negate,     // -args[0]
  binary,     // args[0] op args[1]
  index,      // text[args[0]], or the range text[args[0]:args[1]]
  call,       // text(args...), and .member when that is not empty
};

enum class BinaryOp : std::uint8_t { bit_or, add, subtract, multiply };

struct Expr {
  ExprKind kind = ExprKind::integer;
  Origin at;
  Number number;
  BinaryOp op = BinaryOp::add;
  std::string text;
  std::string member;
  std::vector<Expr> args;
  friend bool operator==(const Expr&, const Expr&) = default;
};

enum class ResultKind : std::uint8_t {
  value,    // value
  error,    // -name, an errno
  signal,   // name, or name(value) where value names si_code
  blocked,  // the call does not return
  any,      // `?`
};

// One alternative after `=`.
struct Result {
  ResultKind kind = ResultKind::value;
  Origin at;
  std::string name;
  std::optional<Expr> value;
  friend bool operator==(const Result&, const Result&) = default;
};

// `[may NAME: SITE@FUNC nth=N]`; everything but the name may be absent.
enum class Modality : std::uint8_t { always, may };

struct Property {
  Origin at;
  Modality modality = Modality::always;
  std::string name;
  std::string site;
  std::string func;
  std::optional<std::int64_t> nth;
  friend bool operator==(const Property&, const Property&) = default;
};

enum class StatementKind : std::uint8_t { call, repeat };

// A call, `PROCESS: CAPTURE = CALL = EXPECTED [PROPERTY]`, or `repeat COUNT { BODY }`.
struct Statement {
  StatementKind kind = StatementKind::call;
  Origin at;
  Trivia trivia;
  std::string process;  // empty where none is named; carried over commas
  std::string capture;
  Expr call;  // of kind call
  std::vector<Result> expected;
  std::vector<Property> properties;
  Expr count;  // of a repeat
  Block<Statement> body;
  friend bool operator==(const Statement&, const Statement&) = default;
};

// `NAME:PAGES` of `swap=`.
struct SwapSpec {
  std::string name;
  Number pages;
  Origin at;
  friend bool operator==(const SwapSpec&, const SwapSpec&) = default;
};

enum class OptionKind : std::uint8_t { bare, number, word, swaps };

// `KEY=VALUE` of the machine line, or a bare KEY such as `real`.
struct MachineOption {
  std::string key;
  OptionKind kind = OptionKind::bare;
  Origin at;
  Number number;
  std::string word;
  std::vector<SwapSpec> swaps;
  friend bool operator==(const MachineOption&, const MachineOption&) = default;
};

enum class KnobState : std::uint8_t { off, on };

// `NAME=on` or `NAME=off` of the machine line, where NAME is none of the machine's own keys.
struct Knob {
  std::string name;
  KnobState state = KnobState::off;
  Origin at;
  friend bool operator==(const Knob&, const Knob&) = default;
};

struct Machine {
  Origin at;
  Trivia trivia;
  std::vector<MachineOption> options;
  std::vector<Knob> knobs;
  friend bool operator==(const Machine&, const Machine&) = default;
};

struct Reference {
  std::string text;
  Origin at;
  Trivia trivia;
  friend bool operator==(const Reference&, const Reference&) = default;
};

// `cell "TABLE" ROW COLUMN`: the scenario is one cell of a table that is printed with the answers.
struct Cell {
  std::string table;
  std::string row;
  std::string column;
  Origin at;
  Trivia trivia;
  friend bool operator==(const Cell&, const Cell&) = default;
};

struct Requirements {
  std::vector<Name> names;
  Origin at;
  Trivia trivia;
  friend bool operator==(const Requirements&, const Requirements&) = default;
};

// `setup { }` or `check { }`.
struct Section {
  Origin at;
  Trivia trivia;
  Block<Statement> body;
  friend bool operator==(const Section&, const Section&) = default;
};

struct CpuBlock {
  int index = 0;
  std::string process;
  Origin at;
  Trivia trivia;
  Block<Statement> body;
  friend bool operator==(const CpuBlock&, const CpuBlock&) = default;
};

struct InterruptBlock {
  int cpu = 0;
  Origin at;
  Trivia trivia;
  Block<Statement> body;
  friend bool operator==(const InterruptBlock&, const InterruptBlock&) = default;
};

// `PROCESS@FUNC:POINT`.
struct SchedulePoint {
  std::string process;
  std::string func;
  std::string point;
  Origin at;
  friend bool operator==(const SchedulePoint&, const SchedulePoint&) = default;
};

// `a < b < c`: at least two points, each before the next.
struct ScheduleChain {
  std::vector<SchedulePoint> points;
  Origin at;
  Trivia trivia;
  friend bool operator==(const ScheduleChain&, const ScheduleChain&) = default;
};

struct Schedule {
  std::string name;
  Origin at;
  Trivia trivia;
  Block<ScheduleChain> body;
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// `PROCESS:NAME`, or NAME alone where it was captured without a process.
struct CaptureRef {
  std::string process;
  std::string name;
  Origin at;
  friend bool operator==(const CaptureRef&, const CaptureRef&) = default;
};

struct Comparison {
  CaptureRef left;
  CompareOp op = CompareOp::equal;
  Result right;
  friend bool operator==(const Comparison&, const Comparison&) = default;
};

// Alternatives (`||`) of conjunctions (`&&`); neither level is empty.
struct Condition {
  std::vector<std::vector<Comparison>> any_of;
  friend bool operator==(const Condition&, const Condition&) = default;
};

struct OutcomeCell {
  CaptureRef capture;
  Result value;
  friend bool operator==(const OutcomeCell&, const OutcomeCell&) = default;
};

// One final observation; never empty.
struct OutcomeRow {
  std::vector<OutcomeCell> cells;
  Origin at;
  Trivia trivia;
  friend bool operator==(const OutcomeRow&, const OutcomeRow&) = default;
};

enum class ExpectKind : std::uint8_t {
  failure,    // quantifier failure [@ func]
  condition,  // quantifier condition
  outcomes,   // outcomes
  complete,
  preemptions,  // limit
  within,       // limit, in executions
};

struct ExpectItem {
  ExpectKind kind = ExpectKind::complete;
  Origin at;
  Trivia trivia;
  Quantifier quantifier = Quantifier::never;
  FailureClass failure = FailureClass::uaf;
  std::string func;
  Condition condition;
  Block<OutcomeRow> outcomes;
  std::int64_t limit = 0;
  friend bool operator==(const ExpectItem&, const ExpectItem&) = default;
};

// `expect [with DEFECT,...] { ITEM... }`.
struct Expect {
  std::vector<Name> defects;
  Origin at;
  Trivia trivia;
  Block<ExpectItem> body;
  friend bool operator==(const Expect&, const Expect&) = default;
};

struct Scenario {
  std::string name;
  std::string description;
  Origin at;
  Trivia trivia;
  std::vector<Reference> refs;
  std::optional<Cell> cell;
  std::optional<Machine> machine;
  std::optional<Requirements> requirements;
  std::optional<Section> setup;
  std::vector<CpuBlock> cpus;
  std::vector<InterruptBlock> interrupts;
  std::vector<Schedule> schedules;
  std::optional<Section> check;
  std::vector<Expect> expects;
  friend bool operator==(const Scenario&, const Scenario&) = default;
};

// A whole file: at least one scenario, and the comments after the last.
struct Document {
  std::vector<Scenario> scenarios;
  std::vector<Comment> tail;
  friend bool operator==(const Document&, const Document&) = default;
};

}  // namespace quire::scenario
