#include "oracle/export_expressions.h"

#include <sys/mman.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <set>

#include "oracle/export_sections.h"
#include "oracle/kernel_operations.h"
#include "oracle/kernel_path_operations.h"
#include "scenario/constants.h"

namespace quire::oracle {
namespace {

using scenario::Expected;
using scenario::Operand;

// Names that a program of ours, or C, or a header has already.
std::string free_name(const std::string& name) {
  constexpr std::array<std::string_view, 62> kTaken = {
      "auto",     "break",    "case",      "char",         "const",        "continue", "default", "do",     "double",
      "else",     "enum",     "extern",    "float",        "for",          "goto",     "if",      "inline", "int",
      "long",     "register", "restrict",  "return",       "short",        "signed",   "sizeof",  "static", "struct",
      "switch",   "typedef",  "union",     "unsigned",     "void",         "volatile", "while",   "got",    "i",
      "s",        "round",    "step",      "check_step",   "blocks_ready", "children", "pids",    "child",  "trouble",
      "outcomes", "steps",    "setup",     "blocks_ended", "check",        "main",     "errno",   "stdin",  "stdout",
      "stderr",   "MAIN",     "PROCESSES", "OUTCOMES",     "BLOCKS",       "linux",    "unix",    "NULL"};
  bool taken = std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end() || scenario::constant_value(name) ||
               scenario::find_operation(name) != nullptr || name.starts_with("q_") || name.starts_with("Q_");
  return taken ? name + "_" : name;
}

bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string plain_number(int64_t value) {
  bool fits = value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max();
  return fmt::format("{}{}", value, fits ? "" : "L");
}

// One word of a constant expression; empty if C has none for it.
std::string c_word(const std::string& word) {
  if (std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
    constexpr std::string_view kUnits = "KMG";
    std::size_t unit = kUnits.find(word.back());
    if (unit == std::string_view::npos || word.starts_with("0x")) return word;
    int64_t value = std::stoll(word) << (10 * (unit + 1));
    return plain_number(value);
  }
  if (word.starts_with("PM_")) return kernel_sources_have("Q_" + word) ? "Q_" + word : "";
  bool quires_own = word.starts_with("VM_");
  return scenario::constant_value(word) && !quires_own ? word : "";
}

// As it is written, where C can say it so; else the value.
std::string c_number(const Operand& operand) {
  std::string out;
  std::string_view text = operand.written;
  bool small = plain_number(operand.number).back() != 'L';
  if (text.empty() || !small) return plain_number(operand.number);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    if (text[i] == '\'') {
      end = text.find('\'', i + 2) + 1;
      out += text.substr(i, end - i);
    } else if (is_word_part(text[i])) {
      while (end < text.size() && is_word_part(text[end])) ++end;
      std::string word = c_word(std::string(text.substr(i, end - i)));
      if (word.empty()) return plain_number(operand.number);
      out += word;
    } else {
      bool binary = text[i] == '|' || text[i] == '*' || (i > 0 && (text[i] == '+' || text[i] == '-'));
      if (text[i] != ' ') out += binary ? fmt::format(" {} ", text[i]) : std::string(1, text[i]);
      end = i + 1;
    }
    i = end;
  }
  return out;
}

std::string c_byte(int64_t byte) {
  bool plain = byte >= 'A' && byte <= 'z' && std::isalpha(static_cast<int>(byte)) != 0;
  return plain ? fmt::format("'{}'", static_cast<char>(byte)) : fmt::format("{}", byte);
}

std::string plus(const std::string& left, int64_t number) {
  if (number == 0) return left;
  if (number < 0) return fmt::format("{} - {}", left, -number);
  int64_t pages = number / scenario::kPageBytes;
  int64_t rest = number % scenario::kPageBytes;
  std::string text = left;
  if (pages != 0) text += pages == 1 ? " + Q_PAGE" : fmt::format(" + {} * Q_PAGE", pages);
  if (rest != 0) text += fmt::format(" + {}", rest);
  return text;
}

}  // namespace

// --- Names ----------------------------------------------------------------------------------------------------------

ExportNames::ExportNames(const scenario::Program& program, ExportForm form, const std::set<int>& used_variables)
    : form_(form), used_(used_variables), types_(program.variables.size(), Type::number) {
  for (const scenario::Process& process : program.processes) processes_.push_back(free_name(process.name));
  for (const scenario::Variable& variable : program.variables) {
    auto same = [&](const scenario::Variable& other) { return other.name == variable.name; };
    bool alone = std::count_if(program.variables.begin(), program.variables.end(), same) == 1;
    std::string owner = alone || variable.process < 0 ? "" : process(variable.process) + "_";
    variables_.push_back(free_name(owner + variable.name));
  }
  std::vector<bool> typed(types_.size());
  for (const scenario::Call* call : calls_of(program)) {
    if (call->capture < 0) continue;
    using Gives = scenario::Operation::Gives;
    Gives gives = call->operation->gives;
    Type type = gives == Gives::address ? Type::pointer : gives == Gives::descriptor ? Type::descriptor : Type::number;
    auto index = static_cast<std::size_t>(call->capture);
    types_[index] = !typed[index] || types_[index] == type ? type : Type::number;
    typed[index] = true;
  }
}

std::string ExportNames::variable(int index) const {
  return (form_ == ExportForm::turns ? "s->" : "") + variables_[static_cast<std::size_t>(index)];
}

std::string ExportNames::declaration(int index) const {
  std::string type = cast_to(index);
  return (type.empty()         ? "long "
          : type.back() == '*' ? type
                               : type + " ") +
         variables_[static_cast<std::size_t>(index)];
}

std::string ExportNames::cast_to(int index) const {
  Type type = types_[static_cast<std::size_t>(index)];
  return type == Type::pointer ? "unsigned char *" : type == Type::descriptor ? "int" : "";
}

bool ExportNames::is_pointer(int index) const { return types_[static_cast<std::size_t>(index)] == Type::pointer; }

// --- Expressions ----------------------------------------------------------------------------------------------------

std::string ExportExpressions::call(const scenario::Call& call, ExportPlace place) const {
  std::string_view format = kernel_operation(*call.operation).c;
  std::string out;
  for (std::size_t at = 0; at < format.size();) {
    std::size_t open = std::min(format.find('{', at), format.size());
    out += format.substr(at, open - at);
    if (open == format.size()) break;
    std::size_t close = format.find('}', open);
    out += operand_text(call, format.substr(open + 1, close - open - 1), place);
    at = close + 1;
  }
  return out;
}

// A kind of operand and which one, or the name of a whole expression.
std::string ExportExpressions::operand_text(const scenario::Call& call, std::string_view what,
                                            ExportPlace place) const {
  std::size_t digits = what.find_first_of("0123456789");
  std::string_view kind = what.substr(0, digits);
  std::size_t n = digits == std::string_view::npos ? 0 : static_cast<std::size_t>(what[digits] - '0');
  if (kind == "mmap") return mmap(call);
  if (kind == "fork") return fork(call, place);
  if (kind == "member") return call.member;
  if (kind == "n") return number(call, n, "0");
  if (kind == "span") return span(call, n);
  if (kind == "next") return number(call, call.operands.size() > 1 + n ? 2 : 1, "0");
  if (kind == "target") {
    bool fixed = call.operands.size() > n && (call.operands[n - 1].number & MREMAP_FIXED) != 0;
    return fixed ? address(call.operands[n]) : "0";
  }
  if (kind == "rss") {
    int which = call.member == "anon" ? 0 : call.member == "file" ? 1 : call.member == "shmem" ? 2 : 3;
    return fmt::format("{}, {} /* {} */", moved(call), which, call.member);
  }
  if (kind == "s") return c_string(n < call.operands.size() ? call.operands[n].symbol : "f");
  if (kind == "word") return n < call.operands.size() ? c_string(call.operands[n].symbol) : "NULL";
  if (kind == "fstat") {
    bool own = call.member == "st_blocks" || call.member == "st_size";
    return own ? fmt::format("q_{}({})", call.member, number(call, 0, "0"))
               : fmt::format("q_fstat({}, \"{}\")", number(call, 0, "0"), call.member);
  }
  if (kind == "open") {
    std::string path = c_string(call.operands[0].symbol);
    bool mounted = is_path(call.operands[0].symbol);
    if (!mounted) return fmt::format("q_result(open(q_path({}), {} | O_CLOEXEC, 0600))", path, number(call, 1, "0"));
    return fmt::format("q_result(open({}, {} | O_CLOEXEC, {}))", path, number(call, 1, "0"), number(call, 2, "0"));
  }
  if (kind == "unlink") {
    bool flat = !is_path(call.operands[0].symbol);
    std::string path = c_string(call.operands[0].symbol);
    return flat ? fmt::format("q_result(unlink(q_path({})))", path) : fmt::format("q_result(unlink({}))", path);
  }
  if (kind == "exit") {
    int process = call.operands.empty() ? call.process : static_cast<int>(call.operands[0].number);
    return fmt::format("q_end(s->pids[{}])", names_.process(process));
  }
  const Operand& operand = call.operands[n];
  if (kind == "p") return pointer(operand);
  if (kind == "l") return fmt::format("{}", operand.length);
  if (kind == "area") return names_.area(operand.symbol);
  if (kind == "byte") return operand.kind == Operand::Kind::fill ? c_byte(operand.number) : number(operand);
  if (kind == "count") return fmt::format("{}", operand.kind == Operand::Kind::fill ? operand.length : 1);
  if (kind == "pid") {
    bool other = names_.form() == ExportForm::turns;
    return other ? fmt::format("s->pids[{}]", names_.process(static_cast<int>(operand.number))) : "0";
  }
  if (kind == "load") {
    bool range = operand.length > scenario::kPageBytes;
    return range ? fmt::format("q_load_range({}, {})", pointer(operand), operand.length)
                 : fmt::format("q_load({})", pointer(operand));
  }
  if (kind == "madvise") {
    const Operand& advice = call.operands.back();
    std::string arguments = span(call, 1) + ", " + number(advice);
    if (advice.number == MADV_PAGEOUT) return fmt::format("q_pageout({})", span(call, 1));
    return fmt::format("q_result(madvise({}))", arguments);
  }
  return fmt::format("{{{}}}", what);  // no C: the compiler will say so
}

// What mremap() has moved by now is where the kernel liked it.
std::string ExportExpressions::moved(const scenario::Call& before) const {
  std::string list;
  int count = 0;
  std::set<int> variables;
  for (const scenario::Call* call : calls_of(program_)) {
    if (call == &before) break;
    if (call->capture >= 0 && names_.uses(call->capture) && call->operation->name == "mremap")
      variables.insert(call->capture);
  }
  for (int variable : variables)
    list += fmt::format("{}(uintptr_t){}", count++ == 0 ? "" : ", ", names_.variable(variable));
  return count == 0 ? "NULL, 0" : fmt::format("(const uintptr_t[]){{{}}}, {}", list, count);
}

std::string ExportExpressions::number(const scenario::Call& call, std::size_t operand,
                                      std::string_view otherwise) const {
  return operand < call.operands.size() ? number(call.operands[operand]) : std::string(otherwise);
}

std::string ExportExpressions::number(const Operand& operand) const {
  if (operand.kind == Operand::Kind::fill) return c_byte(operand.number);
  if (operand.kind != Operand::Kind::variable) return c_number(operand);
  std::string name = names_.variable(operand.variable);
  return plus((names_.is_pointer(operand.variable) ? "(long)" : "") + name, operand.number);
}

std::string ExportExpressions::pointer(const Operand& operand) const {
  // What is written as a number is meant from the start of the arena.
  if (operand.kind != Operand::Kind::variable) return fmt::format("(unsigned char *)({})", address(operand));
  std::string name = names_.variable(operand.variable);
  return plus(names_.is_pointer(operand.variable) ? name : "(unsigned char *)" + name, operand.number);
}

std::string ExportExpressions::address(const Operand& operand) const {
  if (operand.kind == Operand::Kind::variable)
    return plus(fmt::format("(uintptr_t){}", names_.variable(operand.variable)), operand.number);
  return operand.number == 0 ? "Q_ARENA" : "Q_ARENA + " + c_number(operand);
}

std::string ExportExpressions::span(const scenario::Call& call, std::size_t operands_after) const {
  bool spelled = call.operands.size() > 1 + operands_after;
  return pointer(call.operands[0]) + ", " +
         (spelled ? number(call.operands[1]) : fmt::format("{}", call.operands[0].length));
}

std::string ExportExpressions::mmap(const scenario::Call& call) const {
  const Operand& hint = call.operands[0];
  bool anywhere = hint.kind == Operand::Kind::number && hint.number == 0 && (call.operands[3].number & MAP_FIXED) == 0;
  std::string rest = fmt::format("{}, {}, {}, {}, {}", number(call.operands[1]), number(call.operands[2]),
                                 number(call.operands[3]), number(call, 4, "-1"), number(call, 5, "0"));
  if (!anywhere) return fmt::format("q_mmap({}, {})", address(hint), rest);
  return arena_ ? fmt::format("q_mmap_lowest({})", rest) : fmt::format("q_mmap(0, {})", rest);
}

std::string ExportExpressions::fork(const scenario::Call& call, ExportPlace place) const {
  int child = process_of_child(program_, call);
  if (child < 0) return "q_fork()";
  return place == ExportPlace::block ? fmt::format("q_fork_from_block({}, check)", names_.process(child))
                                     : fmt::format("q_fork_as({})", names_.process(child));
}

// --- What is expected -----------------------------------------------------------------------------------------------

std::string ExportExpressions::compared(const std::string& left, std::string_view op, const Expected& right,
                                        const scenario::Call* call) const {
  using Gives = scenario::Operation::Gives;
  switch (right.kind) {
    case Expected::Kind::error:
      return fmt::format("{} {} -{}", left, op, *scenario::errno_name(static_cast<int>(right.number)));
    case Expected::Kind::signal: {
      if (right.signal == 9) return {};
      std::string_view name = right.signal == 7 ? "SIGBUS" : "SIGSEGV";
      if (right.any_code) return fmt::format("{}Q_IS_SIGNAL({}, {})", op == "!=" ? "!" : "", left, name);
      return fmt::format("{} {} Q_SIGNAL({}, {})", left, op, name, right.number);
    }
    case Expected::Kind::call:
      return fmt::format("{} {} {}", left, op, this->call(program_.nested[static_cast<std::size_t>(right.call)]));
    case Expected::Kind::value: {
      bool meaningless =
          call != nullptr && call->operation->gives != Gives::value && right.value.kind != Operand::Kind::variable;
      if (meaningless) return fmt::format("{} >= 0", left);
      std::string value = number(right.value);
      bool flags = value.find('|') != std::string::npos;  // binds less than a comparison
      return fmt::format("{} {} {}{}{}", left, op, flags ? "(" : "", value, flags ? ")" : "");
    }
    default:
      return {};
  }
}

std::string ExportExpressions::holds(const scenario::Call& call) const {
  std::string out;
  for (const Expected& expected : call.expected) {
    if (expected.kind == Expected::Kind::any) return {};
    std::string one = compared("got", "==", expected, &call);
    if (!one.empty()) out += (out.empty() ? "" : " || ") + one;
  }
  return out;
}

std::string ExportExpressions::condition(const scenario::ProgramCondition& condition) const {
  constexpr std::array<std::string_view, 6> kOperators = {"==", "!=", "<", "<=", ">", ">="};
  std::string out;
  for (const auto& all_of : condition.any_of) {
    std::string conjunction;
    for (const scenario::ProgramComparison& c : all_of) {
      if (!names_.uses(c.variable)) return {};
      std::string left = (names_.is_pointer(c.variable) ? "(long)" : "") + names_.variable(c.variable);
      std::string one = compared(left, kOperators[static_cast<std::size_t>(c.op)], c.right, nullptr);
      if (one.empty()) return {};
      conjunction += (conjunction.empty() ? "" : " && ") + one;
    }
    bool several = all_of.size() > 1 && condition.any_of.size() > 1;
    out += (out.empty() ? "" : " || ") + (several ? "(" + conjunction + ")" : conjunction);
  }
  return out;
}

std::string ExportExpressions::stated(const scenario::Call& call) {
  std::string out;
  auto add = [&](const std::string& one) { out += (out.empty() ? "" : " or ") + one; };
  for (const Expected& expected : call.expected) {
    if (expected.kind == Expected::Kind::error)
      add(fmt::format("-{}", *scenario::errno_name(static_cast<int>(expected.number))));
    if (expected.kind == Expected::Kind::signal && expected.signal != 9)
      add(fmt::format("{}{}", expected.signal == 7 ? "SIGBUS" : "SIGSEGV",
                      expected.any_code ? "" : fmt::format("({})", expected.number)));
    if (expected.kind == Expected::Kind::value) add(expected.value.written);
    if (expected.kind == Expected::Kind::call) add("what it is elsewhere");
  }
  return out;
}

int process_of_child(const scenario::Program& program, const scenario::Call& call) {
  if (call.capture < 0 || call.operation->name != "fork") return -1;
  const std::string& name = program.variables[static_cast<std::size_t>(call.capture)].name;
  for (std::size_t i = 0; i < program.processes.size(); ++i)
    if (program.processes[i].forked && program.processes[i].name == name) return static_cast<int>(i);
  return -1;
}

std::string c_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= ' ') out += c;
  }
  return out + '"';
}

}  // namespace quire::oracle
