#include "import/build.h"

#include <cctype>
#include <utility>

#include "scenario/layout.h"

namespace quire::importer {

using scenario::ExprKind;
using scenario::MachineOption;
using scenario::Notation;
using scenario::OptionKind;
using scenario::ResultKind;
using scenario::Statement;

namespace {

constexpr int64_t kKilo = 1024;

MachineOption number_option(std::string_view key, uint64_t value) {
  MachineOption option;
  option.key = key;
  option.kind = OptionKind::number;
  option.number.value = static_cast<int64_t>(value);
  return option;
}

}  // namespace

Expr integer(int64_t value) {
  Expr e;
  if (value >= 0) {
    e.number.value = value;
    return e;
  }
  e.kind = ExprKind::negate;
  e.args.push_back(integer(-value));
  return e;
}

Expr bytes(int64_t value) {
  Expr e = integer(value);
  if (value > 0 && value % (4 * kKilo) == 0) e.number.notation = Notation::kilo;
  if (value > 0 && value % (kKilo * kKilo) == 0) e.number.notation = Notation::mega;
  return e;
}

Expr address(uint64_t value) {
  Expr e = integer(static_cast<int64_t>(value));
  if (value != 0) e.number.notation = Notation::hex;
  return e;
}

Expr character(unsigned char byte) {
  if (std::isprint(byte) == 0) {
    Expr e = integer(byte);
    e.number.notation = byte == 0 ? Notation::decimal : Notation::hex;
    return e;
  }
  Expr e = integer(byte);
  e.kind = ExprKind::character;
  return e;
}

Expr text(std::string_view text) {
  Expr e;
  e.kind = ExprKind::string;
  e.text = text;
  return e;
}

Expr name(std::string_view name) {
  Expr e;
  e.kind = ExprKind::name;
  e.text = name;
  return e;
}

Expr flags(const std::vector<std::string>& names) {
  if (names.empty()) return integer(0);
  Expr all = name(names[0]);
  for (std::size_t i = 1; i < names.size(); ++i) {
    Expr e;
    e.kind = ExprKind::binary;
    e.op = scenario::BinaryOp::bit_or;
    e.args.push_back(std::move(all));
    e.args.push_back(name(names[i]));
    all = std::move(e);
  }
  return all;
}

Expr call(std::string_view operation, std::vector<Expr> operands, std::string_view member) {
  Expr e;
  e.kind = ExprKind::call;
  e.text = operation;
  e.args = std::move(operands);
  e.member = member;
  return e;
}

Expr fill(unsigned char byte, int64_t length) {
  return length == 1 ? character(byte) : call("fill", {character(byte), bytes(length)});
}

Expr inside(std::string_view mapping, uint64_t offset) {
  constexpr uint64_t kPage = 4096;
  Expr page = name(mapping);
  page.kind = ExprKind::index;
  page.args.push_back(integer(static_cast<int64_t>(offset / kPage)));
  if (offset % kPage == 0) return page;
  Expr e;
  e.kind = ExprKind::binary;
  e.op = scenario::BinaryOp::add;
  e.args.push_back(std::move(page));
  e.args.push_back(integer(static_cast<int64_t>(offset % kPage)));
  return e;
}

Line Line::in(std::string_view process) {
  statement_->process = process;
  return *this;
}

Line Line::as(std::string_view capture) {
  statement_->capture = capture;
  return *this;
}

Line Line::gives(Expr value) {
  scenario::Result result;
  result.value = std::move(value);
  statement_->expected = {result};
  return *this;
}

Line Line::fails(std::string_view error) {
  scenario::Result result;
  result.kind = ResultKind::error;
  result.name = error;
  statement_->expected = {result};
  return *this;
}

Line Line::dies(std::string_view signal) {
  scenario::Result result;
  result.kind = ResultKind::signal;
  result.name = signal;
  statement_->expected = {result};
  return *this;
}

Line Line::anything() {
  scenario::Result result;
  result.kind = ResultKind::any;
  statement_->expected = {result};
  return *this;
}

Line Line::remark(std::string_view text) {
  statement_->trivia.after = std::string(text);
  return *this;
}

Builder::Builder(std::string_view name, std::string_view description, uint64_t ram_pages) {
  scenario_.name = name;
  scenario_.description = description;
  scenario_.check.emplace();
  machine(ram_pages, Space::small);
}

void Builder::machine(uint64_t ram_pages, Space space) {
  MachineOption real;
  real.key = "real";
  scenario_.machine.emplace();
  std::vector<MachineOption>& options = scenario_.machine->options;
  if (space == Space::real) options.push_back(real);
  options.push_back(number_option("cpus", 1));
  options.push_back(number_option("ram", ram_pages));
  if (space == Space::real) return;
  options.push_back(number_option("payload", 4096));
  options.push_back(number_option("PTRS_PER_PTE", 512));
}

void Builder::swap(std::string_view area, uint64_t pages) {
  MachineOption option;
  option.key = "swap";
  option.kind = OptionKind::swaps;
  scenario::SwapSpec spec;
  spec.name = area;
  spec.pages.value = static_cast<int64_t>(pages);
  option.swaps.push_back(std::move(spec));
  scenario_.machine->options.push_back(std::move(option));
}

Line Builder::add(Expr call) {
  Statement& statement = scenario_.check->body.items.emplace_back();
  statement.call = std::move(call);
  statement.trivia.before = std::exchange(comments_, {});
  statement.trivia.blank_before = std::exchange(blank_, false);
  return Line(statement);
}

void Builder::comment(std::string_view text) {
  comments_.push_back({std::string(text), comments_.empty() && std::exchange(blank_, false)});
}

scenario::Document Builder::document() {
  scenario_.check->body.tail = std::exchange(comments_, {});
  scenario::make_canonical(scenario_.check->body);
  scenario::Expect expect;
  scenario::ExpectItem never;
  never.kind = scenario::ExpectKind::failure;
  never.failure = scenario::FailureClass::bug;
  never.trivia.join = scenario::Join::same_line;
  expect.body.items.push_back(std::move(never));
  scenario_.expects = {expect};
  scenario::Document document;
  document.scenarios.push_back(std::exchange(scenario_, {}));
  return document;
}

std::string scenario_name(std::string_view path) {
  std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  std::size_t dot = path.rfind('.');
  if (dot != std::string_view::npos && dot != 0) path = path.substr(0, dot);
  std::string result;
  for (char c : path) {
    bool good = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (good) {
      result += c;
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  if (result.empty() || std::isdigit(static_cast<unsigned char>(result[0])) != 0) result = "log-" + result;
  while (result.back() == '-') result.pop_back();
  return result;
}

}  // namespace quire::importer
