// How the printer sets lines: columns for results and comments, blocks on one line or several.
//
// An item is rendered into a Piece; pieces that share a line become a Line; lines between two empty lines, comment
// lines or many-line items are one group, whose results stand in one column and whose comments in another.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/ast.h"
#include "scenario/layout.h"

namespace quire::scenario {

inline constexpr int kIndent = 2;

// An item's text; `right` moves to the column of results where the line allows it.
struct Piece {
  std::string left;
  std::string right;
  [[nodiscard]] std::string text() const { return right.empty() ? left : left + " " + right; }
};

struct Line {
  Piece piece;
  std::optional<std::string> after;
};

[[nodiscard]] std::string comment_text(std::string_view comment);
[[nodiscard]] std::string comment_lines(const std::vector<Comment>& comments, int indent);
// `  # comment`, or nothing.
[[nodiscard]] std::string after_text(const std::optional<std::string>& after);
[[nodiscard]] std::string aligned(const std::vector<Line>& group, int indent);

// Two pieces on a line: 3 spaces, "; " and so on.
[[nodiscard]] std::string_view separator(const Statement& next);
[[nodiscard]] std::string_view separator(const ExpectItem& next);
[[nodiscard]] std::string_view separator(const OutcomeRow& next);
[[nodiscard]] std::string_view separator(const ScheduleChain& next);

// `previous` is the item before on the same line, or null.
[[nodiscard]] Piece render(const Statement& statement, const Statement* previous, int indent);
[[nodiscard]] Piece render(const ExpectItem& item, const ExpectItem* previous, int indent);
[[nodiscard]] Piece render(const OutcomeRow& row, const OutcomeRow* previous, int indent);
[[nodiscard]] Piece render(const ScheduleChain& chain, const ScheduleChain* previous, int indent);

template <class Item>
std::string one_line_block(const Block<Item>& block) {
  std::string out = "{ ";
  const Item* previous = nullptr;
  for (const Item& item : block.items) {
    if (previous != nullptr) out += separator(item);
    out += render(item, previous, 0).text();
    previous = &item;
  }
  return out + (block.items.empty() ? "}" : " }");
}

// The items from `first` that share its line, which moves on to the item behind them.
template <class Item>
Line next_line(const std::vector<Item>& items, std::size_t& first, int indent) {
  Line line;
  const Item* previous = nullptr;
  bool one_result = true;
  do {
    const Item& item = items[first];
    Piece piece = render(item, previous, indent);
    if (previous != nullptr) {
      if (!line.piece.right.empty() || item.trivia.join != Join::comma) one_result = false;
      piece.left = line.piece.text() + std::string(separator(item)) + piece.left;
    }
    line.piece = std::move(piece);
    line.after = item.trivia.after;
    previous = &item;
    ++first;
  } while (first < items.size() && items[first].trivia.join != Join::own_line);
  if (!one_result) line.piece = {line.piece.text(), {}};
  return line;
}

// The inner lines of a block, each with its line break.
template <class Item>
std::string inner_lines(const Block<Item>& block, int indent) {
  std::string out;
  std::vector<Line> group;
  const auto flush = [&] {
    out += aligned(group, indent);
    group.clear();
  };
  for (std::size_t next = 0; next < block.items.size();) {
    const Trivia& trivia = block.items[next].trivia;
    const bool many_lines = covers_lines(block.items[next]);
    if (trivia.blank_before || !trivia.before.empty() || many_lines) flush();
    out += comment_lines(trivia.before, indent);
    if (trivia.blank_before) out += "\n";
    group.push_back(next_line(block.items, next, indent));
    if (many_lines) flush();
  }
  flush();
  return out + comment_lines(block.tail, indent);
}

// `{ ... }` where the line of the opening brace is indented by `indent`.
template <class Item>
std::string block_text(const Block<Item>& block, int indent) {
  if (on_one_line(block)) return one_line_block(block);
  return "{" + after_text(block.opening) + "\n" + inner_lines(block, indent + kIndent) + std::string(indent, ' ') + "}";
}

}  // namespace quire::scenario
