#include "scenario/format_lines.h"

#include <fmt/core.h>

#include <algorithm>

#include "scenario/format.h"

namespace quire::scenario {
namespace {

// A line longer than this keeps its result beside it instead of pushing everyone's away.
constexpr std::size_t kResultColumnMax = 84;
constexpr std::size_t kCommentColumnMax = 100;

std::size_t result_column(const std::vector<Line>& group) {
  std::size_t column = 0;
  for (const Line& line : group) {
    const std::size_t width = line.piece.left.size();
    if (!line.piece.right.empty() && width <= kResultColumnMax) column = std::max(column, width);
  }
  return column;
}

void pad(std::string& text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
}

// `repeat` counts are read as sentences: SWAP_MAP_MAX - 1.
std::string count_text(const Expr& count) {
  const bool spaced = count.kind == ExprKind::binary && (count.op == BinaryOp::add || count.op == BinaryOp::subtract);
  if (!spaced) return format(count);
  const Expr& right = count.args[1];
  const bool sum = right.kind == ExprKind::binary && right.op != BinaryOp::multiply;
  const Expr& left = count.args[0];
  const bool flags = left.kind == ExprKind::binary && left.op == BinaryOp::bit_or;
  return fmt::format("{} {} {}", flags ? fmt::format("({})", format(left)) : format(left),
                     count.op == BinaryOp::add ? '+' : '-', sum ? fmt::format("({})", format(right)) : format(right));
}

std::string results_text(const Statement& statement) {
  std::string out;
  for (const Result& result : statement.expected) out += (out.empty() ? "= " : " | ") + format(result);
  return out;
}

std::string properties_text(const Statement& statement) {
  std::string out;
  for (const Property& property : statement.properties) out += (out.empty() ? "   " : " ") + format(property);
  return out;
}

}  // namespace

std::string comment_text(std::string_view comment) {
  return comment.empty() ? std::string("#") : fmt::format("# {}", comment);
}

std::string comment_lines(const std::vector<Comment>& comments, int indent) {
  std::string out;
  for (const Comment& comment : comments) {
    if (comment.blank_before) out += "\n";
    out += std::string(indent, ' ') + comment_text(comment.text) + "\n";
  }
  return out;
}

std::string after_text(const std::optional<std::string>& after) { return after ? "  " + comment_text(*after) : ""; }

std::string aligned(const std::vector<Line>& group, int indent) {
  const std::size_t column = result_column(group);
  std::vector<std::string> texts;
  std::size_t comment_column = 0;
  for (const Line& line : group) {
    Piece piece = line.piece;
    if (!piece.right.empty()) pad(piece.left, column);
    texts.push_back(piece.text());
    if (line.after && texts.back().size() <= kCommentColumnMax) {
      comment_column = std::max(comment_column, texts.back().size());
    }
  }
  std::string out;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].after) pad(texts[i], comment_column);
    out += std::string(indent, ' ') + texts[i] + after_text(group[i].after) + "\n";
  }
  return out;
}

std::string_view separator(const Statement& next) { return next.trivia.join == Join::comma ? ", " : "   "; }
std::string_view separator(const ExpectItem&) { return "   "; }
std::string_view separator(const OutcomeRow&) { return "; "; }
std::string_view separator(const ScheduleChain&) { return "; "; }

Piece render(const Statement& statement, const Statement* previous, int indent) {
  if (statement.kind == StatementKind::repeat) {
    return {fmt::format("repeat {} {}", count_text(statement.count), block_text(statement.body, indent)), {}};
  }
  const bool carried =
      statement.trivia.join == Join::comma && previous != nullptr && previous->process == statement.process;
  Piece piece;
  if (!statement.process.empty() && !carried) piece.left = statement.process + ": ";
  if (!statement.capture.empty()) piece.left += statement.capture + " = ";
  piece.left += format(statement.call);
  piece.right = results_text(statement);
  (piece.right.empty() ? piece.left : piece.right) += properties_text(statement);
  return piece;
}

Piece render(const OutcomeRow& row, const OutcomeRow*, int) {
  Piece piece;
  for (const OutcomeCell& cell : row.cells) {
    if (!piece.left.empty()) piece.left += " ";
    if (!cell.capture.process.empty()) piece.left += cell.capture.process + ":";
    piece.left += fmt::format("{}={}", cell.capture.name, format(cell.value));
  }
  return piece;
}

Piece render(const ScheduleChain& chain, const ScheduleChain*, int) {
  Piece piece;
  for (const SchedulePoint& point : chain.points) {
    piece.left += fmt::format("{}{}@{}:{}", piece.left.empty() ? "" : " < ", point.process, point.func, point.point);
  }
  return piece;
}

Piece render(const ExpectItem& item, const ExpectItem*, int indent) {
  switch (item.kind) {
    case ExpectKind::failure:
      return {fmt::format("{} {}{}", quantifier_name(item.quantifier), failure_class_name(item.failure),
                          item.func.empty() ? "" : " @ " + item.func),
              {}};
    case ExpectKind::condition:
      return {fmt::format("{} {}", quantifier_name(item.quantifier), format(item.condition)), {}};
    case ExpectKind::outcomes:
      return {"outcomes " + block_text(item.outcomes, indent), {}};
    case ExpectKind::complete:
      return {"complete", {}};
    case ExpectKind::preemptions:
      return {fmt::format("preemptions {}", item.limit), {}};
    case ExpectKind::within:
      break;
  }
  return {fmt::format("within {}", item.limit), {}};
}

}  // namespace quire::scenario
