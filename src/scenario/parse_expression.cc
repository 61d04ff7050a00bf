#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "scenario/constants.h"
#include "scenario/operators.h"
#include "scenario/parse_parts.h"

namespace quire::scenario {
namespace {

constexpr std::string_view kExpressionWanted = "an expression";

Expr leaf(Cursor& cursor, ExprKind kind) {
  const Token& token = cursor.take();
  Expr expr;
  expr.kind = kind;
  expr.at = token.at;
  expr.number = token.number;
  if (kind == ExprKind::name) expr.text = token.text;
  if (kind == ExprKind::string) expr.text = decode_string(token.text);
  return expr;
}

// p[3] or p[0:512]. The bracket touches the name, or it would be a property.
Expr parse_index(Cursor& cursor) {
  Expr expr = leaf(cursor, ExprKind::index);
  expr.text = cursor.last_text();
  cursor.expect("[");
  expr.args.push_back(parse_expression(cursor, OrMeaning::bitwise));
  if (cursor.accept(":")) expr.args.push_back(parse_expression(cursor, OrMeaning::bitwise));
  cursor.expect("]", expr.args.size() == 1 ? "':' or ']'" : "']'");
  return expr;
}

Expr parse_primary(Cursor& cursor) {
  const Nesting nesting(cursor);
  Terms::count(cursor);
  switch (cursor.peek().kind) {
    case TokenKind::integer:
      return leaf(cursor, ExprKind::integer);
    case TokenKind::character:
      return leaf(cursor, ExprKind::character);
    case TokenKind::string:
      return leaf(cursor, ExprKind::string);
    case TokenKind::identifier:
      if (cursor.at("(", 1)) return parse_call(cursor);
      if (cursor.at("[", 1) && cursor.next_touches()) return parse_index(cursor);
      return leaf(cursor, ExprKind::name);
    default:
      break;
  }
  Expr expr;
  expr.at = cursor.peek().at;
  if (cursor.accept("-")) {
    expr.kind = ExprKind::negate;
    expr.args.push_back(parse_primary(cursor));
  } else if (cursor.accept("(")) {
    expr = parse_expression(cursor, OrMeaning::bitwise);
    cursor.expect(")");
  } else {
    cursor.fail(kExpressionWanted);
  }
  return expr;
}

const Operator* operator_at(const Cursor& cursor, int level) {
  const auto found = std::find_if(kOperators.begin(), kOperators.end(), [&](const Operator& candidate) {
    return candidate.level == level && cursor.at(candidate.text);
  });
  return found == kOperators.end() ? nullptr : &*found;
}

Expr parse_level(Cursor& cursor, int level) {
  if (level == kUnaryLevel) return parse_primary(cursor);
  Expr left = parse_level(cursor, level + 1);
  while (const Operator* found = operator_at(cursor, level)) {
    cursor.take();
    Terms::count(cursor);
    Expr sum;
    sum.kind = ExprKind::binary;
    sum.op = found->op;
    sum.at = left.at;
    sum.args.push_back(std::move(left));
    sum.args.push_back(parse_level(cursor, level + 1));
    left = std::move(sum);
  }
  return left;
}

bool is_negated(const Expr& expr, ExprKind kind) { return expr.kind == ExprKind::negate && expr.args[0].kind == kind; }

bool looks_like_errno(std::string_view name) {
  constexpr std::size_t kErrnoNameMax = 16;
  const auto upper = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (name.size() < 3 || name.size() > kErrnoNameMax || name[0] != 'E') return false;
  return std::all_of(name.begin(), name.end(), upper);
}

Result named_result(ResultKind kind, std::string name) {
  Result result;
  result.kind = kind;
  result.name = std::move(name);
  return result;
}

// What an expression means where a result is expected; nullopt: only its value.
std::optional<Result> special_result(Cursor& cursor, const Expr& expr) {
  if (is_negated(expr, ExprKind::name) && looks_like_errno(expr.args[0].text)) {
    const Expr& name = expr.args[0];
    if (errno_number(name.text)) return named_result(ResultKind::error, name.text);
    std::string message = fmt::format("expected the name of an errno, found '{}'", name.text);
    const std::string_view suggestion = nearest(name.text, errno_names());
    if (!suggestion.empty()) message += fmt::format(" (did you mean '{}'?)", suggestion);
    cursor.fail_at(name.at, std::move(message));
    return std::nullopt;
  }
  if (expr.kind == ExprKind::name && expr.text == "blocked") return named_result(ResultKind::blocked, {});
  if (expr.kind == ExprKind::name && is_signal_name(expr.text)) return named_result(ResultKind::signal, expr.text);
  if (expr.kind == ExprKind::call && is_signal_name(expr.text) && expr.args.size() == 1 && expr.member.empty()) {
    Result result = named_result(ResultKind::signal, expr.text);
    result.value = expr.args[0];
    return result;
  }
  return std::nullopt;
}

// strace prints `-1 ENOMEM (Cannot allocate memory)`.
std::optional<Result> strace_error(Cursor& cursor, const Expr& expr) {
  if (!is_negated(expr, ExprKind::integer) || expr.args[0].number.value != 1) return std::nullopt;
  if (!cursor.at_kind(TokenKind::identifier) || !errno_number(cursor.peek().text)) return std::nullopt;
  Result result = named_result(ResultKind::error, std::string(cursor.take().text));
  if (cursor.at("(")) cursor.skip_remark();
  return result;
}

}  // namespace

Expr parse_expression(Cursor& cursor, OrMeaning meaning) {
  return parse_level(cursor, meaning == OrMeaning::bitwise ? 0 : 1);
}

Expr parse_call(Cursor& cursor) {
  Expr call;
  call.kind = ExprKind::call;
  call.at = cursor.peek().at;
  call.text = cursor.expect_identifier("the name of an operation");
  cursor.expect("(");
  if (!cursor.at(")")) {
    do {
      call.args.push_back(parse_expression(cursor, OrMeaning::bitwise));
    } while (cursor.accept(","));
  }
  cursor.expect(")", call.args.empty() ? "an argument or ')'" : "',' or ')'");
  if (cursor.accept(".")) call.member = cursor.expect_identifier("the name of a member");
  return call;
}

Result parse_result(Cursor& cursor) {
  Result result;
  const Origin at = cursor.peek().at;
  if (cursor.accept("?")) {
    result.kind = ResultKind::any;
  } else {
    Expr expr = parse_expression(cursor, OrMeaning::alternative);
    auto special = special_result(cursor, expr);
    if (!special) special = strace_error(cursor, expr);
    if (special) {
      result = *std::move(special);
    } else {
      result.value = std::move(expr);
    }
  }
  result.at = at;
  return result;
}

}  // namespace quire::scenario
