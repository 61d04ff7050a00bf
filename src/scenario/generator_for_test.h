// Random canonical trees for the tests of the printer. Not part of the library.
#pragma once

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenario/ast.h"
#include "scenario/constants.h"
#include "scenario/layout.h"

namespace quire::scenario {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Document document() {
    Document document;
    const int count = 1 + below(3);
    for (int i = 0; i < count; ++i) document.scenarios.push_back(scenario(i));
    if (chance(3)) document.tail = comments();
    drop_first_blank(document.tail, nullptr);
    return document;
  }

  Expr expr(int depth) {
    Expr expr;
    expr.kind = static_cast<ExprKind>(below(depth > 0 ? 8 : 4));
    switch (expr.kind) {
      case ExprKind::integer:
        expr.number = number();
        break;
      case ExprKind::character:
        expr.number.value = below(256);
        break;
      case ExprKind::string:
        expr.text = text();
        break;
      case ExprKind::name:
        expr.text = word();
        break;
      case ExprKind::negate:
        expr.args = exprs(1, depth);
        break;
      case ExprKind::binary:
        expr.op = static_cast<BinaryOp>(below(4));
        expr.args = exprs(2, depth);
        break;
      case ExprKind::index:
        expr.text = word();
        expr.args = exprs(1 + below(2), depth);
        break;
      case ExprKind::call:
        return call(depth);
    }
    return expr;
  }

 private:
  enum class Processes { none, some };

  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  bool chance(int one_in) { return below(one_in) == 0; }

  std::string word() {
    constexpr std::array<std::string_view, 10> kWords{"A",  "p",        "fd",    "swap_map", "SWAP_MAP_MAX",
                                                      "x1", "complete", "never", "within",   "_r"};
    return std::string(kWords[below(kWords.size())]);
  }
  std::string dashed() { return chance(2) ? word() + "-" + std::to_string(below(9)) : word(); }
  std::string text() {
    constexpr std::array<std::string_view, 6> kTexts{"", "plain", "q\"uote", "b\\ack", "t\tab\n", "\xc3\xa9\x01"};
    return std::string(kTexts[below(kTexts.size())]);
  }
  Number number() {
    const auto notation = static_cast<Notation>(below(6));
    const int shift = notation < Notation::kilo ? 0 : 10 * (static_cast<int>(notation) - 2);
    return {static_cast<std::int64_t>(below(5000)) << shift, notation};
  }

  std::string label() {
    constexpr std::array<std::string_view, 7> kLabels{"zap",   "hole punch", "MADV_DONTNEED", "mF",
                                                      "q\"t-", "2M",         "\xc3\xa9"};
    return chance(3) ? dashed() : std::string(kLabels[below(kLabels.size())]);
  }

  std::vector<Expr> exprs(int count, int depth) {
    std::vector<Expr> list;
    for (int i = 0; i < count; ++i) list.push_back(expr(depth - 1));
    return list;
  }
  Expr call(int depth) {
    Expr call;
    call.kind = ExprKind::call;
    call.text = word();
    call.args = exprs(below(4), depth);
    if (chance(4)) call.member = word();
    return call;
  }

  std::vector<Comment> comments() {
    std::vector<Comment> list;
    for (int i = below(3); i > 0; --i) list.push_back({chance(3) ? "" : " c { \"'", chance(3)});
    return list;
  }
  Trivia trivia() {
    Trivia trivia;
    if (chance(2)) trivia.join = Join::same_line;
    trivia.blank_before = chance(4);
    if (chance(6)) trivia.before = comments();
    if (chance(6)) trivia.after = "after";
    return trivia;
  }
  template <class Part>
  Part settled(Part part) {
    part.trivia = trivia();
    part.trivia.join = Join::own_line;
    drop_first_blank(part.trivia.before, &part.trivia.blank_before);
    return part;
  }
  template <class Item, class Make>
  Block<Item> block(const Make& make) {
    Block<Item> block;
    if (chance(6)) block.opening = "opening";
    for (int i = below(5); i > 0; --i) {
      Item item = make(block.items);
      if (item.trivia.join != Join::comma) item.trivia = trivia();
      block.items.push_back(std::move(item));
    }
    if (chance(6)) block.tail = comments();
    make_canonical(block);
    return block;
  }

  Result result() {
    Result result;
    result.kind = static_cast<ResultKind>(below(5));
    if (result.kind == ResultKind::error) result.name = errno_names()[below(30)];
    if (result.kind == ResultKind::signal) result.name = "SIGBUS";
    if (result.kind == ResultKind::value || (result.kind == ResultKind::signal && chance(2))) result.value = expr(3);
    return result;
  }
  Property property() {
    Property property;
    property.modality = static_cast<Modality>(below(2));
    property.name = "fail";
    if (chance(2)) property.site = "site";
    if (!property.site.empty() && chance(2)) property.func = "func";
    if (chance(2)) property.nth = 1 + below(9);
    return property;
  }
  Statement statement(const std::vector<Statement>& before, int depth, Processes processes) {
    Statement statement;
    if (depth > 0 && chance(6)) {
      statement.kind = StatementKind::repeat;
      statement.count.kind = ExprKind::binary;
      statement.count.op = static_cast<BinaryOp>(below(4));
      statement.count.args = exprs(2, 2);
      // A name, so that the parser has no count to bound.
      statement.count.args.front() = Expr{};
      statement.count.args.front().kind = ExprKind::name;
      statement.count.args.front().text = "N";
      statement.body = statements(depth - 1, processes);
      return statement;
    }
    if (processes == Processes::some && chance(2)) statement.process = word();
    if (!before.empty() && before.back().kind == StatementKind::call && chance(3)) {
      statement.trivia.join = Join::comma;
      statement.process = before.back().process;
    }
    if (chance(3)) statement.capture = word();
    statement.call = call(2);
    for (int i = below(3); i > 0; --i) statement.expected.push_back(result());
    for (int i = below(2); i > 0; --i) statement.properties.push_back(property());
    return statement;
  }
  Block<Statement> statements(int depth, Processes processes) {
    return block<Statement>([&](const std::vector<Statement>& before) { return statement(before, depth, processes); });
  }

  CaptureRef capture() {
    CaptureRef ref;
    if (chance(2)) ref.process = word();
    ref.name = word();
    return ref;
  }
  Condition condition() {
    Condition condition;
    condition.any_of.resize(1 + below(2));
    for (auto& all_of : condition.any_of) {
      for (int i = 1 + below(2); i > 0; --i) all_of.push_back({capture(), static_cast<CompareOp>(below(6)), result()});
    }
    return condition;
  }
  OutcomeRow row() {
    OutcomeRow row;
    for (int i = 1 + below(3); i > 0; --i) row.cells.push_back({capture(), result()});
    return row;
  }
  ExpectItem item() {
    ExpectItem item;
    item.kind = static_cast<ExpectKind>(below(6));
    if (item.kind <= ExpectKind::condition) item.quantifier = static_cast<Quantifier>(below(3));
    if (item.kind == ExpectKind::failure) {
      item.failure = static_cast<FailureClass>(below(static_cast<int>(failure_class_names().size())));
      if (chance(2)) item.func = word();
    }
    if (item.kind == ExpectKind::condition) item.condition = condition();
    if (item.kind == ExpectKind::outcomes) {
      item.outcomes = block<OutcomeRow>([&](const auto&) { return row(); });
    }
    if (item.kind >= ExpectKind::preemptions) item.limit = 1 + below(1000);
    return item;
  }
  Expect expect() {
    Expect expect;
    for (int i = below(3); i > 0; --i) expect.defects.push_back({dashed(), {}});
    expect.body = block<ExpectItem>([&](const auto&) { return item(); });
    return settled(std::move(expect));
  }
  ScheduleChain chain() {
    ScheduleChain chain;
    for (int i = 2 + below(2); i > 0; --i) chain.points.push_back({word(), word(), dashed(), {}});
    return chain;
  }
  Schedule schedule() {
    Schedule schedule;
    schedule.name = dashed();
    schedule.body = block<ScheduleChain>([&](const auto&) { return chain(); });
    return settled(std::move(schedule));
  }

  MachineOption option(int index) {
    MachineOption option;
    option.key = "k" + std::to_string(index);
    option.kind = static_cast<OptionKind>(1 + below(3));
    if (option.kind == OptionKind::number) option.number = number();
    if (option.kind == OptionKind::word) option.word = dashed();
    if (option.kind == OptionKind::swaps) {
      for (int i = 1 + below(2); i > 0; --i) option.swaps.push_back({word(), number(), {}});
    }
    return option;
  }
  Machine machine() {
    Machine machine;
    machine.options.push_back({"cpus", OptionKind::number, {}, {8, Notation::decimal}, {}, {}});
    for (int i = below(3); i > 0; --i) machine.options.push_back(option(i));
    if (chance(2)) machine.knobs.push_back({"knob", static_cast<KnobState>(below(2)), {}});
    return settled(std::move(machine));
  }
  Section section() { return settled(Section{{}, {}, statements(2, Processes::some)}); }

  Scenario scenario(int index) {
    Scenario scenario;
    scenario.name = "s" + std::to_string(index) + "-" + dashed();
    scenario.description = text();
    scenario = settled(std::move(scenario));
    for (int i = below(3); i > 0; --i) scenario.refs.push_back(settled(Reference{text(), {}, {}}));
    if (chance(3)) scenario.cell = settled(Cell{label(), label(), label(), {}, {}});
    if (chance(2)) scenario.machine = machine();
    if (chance(2)) scenario.requirements = settled(Requirements{{{dashed(), {}}, {word(), {}}}, {}, {}});
    if (chance(2)) scenario.setup = section();
    for (int i = below(3); i > 0; --i) {
      scenario.cpus.push_back(settled(CpuBlock{below(8), word(), {}, {}, statements(1, Processes::none)}));
    }
    for (int i = below(2); i > 0; --i) {
      scenario.interrupts.push_back(settled(InterruptBlock{below(8), {}, {}, statements(1, Processes::none)}));
    }
    for (int i = below(2); i > 0; --i) scenario.schedules.push_back(schedule());
    if (chance(2)) scenario.check = section();
    for (int i = below(3); i > 0; --i) scenario.expects.push_back(expect());
    return scenario;
  }

  std::mt19937 random_;
};

}  // namespace quire::scenario
