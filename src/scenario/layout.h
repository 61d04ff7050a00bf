// The rules that make a layout canonical, shared by the parser (which applies them) and by generators of trees.
//
// L1. A block stands on one line if and only if its first item joins the opening brace (same_line); then no item of it
// has
//     a line, a comment or a many-line block of its own.
// L2. An item that covers several lines, and the one after it, start lines of their own.
// L3. The first thing in a block has no empty line above it.
// L4. Nothing shares the line of a comment after it.
#pragma once

#include "scenario/ast.h"

namespace quire::scenario {

template <class Item>
[[nodiscard]] bool on_one_line(const Block<Item>& block) {
  if (block.opening || !block.tail.empty()) return false;
  return block.items.empty() || block.items.front().trivia.join != Join::own_line;
}

template <class Item>
[[nodiscard]] bool covers_lines(const Item&) {
  return false;
}
[[nodiscard]] inline bool covers_lines(const Statement& statement) {
  return statement.kind == StatementKind::repeat && !on_one_line(statement.body);
}
[[nodiscard]] inline bool covers_lines(const ExpectItem& item) {
  return item.kind == ExpectKind::outcomes && !on_one_line(item.outcomes);
}

// The first of some comments, or else what follows them, loses the empty line above it.
inline void drop_first_blank(std::vector<Comment>& comments, bool* blank_after) {
  if (!comments.empty()) {
    comments.front().blank_before = false;
  } else if (blank_after != nullptr) {
    *blank_after = false;
  }
}

// Brings the items of a block, whose own blocks are canonical already, to L1..L4.
template <class Item>
void make_canonical(Block<Item>& block) {
  bool many_lines = block.opening || !block.tail.empty();
  bool break_after = false;
  for (Item& item : block.items) {
    Trivia& trivia = item.trivia;
    const bool first = &item == &block.items.front();
    if (break_after || !trivia.before.empty() || covers_lines(item)) trivia.join = Join::own_line;
    if (trivia.join == Join::own_line || trivia.after) many_lines = true;
    if (trivia.join != Join::own_line) trivia.blank_before = false;
    break_after = trivia.after || covers_lines(item);
    if (first) drop_first_blank(trivia.before, &trivia.blank_before);
  }
  if (block.items.empty()) {
    drop_first_blank(block.tail, nullptr);
  } else {
    block.items.front().trivia.join = many_lines ? Join::own_line : Join::same_line;
  }
}

}  // namespace quire::scenario
