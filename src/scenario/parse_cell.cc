#include <fmt/core.h>

#include <algorithm>

#include "scenario/parse_parts.h"

namespace quire::scenario {
namespace {

bool fits_a_table(std::string_view label) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !label.empty() && label.size() <= kCellLabelMax && std::none_of(label.begin(), label.end(), is_control);
}

// A word on the next line is the next section, so that a cell that lacks its column is told so.
std::string parse_label(Cursor& cursor, std::string_view wanted) {
  if (cursor.peek().first_on_line) {
    cursor.fail(wanted);
    return {};
  }
  const Token first = cursor.peek();
  const bool quoted = cursor.at_kind(TokenKind::string);
  std::string label = quoted ? cursor.expect_string(wanted) : cursor.expect_dashed_name(wanted).text;
  if (!fits_a_table(label)) {
    cursor.fail_at(first.at, fmt::format("expected {} of 1 to {} bytes without control characters, found {}", wanted,
                                         kCellLabelMax, describe(first)));
  }
  return label;
}

}  // namespace

Cell parse_cell(Cursor& cursor) {
  Cell cell;
  cell.trivia = cursor.begin_item();
  cell.at = cursor.peek().at;
  cursor.expect("cell");
  constexpr std::string_view kTableWanted = "the name of the table in quotes";
  if (!cursor.at_kind(TokenKind::string)) cursor.fail(kTableWanted);
  cell.table = parse_label(cursor, kTableWanted);
  cell.row = parse_label(cursor, "the row of the cell");
  cell.column = parse_label(cursor, "the column of the cell");
  cursor.end_item(cell.trivia);
  return cell;
}

}  // namespace quire::scenario
