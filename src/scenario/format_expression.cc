#include <fmt/core.h>

#include <cstddef>

#include "scenario/format.h"
#include "scenario/operators.h"

namespace quire::scenario {
namespace {

constexpr int kAlternativeLevel = 1;  // `|` at this level would separate results
constexpr int kPrimaryLevel = 4;

const Operator& operator_form(BinaryOp op) { return kOperators[static_cast<std::size_t>(op)]; }

int level_of(const Expr& expr) {
  if (expr.kind == ExprKind::binary) return operator_form(expr.op).level;
  return expr.kind == ExprKind::negate ? kUnaryLevel : kPrimaryLevel;
}

// Bytes above 0x7f pass in strings, where they are UTF-8, and not in characters, where they are one byte.
std::string escaped(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\0') {
      out += "\\0";
    } else if (byte < ' ' || byte == 0x7f || (byte > 0x7f && quote == '\'')) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + quote;
}

std::string text_at(const Expr& expr, int level_min);

std::string joined_args(const Expr& expr, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    if (i > 0) out += separator;
    out += text_at(expr.args[i], 0);
  }
  return out;
}

std::string bare_text(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::integer:
      return format(expr.number);
    case ExprKind::character:
      return escaped(std::string(1, static_cast<char>(expr.number.value)), '\'');
    case ExprKind::string:
      return escaped(expr.text, '"');
    case ExprKind::name:
      return expr.text;
    case ExprKind::negate:
      return "-" + text_at(expr.args[0], kUnaryLevel);
    case ExprKind::binary: {
      const Operator& form = operator_form(expr.op);
      return fmt::format("{}{}{}", text_at(expr.args[0], form.level), form.text, text_at(expr.args[1], form.level + 1));
    }
    case ExprKind::index:
      return fmt::format("{}[{}]", expr.text, joined_args(expr, ":"));
    case ExprKind::call:
      break;
  }
  const std::string member = expr.member.empty() ? "" : "." + expr.member;
  return fmt::format("{}({}){}", expr.text, joined_args(expr, ", "), member);
}

std::string text_at(const Expr& expr, int level_min) {
  return level_of(expr) < level_min ? fmt::format("({})", bare_text(expr)) : bare_text(expr);
}

std::string capture_text(const CaptureRef& ref) {
  return ref.process.empty() ? ref.name : fmt::format("{}:{}", ref.process, ref.name);
}

}  // namespace

std::string format(const Number& number) {
  switch (number.notation) {
    case Notation::decimal:
      return fmt::format("{}", number.value);
    case Notation::octal:
      return fmt::format("0{:o}", number.value);
    case Notation::hex:
      return fmt::format("0x{:x}", number.value);
    case Notation::kilo:
      return fmt::format("{}K", number.value >> 10);
    case Notation::mega:
      return fmt::format("{}M", number.value >> 20);
    case Notation::giga:
      break;
  }
  return fmt::format("{}G", number.value >> 30);
}

std::string format(const Expr& expr) { return text_at(expr, 0); }

std::string format(const Result& result) {
  switch (result.kind) {
    case ResultKind::value:
      return text_at(*result.value, kAlternativeLevel);
    case ResultKind::error:
      return "-" + result.name;
    case ResultKind::signal:
      return result.value ? fmt::format("{}({})", result.name, format(*result.value)) : result.name;
    case ResultKind::blocked:
      return "blocked";
    case ResultKind::any:
      break;
  }
  return "?";
}

std::string format(const Property& property) {
  std::string out = property.modality == Modality::may ? "[may " : "[";
  out += property.name;
  if (!property.site.empty()) out += ": " + property.site;
  if (!property.func.empty()) out += "@" + property.func;
  if (property.nth) out += fmt::format(" nth={}", *property.nth);
  return out + "]";
}

std::string format(const Condition& condition) {
  std::string out;
  for (const auto& all_of : condition.any_of) {
    if (!out.empty()) out += " || ";
    for (std::size_t i = 0; i < all_of.size(); ++i) {
      const Comparison& comparison = all_of[i];
      out += fmt::format("{}{} {} {}", i > 0 ? " && " : "", capture_text(comparison.left),
                         compare_op_text(comparison.op), format(comparison.right));
    }
  }
  return out;
}

}  // namespace quire::scenario
