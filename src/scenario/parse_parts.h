// The recursive descent below parse(), one function per rule of the grammar in docs/scenarios.md.
//
// Each takes the cursor at the first token of its rule and leaves it behind the last. A complaint is the cursor's (C1);
// what is returned then is of no use, and parse() drops it.
#pragma once

#include "scenario/ast.h"
#include "scenario/cursor.h"
#include "scenario/layout.h"

namespace quire::scenario {

// Full: `|` is bitwise or. Alternative: `|` ends the expression, as after `=`.
enum class OrMeaning : std::uint8_t { bitwise, alternative };
[[nodiscard]] Expr parse_expression(Cursor& cursor, OrMeaning meaning);
// NAME(ARGS).MEMBER with the cursor at NAME.
[[nodiscard]] Expr parse_call(Cursor& cursor);
// One alternative after `=`.
[[nodiscard]] Result parse_result(Cursor& cursor);

// Whether statements may choose their process; those of a cpu have one, those of an interrupt none.
enum class Prefixes : std::uint8_t { allowed, rejected };
struct StatementContext {
  Prefixes prefixes = Prefixes::allowed;
  std::int64_t repeated = 1;  // product of the known counts around
};
[[nodiscard]] Block<Statement> parse_statements(Cursor& cursor, StatementContext context);

[[nodiscard]] Cell parse_cell(Cursor& cursor);
[[nodiscard]] Machine parse_machine(Cursor& cursor);
[[nodiscard]] Schedule parse_schedule(Cursor& cursor);
[[nodiscard]] Expect parse_expect(Cursor& cursor);
[[nodiscard]] Scenario parse_scenario(Cursor& cursor);

// `{ item... }`; `parse_item(items)` appends what stands at the cursor.
template <class Item, class ParseItem>
[[nodiscard]] Block<Item> parse_block(Cursor& cursor, const ParseItem& parse_item) {
  Block<Item> block;
  const Nesting nesting(cursor);
  cursor.expect("{");
  block.opening = cursor.take_line_comment();
  while (!cursor.at("}") && !cursor.at_end()) parse_item(block.items);
  block.tail = cursor.take_comments();
  cursor.expect("}");
  make_canonical(block);
  return block;
}

}  // namespace quire::scenario
