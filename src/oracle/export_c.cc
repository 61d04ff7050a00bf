#include "oracle/export_c.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "oracle/export_expressions.h"
#include "oracle/export_needs.h"
#include "oracle/export_sections.h"
#include "oracle/export_writer.h"
#include "oracle/kernel_operations.h"
#include "oracle/playable.h"

namespace quire::oracle {
namespace {

using scenario::Call;
using scenario::Program;

struct Condition {
  scenario::ProgramCondition condition;
  scenario::Quantifier quantifier;
};

// What is stated of captures with no defect switched on, and is one of always, never, and the list of all outcomes.
std::vector<Condition> conditions_of(const Program& program) {
  using scenario::ExpectKind;
  using scenario::Quantifier;
  std::vector<Condition> conditions;
  auto add = [&](const scenario::Condition& condition, Quantifier quantifier) {
    auto made = scenario::make_condition(program, condition);
    if (auto* resolved = std::get_if<scenario::ProgramCondition>(&made)) conditions.push_back({*resolved, quantifier});
  };
  for (const scenario::Expect& expect : program.scenario->expects) {
    if (!expect.defects.empty()) continue;
    for (const scenario::ExpectItem& item : expect.body.items) {
      if (item.kind == ExpectKind::condition && item.quantifier != Quantifier::sometimes)
        add(item.condition, item.quantifier);
      if (item.kind != ExpectKind::outcomes) continue;
      scenario::Condition any_row;
      for (const scenario::OutcomeRow& row : item.outcomes.items) {
        auto& all_of = any_row.any_of.emplace_back();
        for (const scenario::OutcomeCell& cell : row.cells)
          all_of.push_back({cell.capture, scenario::CompareOp::equal, cell.value});
      }
      add(any_row, Quantifier::always);
    }
  }
  return conditions;
}

std::set<int> used_variables(const Program& program, const std::vector<Condition>& conditions) {
  std::set<int> used;
  auto use = [&](const scenario::Operand& operand) {
    if (operand.kind == scenario::Operand::Kind::variable) used.insert(operand.variable);
  };
  auto visit = [&](const Call& call) {
    for (const scenario::Operand& operand : call.operands) use(operand);
    for (const scenario::Expected& expected : call.expected) use(expected.value);
  };
  bool counts = false;
  for (const Call* call : calls_of(program)) {
    visit(*call);
    counts |= call->operation->name == "rss";
  }
  for (const Call* call : calls_of(program))
    if (counts && call->operation->name == "mremap" && call->capture >= 0) used.insert(call->capture);
  for (const Call& call : program.nested) visit(call);
  for (const Condition& c : conditions)
    for (const auto& all_of : c.condition.any_of)
      for (const scenario::ProgramComparison& one : all_of) {
        used.insert(one.variable);
        use(one.right.value);
      }
  return used;
}

bool is(const Call& call, std::string_view name) { return call.operation->name == name; }

ExportForm form_of(const Program& program) {
  bool turns = program.processes.size() > 1 || program.tasks.size() > 1;
  for (const Call* call : calls_of(program))
    turns |= is(*call, "fork") || is(*call, "exit") || is(*call, "killall") || is(*call, "tasks");
  return turns ? ExportForm::turns : ExportForm::straight;
}

class Exporter {
 public:
  Exporter(const Program& program, const ExportOptions& options)
      : program_(program),
        options_(options),
        conditions_(conditions_of(program)),
        needs_(needs_of(program)),
        names_(program, form_of(program), used_variables(program, conditions_)),
        expressions_(program, names_, needs_.arena),
        alive_(program.processes.size()) {
    for (std::size_t p = 0; p < alive_.size(); ++p) alive_[p] = !program.processes[p].forked;
  }

  std::string text() { return names_.form() == ExportForm::straight ? straight() : turns(); }
  [[nodiscard]] int tests() const { return tests_; }

 private:
  // --- One process ---

  std::string straight() {
    CWriter lines(1);
    section(lines, "setup", program_.setup);
    for (const scenario::TaskProgram& task : program_.tasks) section(lines, "what it is about", task.calls);
    section(lines, "check", program_.check);
    add_conditions(lines);
    CWriter main(1);
    declare_locals(main, lines.text());
    for (std::size_t v = 0; v < program_.variables.size(); ++v)
      if (int index = static_cast<int>(v); names_.uses(index)) main.line(names_.declaration(index) + ";");
    main.blank();
    add_needs(main, needs_, tests_);
    begin_areas(main, needs_);
    main.blank();
    main.raw(lines.text());
    main.blank();
    main.line("return q_finish();");
    return assemble(comment(), "", statics() + "int main(void)\n{\n" + main.text() + "}\n", options_.style);
  }

  // --- Several ---

  std::string turns() {
    bool blocks = program_.tasks.size() > 1;
    CWriter setup(1);
    section(setup, "", program_.setup);
    if (!blocks)
      for (const scenario::TaskProgram& task : program_.tasks) section(setup, "what it is about", task.calls);
    std::string functions;
    if (blocks)
      for (std::size_t b = 0; b < program_.tasks.size(); ++b) functions += block(b);
    CWriter check(1);
    section(check, "", program_.check);
    add_conditions(check);
    std::string body = statics();
    bool forks_back = functions.find("q_fork_from_block") != std::string::npos;
    if (forks_back) body += "static void check(void);\n\n";
    body += function("setup", setup.text()) + functions + function("check", check.text()) + steps() + main_of_turns();
    return assemble(comment(), shared(), body, options_.style);
  }

  std::string shared() const {
    CWriter w(0);
    std::string processes = "enum { MAIN";
    for (std::size_t p = 0; p < program_.processes.size(); ++p) processes += ", " + names_.process(static_cast<int>(p));
    w.line(processes + ", PROCESSES };");
    if (program_.tasks.size() > 1) w.line(fmt::format("enum {{ BLOCKS = {} }};", program_.tasks.size()));
    w.line(fmt::format("enum {{ OUTCOMES = {} }};", tests_));
    w.blank();
    w.line("/* What all processes see. */");
    w.line("struct q_shared {");
    w.indent(1);
    for (std::string_view word :
         {"int round;", "int step; /* whose turn it is */", "int check_step;", "int blocks_ready;", "int blocks_ended;",
          "int pids[PROCESSES];", "int children;", "int child[1024]; /* that do nothing but live */",
          "char trouble[128]; /* why there is no use in going on */"})
      w.line(std::string(word));
    for (std::size_t v = 0; v < program_.variables.size(); ++v)
      if (int index = static_cast<int>(v); names_.uses(index)) w.line(names_.declaration(index) + ";");
    w.line("struct {");
    w.indent(1);
    for (std::string_view word : {"const char *call;", "const char *expected;", "char got[64];", "int times;",
                                  "int failures;", "int not_told;"})
      w.line(std::string(word));
    w.indent(-1);
    w.line("} outcomes[OUTCOMES]; /* of all rounds */");
    w.indent(-1);
    w.line("};");
    return w.text() + "\n";
  }

  std::string function(const std::string& name, const std::string& text) {
    CWriter w(1);
    declare_locals(w, text);
    if (!w.text().empty()) w.blank();
    return fmt::format("static void {}(void)\n{{\n{}{}}}\n\n", name, w.text(), text);
  }

  std::string block(std::size_t b) {
    const scenario::TaskProgram& task = program_.tasks[b];
    in_block_ = true;
    CWriter calls(1);
    bool ended = false;
    for (std::size_t i = 0; i < task.calls.size() && !ended; ++i) {
      ended = is(task.calls[i], "exit");
      if (!ended) statement(calls, task.calls[i]);
    }
    in_block_ = false;
    CWriter w(1);
    declare_locals(w, calls.text());
    w.blank();
    w.line("(void)none;");
    w.line(fmt::format("q_meet({}, {});", b, task.cpu));
    w.raw(calls.text());
    w.line("q_block_ends();");
    if (ended) {
      w.line("_exit(0);");
      alive_[static_cast<std::size_t>(task.process)] = false;
    }
    w.line("return NULL;");
    return fmt::format("/* {} */\nstatic void *block_{}(void *none)\n{{\n{}}}\n\n", task.label, b, w.text());
  }

  std::string steps() const {
    CWriter w(1);
    w.line("setup();");
    for (std::size_t b = 0; b < program_.tasks.size() && program_.tasks.size() > 1; ++b) {
      w.line(fmt::format("if (q_turn({}))", names_.process(program_.tasks[b].process)));
      w.line(fmt::format("\tq_start_block(block_{});", b));
    }
    if (program_.tasks.size() > 1) {
      w.line("if (q_turn(MAIN))");
      w.line("\tq_wait_for_blocks();");
    }
    w.line("check();");
    w.line("(void)q_turn(MAIN);");
    return "static void steps(void)\n{\n" + w.text() + "}\n\n";
  }

  std::string main_of_turns() const {
    unsigned rounds = program_.tasks.size() > 1 ? options_.rounds : 1;
    CWriter w(1);
    if (rounds > 1) w.line("int round;");
    if (rounds > 1) w.blank();
    add_needs(w, needs_, tests_);
    w.line("q_share();");
    if (rounds > 1) w.line(fmt::format("for (round = 0; round < {}; ++round) {{", rounds));
    w.indent(rounds > 1 ? 1 : 0);
    begin_areas(w, needs_);
    if (rounds > 1) begin_files(w);
    w.line(fmt::format("q_begin_round({});", rounds > 1 ? "round" : "0"));
    for (std::size_t p = 0; p < program_.processes.size(); ++p)
      if (!program_.processes[p].forked)
        w.line(fmt::format("q_start({}, steps);", names_.process(static_cast<int>(p))));
    w.line("steps();");
    w.line("q_end_all();");
    w.indent(rounds > 1 ? -1 : 0);
    if (rounds > 1) w.line("}");
    w.line("return q_report();");
    return "int main(void)\n{\n" + w.text() + "}\n";
  }

  // --- Parts ---

  void declare_locals(CWriter& w, const std::string& text) const {
    if (text.find("got = ") != std::string::npos) w.line("long got;");
    if (text.find("for (i = 0;") != std::string::npos) w.line("int i;");
  }

  // Files that are left over must not be found.
  void begin_files(CWriter& w) const {
    for (const std::string& name : needs_.files) w.line(fmt::format("(void)unlink(q_path({}));", c_string(name)));
  }

  std::string statics() const {
    std::string text;
    for (const std::string& area : needs_.own_areas) text += fmt::format("static const char *{};\n", names_.area(area));
    return text + (text.empty() ? "" : "\n");
  }

  std::string comment() const { return header_comment(program_, needs_, {options_.style, program_.tasks.size() > 1}); }

  void section(CWriter& w, const std::string& title, const std::vector<Call>& calls) {
    if (calls.empty()) return;
    if (!title.empty()) {
      w.blank();
      w.line(fmt::format("/* {} */", title));
    }
    for (std::size_t i = 0; i < calls.size();) {
      Repeat repeat = repeat_at(calls, i);
      if (repeat.times > 1) {
        w.line(fmt::format("for (i = 0; i < {}; ++i) {{", repeat.times));
        w.indent(1);
      }
      int before = tests_;
      for (std::size_t k = 0; k < repeat.length; ++k) statement(w, calls[i + k]);
      if (names_.form() == ExportForm::straight) tests_ = before + (tests_ - before) * static_cast<int>(repeat.times);
      if (repeat.times > 1) {
        w.indent(-1);
        w.line("}");
      }
      i += repeat.length * repeat.times;
    }
  }

  void statement(CWriter& w, const Call& call) {
    const KernelOperation& operation = kernel_operation(*call.operation);
    if (operation.run == nullptr) return w.line(fmt::format("/* not {}: {} */", shown(call), operation.why_not));
    std::optional<int> who = doer(call);
    if (who && !alive_[static_cast<std::size_t>(*who)])
      return w.line(fmt::format("/* not {}: its process is no more */", shown(call)));
    CWriter inside(0);
    calls_and_checks(inside, call);
    follow_lives(call);
    if (names_.form() == ExportForm::straight || in_block_) return w.raw(inside.indented(w.depth()));
    std::string turn = fmt::format("if (q_turn({}))", who ? names_.process(*who) : "MAIN");
    bool several = inside.statements() > 1;
    w.line(turn + (several ? " {" : ""));
    w.raw(inside.indented(w.depth() + 1));
    if (several) w.line("}");
  }

  void calls_and_checks(CWriter& w, const Call& call) {
    std::string expression = expressions_.call(call, in_block_ ? ExportPlace::block : ExportPlace::step);
    std::string holds = expressions_.holds(call);
    bool captures = call.capture >= 0 && names_.uses(call.capture) && process_of_child(program_, call) < 0;
    std::string target = captures ? names_.variable(call.capture) + " = " : "";
    std::string cast = captures ? names_.cast_to(call.capture) : "";
    if (!cast.empty()) cast = "(" + cast + ")";
    if (holds.empty()) {
      using Gives = scenario::Operation::Gives;
      Gives gives = call.operation->gives;
      bool must = call.expected.empty() && gives != Gives::value && gives != Gives::amount;
      if (must)
        expression = fmt::format("{}({}, {})", names_.form() == ExportForm::straight ? "q_must" : "q_need",
                                 c_string(shown(call)), expression);
      return w.line(target + cast + expression + ";");
    }
    w.line("got = " + expression + ";");
    if (captures) w.line(target + cast + "got;");
    // A child that a fork leads to has nothing to tell of it.
    std::string guard = is(call, "fork") && !in_block_ ? "if (got != 0)\n\t" : "";
    bool looks = is(call, "pagemap") || is(call, "rss") || is(call, "swap_used");
    if (needs_.one_page_faults && looks) holds = "q_holds_alone(" + holds + ")";
    std::string text = is(call, "pagemap")                     ? "q_pagemap_text"
                       : is(call, "load") || is(call, "pread") ? "q_byte_text"
                                                               : "q_text";
    w.line(guard + check(holds, shown(call), ExportExpressions::stated(call), text + "(got)"));
  }

  std::string check(const std::string& holds, const std::string& call, const std::string& stated,
                    const std::string& got) {
    std::string which = names_.form() == ExportForm::straight ? "q_expect(" : fmt::format("q_note({}, ", tests_);
    ++tests_;
    return fmt::format("{}{}, {}, {}, {});", which, holds, c_string(call), c_string(stated), got);
  }

  void add_conditions(CWriter& w) {
    if (names_.form() == ExportForm::turns && !conditions_.empty()) {
      CWriter inside(w.depth() + 1);
      conditions(inside);
      if (inside.text().empty()) return;
      w.line("if (q_turn(MAIN)) {");
      w.raw(inside.text());
      w.line("}");
    } else {
      conditions(w);
    }
  }

  void conditions(CWriter& w) {
    for (const Condition& c : conditions_) {
      std::string text = expressions_.condition(c.condition);
      if (text.empty()) continue;
      bool always = c.quantifier == scenario::Quantifier::always;
      std::string holds = always ? text : "!(" + text + ")";
      w.line(check(holds, c.condition.text, always ? "so" : "not so", always ? "\"not so\"" : "\"so\""));
    }
  }

  // The call as it reads, and whose it is.
  [[nodiscard]] std::string shown(const Call& call) const {
    std::string member = call.member.empty() || call.text.ends_with(call.member) ? "" : "." + call.member;
    std::string process;
    if (program_.processes.size() > 1 && call.process >= 0 && doer(call))
      process = program_.processes[static_cast<std::size_t>(call.process)].name + ": ";
    return process + call.text + member;
  }

  // The process that makes a call; none: the one that conducts.
  [[nodiscard]] std::optional<int> doer(const Call& call) const {
    if (in_block_) return std::nullopt;
    if (is(call, "exit") || is(call, "killall") || is(call, "tasks") || is(call, "swap_used")) return std::nullopt;
    if (is(call, "rss") && !call.operands.empty()) return static_cast<int>(call.operands[0].number);
    return std::max(call.process, 0);
  }

  void follow_lives(const Call& call) {
    if (is(call, "killall")) std::fill(alive_.begin(), alive_.end(), false);
    int child = process_of_child(program_, call);
    bool fails = !call.expected.empty() && std::all_of(call.expected.begin(), call.expected.end(), [](const auto& e) {
      return e.kind == scenario::Expected::Kind::error;
    });
    if (child >= 0 && !fails) alive_[static_cast<std::size_t>(child)] = true;
    if (!is(call, "exit")) return;
    int process = call.operands.empty() ? std::max(call.process, 0) : static_cast<int>(call.operands[0].number);
    alive_[static_cast<std::size_t>(process)] = false;
  }

  const Program& program_;
  ExportOptions options_;
  std::vector<Condition> conditions_;
  ExportNeeds needs_;
  ExportNames names_;
  ExportExpressions expressions_;
  std::vector<bool> alive_;  ///< at this point of the program
  bool in_block_ = false;
  int tests_ = 0;
};

// A call that has no end, or whose process ends by it.
std::string why_not_returning(const Program& program) {
  using Kind = scenario::Expected::Kind;
  for (const Call* call : calls_of(program)) {
    bool returns = call->expected.empty();
    for (const scenario::Expected& e : call->expected)
      returns |= e.kind != Kind::blocked && !(e.kind == Kind::signal && e.signal == 9);
    if (!returns) return fmt::format("line {}: {} does not return", call->at.line, call->text);
  }
  return scenario::may_deadlock(*program.scenario) ? "a call of its blocks now and then does not return" : "";
}

}  // namespace

Exported export_c(const Program& program, const ExportOptions& options) {
  std::string why = why_not_played(program, kernel_somewhere());
  if (why.empty()) why = why_not_returning(program);
  if (!why.empty()) return {{}, why};
  Exporter exporter(program, options);
  std::string text = exporter.text();
  if (exporter.tests() == 0) return {{}, "states nothing that a kernel can be asked for"};
  return {std::move(text), {}};
}

}  // namespace quire::oracle
