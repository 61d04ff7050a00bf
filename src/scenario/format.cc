#include "scenario/format.h"

#include <fmt/core.h>

#include <algorithm>

#include "scenario/format_lines.h"
#include "scenario/lexer.h"

namespace quire::scenario {
namespace {

std::string joined_names(const std::vector<Name>& names) {
  std::string out;
  for (const Name& name : names) out += (out.empty() ? "" : ",") + name.text;
  return out;
}

std::string option_text(const MachineOption& option) {
  switch (option.kind) {
    case OptionKind::bare:
      return option.key;
    case OptionKind::number:
      return fmt::format("{}={}", option.key, format(option.number));
    case OptionKind::word:
      return fmt::format("{}={}", option.key, option.word);
    case OptionKind::swaps:
      break;
  }
  std::string swaps;
  for (const SwapSpec& spec : option.swaps) {
    swaps += fmt::format("{}{}:{}", swaps.empty() ? "" : ",", spec.name, format(spec.pages));
  }
  return fmt::format("{}={}", option.key, swaps);
}

std::string machine_text(const Machine& machine) {
  std::string out = "machine ";
  for (const MachineOption& option : machine.options) out += " " + option_text(option);
  for (const Knob& knob : machine.knobs) {
    out += fmt::format(" {}={}", knob.name, knob.state == KnobState::on ? "on" : "off");
  }
  return out;
}

std::string quoted(std::string_view text) {
  Expr expr;
  expr.kind = ExprKind::string;
  expr.text = text;
  return format(expr);
}

std::string label_text(const std::string& label) { return is_dashed_name(label) ? label : quoted(label); }

std::string cell_text(const Cell& cell) {
  return fmt::format("cell     {} {} {}", quoted(cell.table), label_text(cell.row), label_text(cell.column));
}

std::string head_text(const CpuBlock& cpu) { return fmt::format("cpu {} as {}", cpu.index, cpu.process); }
std::string head_text(const InterruptBlock& interrupt) { return fmt::format("interrupt on cpu {}", interrupt.cpu); }
std::string head_text(const Schedule& schedule) { return "schedule " + schedule.name; }
std::string head_text(const Expect& expect) {
  return expect.defects.empty() ? "expect" : "expect with " + joined_names(expect.defects);
}

class Printer {
 public:
  void scenario(const Scenario& scenario) {
    part(scenario.trivia, fmt::format("scenario {} {}", scenario.name, quoted(scenario.description)));
    for (const Reference& reference : scenario.refs) part(reference.trivia, "ref      " + quoted(reference.text));
    if (scenario.cell) part(scenario.cell->trivia, cell_text(*scenario.cell));
    if (scenario.machine) part(scenario.machine->trivia, machine_text(*scenario.machine));
    if (scenario.requirements) {
      part(scenario.requirements->trivia, "requires " + joined_names(scenario.requirements->names));
    }
    if (scenario.setup) section("setup", *scenario.setup);
    blocks(scenario.cpus);
    blocks(scenario.interrupts);
    blocks(scenario.schedules);
    if (scenario.check) section("check", *scenario.check);
    blocks(scenario.expects);
  }

  void blank() { out_ += "\n"; }
  void comments(const std::vector<Comment>& comments) { out_ += comment_lines(comments, 0); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void part(const Trivia& trivia, const std::string& text) {
    comments(trivia.before);
    if (trivia.blank_before) blank();
    out_ += text + after_text(trivia.after) + "\n";
  }

  void section(std::string_view name, const Section& section) {
    blank();
    part(section.trivia, fmt::format("{} {}", name, block_text(section.body, 0)));
  }

  // Blocks of one kind stand together, and the braces of those on one line in one column.
  template <class Part>
  void blocks(const std::vector<Part>& parts) {
    if (parts.empty()) return;
    std::size_t column = 0;
    for (const Part& one : parts) {
      if (on_one_line(one.body)) column = std::max(column, head_text(one).size());
    }
    blank();
    for (const Part& one : parts) {
      std::string head = head_text(one);
      if (on_one_line(one.body)) head.resize(column, ' ');
      part(one.trivia, fmt::format("{} {}", head, block_text(one.body, 0)));
    }
  }

  std::string out_;
};

}  // namespace

std::string format(const Statement& statement) { return render(statement, nullptr, 0).text(); }
std::string format(const ExpectItem& item) { return render(item, nullptr, 0).left; }

std::string format(const Scenario& scenario) {
  Printer printer;
  printer.scenario(scenario);
  return printer.take();
}

std::string format(const Document& document) {
  Printer printer;
  for (const Scenario& scenario : document.scenarios) {
    if (&scenario != &document.scenarios.front()) printer.blank();
    printer.scenario(scenario);
  }
  if (!document.tail.empty()) {
    printer.blank();
    printer.comments(document.tail);
  }
  return printer.take();
}

}  // namespace quire::scenario
