#include "scenario/program.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "scenario/constants.h"
#include "scenario/format.h"
#include "scenario/vocabulary.h"

namespace quire::scenario {

namespace {

constexpr std::size_t kCallsMax = 10'000;
constexpr std::int64_t kFillMax = std::int64_t{1} << 30;

// What sync::should_fail() is asked with: a site, or the GFP class of the allocation.
bool is_fail_site(std::string_view name) {
  constexpr std::array<std::string_view, 9> kSites = {"page_alloc", "slab",           "io_read",
                                                      "io_write",   "trylock",        "writepage",
                                                      "get_block",  "freeze_timeout", "zswap_store"};
  return std::find(kSites.begin(), kSites.end(), name) != kSites.end() || name.starts_with("GFP_");
}

// Makes a program step by step; the first complaint is kept and ends it.
class Lowering {
 public:
  Lowering(const Scenario& scenario, std::string_view file, ValueOf parameter) {
    program_.scenario = &scenario;
    program_.file = file;
    program_.parameter = std::move(parameter);
  }
  explicit Lowering(Program program) : program_(std::move(program)) {}

  OrDiagnostic<Program> make() {
    const Scenario& s = *program_.scenario;
    name_areas();
    name_processes();
    if (s.setup) statements(s.setup->body, -1, program_.setup, Operation::Where::anywhere);
    for (const CpuBlock& cpu : s.cpus)
      task(process(cpu.process), cpu.index, TaskProgram::Kind::thread,
           fmt::format("CPU{} ({})", cpu.index, cpu.process), cpu.body);
    for (const InterruptBlock& block : s.interrupts)
      task(process("irq"), block.cpu, TaskProgram::Kind::interrupt, fmt::format("interrupt on CPU{}", block.cpu),
           block.body);
    if (s.check) statements(s.check->body, -1, program_.check, Operation::Where::check_only);
    if (diagnostic_) return *diagnostic_;
    return std::move(program_);
  }

  OrDiagnostic<ProgramCondition> condition(const Condition& condition) {
    ProgramCondition result;
    for (const auto& all_of : condition.any_of) {
      auto& conjunction = result.any_of.emplace_back();
      for (const Comparison& c : all_of) conjunction.push_back({capture(c.left), c.op, expected(c.right, -1)});
    }
    result.text = format(condition);
    if (diagnostic_) return *diagnostic_;
    return result;
  }

 private:
  void complain(const Origin& at, std::string message) {
    if (!diagnostic_) diagnostic_ = Diagnostic{program_.file, at.line, at.column, std::move(message)};
  }

  void task(int process, int cpu, TaskProgram::Kind kind, std::string label, const Block<Statement>& body) {
    TaskProgram task{process, static_cast<unsigned>(cpu), kind, std::move(label), {}};
    statements(body, process, task.calls, Operation::Where::anywhere);
    program_.tasks.push_back(std::move(task));
  }

  // --- Names ---

  void name_areas() {
    if (!program_.scenario->machine) return;
    for (const MachineOption& o : program_.scenario->machine->options)
      if (o.key.starts_with("swap"))
        for (const SwapSpec& area : o.swaps) areas_.push_back(area.name);
  }

  void name_processes() {
    const Scenario& s = *program_.scenario;
    auto add = [this](const std::string& name) {
      if (!name.empty()) (void)process(name);
    };
    auto visit = [&](const auto& self, const Block<Statement>& body) -> void {
      for (const Statement& statement : body.items) {
        add(statement.process);
        self(self, statement.body);
      }
    };
    if (s.setup) visit(visit, s.setup->body);
    for (const CpuBlock& cpu : s.cpus) add(cpu.process);
    if (s.check) visit(visit, s.check->body);
    if (program_.processes.empty()) add("A");
    if (s.setup) mark_forked(s.setup->body);
    for (const CpuBlock& cpu : s.cpus) mark_forked(cpu.body);
    if (s.check) mark_forked(s.check->body);
  }

  // `A: C = fork()`: C is that child and not a process of its own.
  void mark_forked(const Block<Statement>& body) {
    for (const Statement& statement : body.items) {
      if (statement.call.kind == ExprKind::call && statement.call.text == "fork" && !statement.capture.empty())
        for (Process& p : program_.processes)
          if (p.name == statement.capture) p.forked = true;
      mark_forked(statement.body);
    }
  }

  int process(const std::string& name) {
    for (std::size_t i = 0; i < program_.processes.size(); ++i)
      if (program_.processes[i].name == name) return static_cast<int>(i);
    program_.processes.push_back({name, false});
    return static_cast<int>(program_.processes.size()) - 1;
  }

  int find_process(std::string_view name) const {
    for (std::size_t i = 0; i < program_.processes.size(); ++i)
      if (program_.processes[i].name == name) return static_cast<int>(i);
    return -1;
  }

  int variable_for(int owner, const std::string& name) {
    for (std::size_t i = 0; i < program_.variables.size(); ++i)
      if (program_.variables[i].process == owner && program_.variables[i].name == name) return static_cast<int>(i);
    program_.variables.push_back({owner, name});
    return static_cast<int>(program_.variables.size()) - 1;
  }

  // A process' own capture, else the only one of that name.
  int find_variable(int owner, std::string_view name) const {
    int found = -1;
    for (std::size_t i = 0; i < program_.variables.size(); ++i) {
      if (program_.variables[i].name != name) continue;
      if (program_.variables[i].process == owner) return static_cast<int>(i);
      found = found == -1 ? static_cast<int>(i) : -2;
    }
    return found;
  }

  int capture(const CaptureRef& ref) {
    int owner = ref.process.empty() ? -1 : find_process(ref.process);
    int found = !ref.process.empty() && owner < 0 ? -1 : find_variable(owner, ref.name);
    if (found >= 0 && (ref.process.empty() || program_.variables[static_cast<std::size_t>(found)].process == owner))
      return found;
    complain(ref.at, fmt::format("expected a captured result, found '{}{}{}' which no call captures", ref.process,
                                 ref.process.empty() ? "" : ":", ref.name));
    return -1;
  }

  [[nodiscard]] std::optional<int64_t> constant(std::string_view name) const {
    if (program_.parameter)
      if (auto parameter = program_.parameter(name)) return parameter;
    return constant_value(name);
  }

  // --- Operands ---

  Operand operand(const Expr& e, int owner) {
    Operand result = resolved(e, owner);
    result.written = format(e);
    return result;
  }

  Operand resolved(const Expr& e, int owner) {
    auto value_of = [this](std::string_view name) { return constant(name); };
    if (e.kind == ExprKind::string) return {Operand::Kind::symbol, -1, 0, 0, e.text};
    if (auto value = evaluate(e, value_of)) return {Operand::Kind::number, -1, *value, 0, {}};
    switch (e.kind) {
      case ExprKind::name:
        return named(e, owner);
      case ExprKind::index:
        return indexed(e, owner);
      case ExprKind::binary:
        return sum(e, owner);
      case ExprKind::call:
        if (e.text == "fill" && e.args.size() == 2) {
          Operand what = operand(e.args[0], owner);
          Operand count = operand(e.args[1], owner);
          if (count.number < 0 || count.number > kFillMax)
            complain(e.at, fmt::format("expected a fill of 0 to {} bytes, found '{}'", kFillMax, format(e)));
          return {Operand::Kind::fill, -1, what.number, count.number, {}};
        }
        break;
      default:
        break;
    }
    complain(e.at, fmt::format("expected an operand, found '{}'", format(e)));
    return {};
  }

  Operand named(const Expr& e, int owner) {
    // The child of a fork is the process of that name, not the number that fork returned.
    if (int p = find_process(e.text); p >= 0 && program_.processes[static_cast<std::size_t>(p)].forked)
      return {Operand::Kind::symbol, -1, p, 0, e.text};
    int found = find_variable(owner, e.text);
    if (found >= 0) return {Operand::Kind::variable, found, 0, 0, e.text};
    if (found == -2)
      complain(e.at,
               fmt::format("expected a name with one meaning, found '{}' which several processes capture", e.text));
    if (std::find(areas_.begin(), areas_.end(), e.text) != areas_.end())
      return {Operand::Kind::symbol, -1, 0, 0, e.text};
    if (int p = find_process(e.text); p >= 0) return {Operand::Kind::symbol, -1, p, 0, e.text};
    complain(e.at, fmt::format("expected a constant, a swap area, a process or a captured result, found '{}'", e.text));
    return {};
  }

  Operand indexed(const Expr& e, int owner) {
    Expr base = e;
    base.kind = ExprKind::name;
    base.args.clear();
    Operand result = named(base, owner);
    auto value_of = [this](std::string_view name) { return constant(name); };
    auto first = evaluate(e.args[0], value_of);
    auto last = e.args.size() > 1 ? evaluate(e.args[1], value_of) : first;
    if (!first || !last || *first < 0 || *last < *first) {
      complain(e.at, fmt::format("expected page numbers, found '{}'", format(e)));
      return result;
    }
    result.number = *first * kPageBytes;
    result.length = e.args.size() > 1 ? (*last - *first) * kPageBytes : kPageBytes;
    return result;
  }

  // A string, or what is put together: "/tmp/" + fill('a', 256).
  [[nodiscard]] std::optional<std::string> text_of(const Expr& e) const {
    constexpr int64_t kTextMax = 1 << 16;
    auto value_of = [this](std::string_view name) { return constant(name); };
    if (e.kind == ExprKind::string) return e.text;
    if (e.kind == ExprKind::call && e.text == "fill" && e.args.size() == 2) {
      auto byte = evaluate(e.args[0], value_of);
      auto count = evaluate(e.args[1], value_of);
      if (!byte || !count || *count < 0 || *count > kTextMax) return std::nullopt;
      return std::string(static_cast<std::size_t>(*count), static_cast<char>(*byte));
    }
    if (e.kind != ExprKind::binary || e.op != BinaryOp::add) return std::nullopt;
    auto left = text_of(e.args[0]);
    auto right = text_of(e.args[1]);
    if (!left || !right) return std::nullopt;
    return *left + *right;
  }

  Operand sum(const Expr& e, int owner) {
    auto value_of = [this](std::string_view name) { return constant(name); };
    auto right = evaluate(e.args[1], value_of);
    if (e.op == BinaryOp::add)
      if (auto text = text_of(e)) return {Operand::Kind::symbol, -1, 0, 0, *text};
    bool sums = e.op == BinaryOp::add || e.op == BinaryOp::subtract;
    if (!sums || !right) {
      complain(e.at, fmt::format("expected a constant to add, found '{}'", format(e)));
      return {};
    }
    Operand left = operand(e.args[0], owner);
    left.number += e.op == BinaryOp::add ? *right : -*right;
    return left;
  }

  // --- Statements ---

  Expected expected(const Result& r, int owner) {
    Expected result;
    switch (r.kind) {
      case ResultKind::any:
        result.kind = Expected::Kind::any;
        break;
      case ResultKind::blocked:
        result.kind = Expected::Kind::blocked;
        break;
      case ResultKind::error:
        result.kind = Expected::Kind::error;
        result.number = errno_number(r.name).value_or(0);
        break;
      case ResultKind::signal:
        result.kind = Expected::Kind::signal;
        result.signal = r.name == "SIGBUS" ? 7 : r.name == "SIGSEGV" ? 11 : r.name == "SIGKILL" ? 9 : 0;
        if (result.signal == 0) complain(r.at, fmt::format("expected SIGBUS, SIGSEGV or SIGKILL, found '{}'", r.name));
        result.any_code = !r.value;
        if (r.value) result.number = operand(*r.value, owner).number;
        break;
      case ResultKind::value:
        if (r.value->kind == ExprKind::call && r.value->text != "fill") {
          Call nested = call(*r.value, owner, Operation::Where::check_only);
          program_.nested.push_back(std::move(nested));
          result.kind = Expected::Kind::call;
          result.call = static_cast<int>(program_.nested.size()) - 1;
        } else {
          result.kind = Expected::Kind::value;
          result.value = operand(*r.value, owner);
        }
        break;
    }
    return result;
  }

  Call call(const Expr& e, int owner, Operation::Where where) {
    Call result;
    result.process = owner;
    result.at = e.at;
    result.member = e.member;
    result.text = format(e);
    result.operation = e.kind == ExprKind::call ? find_operation(e.text) : nullptr;
    if (result.operation == nullptr) {
      std::vector<std::string_view> names;
      for (const Operation& o : all_operations()) names.push_back(o.name);
      std::string_view near = nearest(e.text, names);
      complain(e.at, fmt::format("expected an operation, found '{}'{}", e.text,
                                 near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
      return result;
    }
    const Operation& o = *result.operation;
    if (where == Operation::Where::anywhere && o.where == Operation::Where::check_only)
      complain(e.at, fmt::format("expected an operation that runs outside check, found '{}'", e.text));
    if (e.args.size() < o.operands_least || e.args.size() > o.operands_most)
      complain(e.at, fmt::format("expected {}, found {} operand(s)", o.usage, e.args.size()));
    // An address alone would span nothing, and the call would do nothing.
    bool range_alone = e.args.size() == o.operands_least && o.usage.find("RANGE[, LENGTH]") != std::string_view::npos;
    if (range_alone && e.args[0].kind != ExprKind::index)
      complain(e.at, fmt::format("expected a page or range such as p[0] or p[0:2], or an address and a LENGTH, in {}",
                                 o.usage));
    for (const Expr& argument : e.args) result.operands.push_back(operand(argument, owner));
    return result;
  }

  void statements(const Block<Statement>& body, int owner, std::vector<Call>& calls, Operation::Where where) {
    for (const Statement& s : body.items) {
      if (diagnostic_) return;
      if (s.kind == StatementKind::repeat) {
        repeat(s, owner, calls, where);
      } else {
        int process_index = s.process.empty() ? (owner >= 0 ? owner : 0) : process(s.process);
        calls.push_back(statement(s, process_index, where));
      }
      if (calls.size() > kCallsMax) complain(s.at, fmt::format("expected at most {} calls in a block", kCallsMax));
    }
  }

  void repeat(const Statement& s, int owner, std::vector<Call>& calls, Operation::Where where) {
    auto count = evaluate(s.count, [this](std::string_view name) { return constant(name); });
    if (!count || *count < 0 || *count > kRepeatMax) {
      complain(s.at, fmt::format("expected a repeat count of 0 to {}, found '{}'", kRepeatMax, format(s.count)));
      return;
    }
    for (int64_t i = 0; i < *count && !diagnostic_ && calls.size() <= kCallsMax; ++i)
      statements(s.body, owner, calls, where);
  }

  Call statement(const Statement& s, int owner, Operation::Where where) {
    Call result = call(s.call, owner, where);
    result.at = s.at;
    if (!s.capture.empty()) result.capture = variable_for(owner, s.capture);
    for (const Result& r : s.expected) result.expected.push_back(expected(r, owner));
    for (const Property& p : s.properties) property(p, result);
    return result;
  }

  void property(const Property& p, Call& result) {
    if (p.name == "keep_swapcache") {
      result.keep_swapcache = true;
    } else if (p.name == "fail" && !is_fail_site(p.site)) {
      complain(p.at,
               fmt::format("expected a place that can fail (page_alloc, slab, io_read, io_write, trylock, writepage, "
                           "get_block, freeze_timeout, zswap_store) or a GFP class, found '{}'",
                           p.site));
    } else if (p.name == "fail") {
      Injection injection{p.modality,         p.site, p.func, p.nth.value_or(1), !p.nth && p.modality == Modality::may,
                          program_.counters++};
      result.injections.push_back(std::move(injection));
    } else {
      complain(p.at, fmt::format("expected the property keep_swapcache or fail, found '{}'", p.name));
    }
  }

  Program program_;
  std::vector<std::string> areas_;
  std::optional<Diagnostic> diagnostic_;
};

}  // namespace

OrDiagnostic<Program> make_program(const Scenario& scenario, std::string_view file, ValueOf parameter) {
  return Lowering(scenario, file, std::move(parameter)).make();
}

OrDiagnostic<ProgramCondition> make_condition(const Program& program, const Condition& condition) {
  return Lowering(program).condition(condition);
}

bool may_deadlock(const Scenario& scenario) {
  auto deadlock = [](const ExpectItem& item) {
    return item.kind == ExpectKind::failure && item.failure == FailureClass::deadlock &&
           item.quantifier != Quantifier::never;
  };
  return std::any_of(scenario.expects.begin(), scenario.expects.end(), [&](const Expect& expect) {
    return expect.defects.empty() && std::any_of(expect.body.items.begin(), expect.body.items.end(), deadlock);
  });
}

std::string observed_text(const Call& call, const Value& value) {
  bool number = value.kind == Value::Kind::number && value.number >= 0;
  if (!number) return to_text(value);
  if (call.operation->name == "pagemap")
    if (auto name = pagemap_kind_name(value.number)) return std::string(*name);
  switch (call.operation->gives) {
    case Operation::Gives::value:
      return to_text(value);
    case Operation::Gives::address:
      return "an address";
    case Operation::Gives::pid:
      return "a process";
    case Operation::Gives::descriptor:
      return "a descriptor";
    case Operation::Gives::amount:
      return "an amount";
  }
  return {};
}

std::string to_text(const Value& value) {
  if (value.kind == Value::Kind::none) return "blocked";
  if (value.kind == Value::Kind::signal && value.signal == 9) return "SIGKILL";
  if (value.kind == Value::Kind::signal)
    return fmt::format("{}({})", value.signal == 7 ? "SIGBUS" : "SIGSEGV", value.number);
  if (value.number < 0)
    if (auto name = errno_name(static_cast<int>(-value.number))) return fmt::format("-{}", *name);
  return fmt::format("{}", value.number);
}

}  // namespace quire::scenario
