#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scenario/constants.h"
#include "scenario/parse_parts.h"

namespace quire::scenario {
namespace {

constexpr std::string_view kStatementWanted = "a statement such as 'A: r = munmap(p, 4K)'";

Property parse_property(Cursor& cursor) {
  Property property;
  property.at = cursor.peek().at;
  cursor.expect("[");
  if (cursor.at("may") && cursor.at_kind(TokenKind::identifier, 1)) {
    cursor.take();
    property.modality = Modality::may;
  }
  property.name = cursor.expect_identifier("the name of a property");
  if (cursor.accept(":")) {
    property.site = cursor.expect_identifier("the site of the property");
    if (cursor.accept("@")) property.func = cursor.expect_identifier("the name of a function");
  }
  if (cursor.accept("nth")) {
    cursor.expect("=");
    property.nth = cursor.expect_number_in("a number", 1, kRepeatMax);
  }
  cursor.expect("]", property.site.empty() ? "':' or ']'" : "'@', 'nth=' or ']'");
  return property;
}

void parse_expected(Cursor& cursor, Statement& statement) {
  if (cursor.at("==")) cursor.fail("'=' before the result");
  if (cursor.accept("=")) {
    do {
      statement.expected.push_back(parse_result(cursor));
    } while (cursor.accept("|"));
  }
  while (cursor.at("[")) statement.properties.push_back(parse_property(cursor));
}

// Counts of names are the runner's to bound: only the machine knows them.
std::int64_t checked_repeats(Cursor& cursor, const Expr& count, std::int64_t repeated) {
  const auto known = evaluate(count, constant_value);
  if (!known) return repeated;
  if (*known < 1 || *known > kRepeatMax / repeated) {
    cursor.fail_at(count.at, fmt::format("expected a repeat count from 1 to {}, found {}{}", kRepeatMax, *known,
                                         repeated > 1 ? fmt::format(" times {}", repeated) : ""));
    return repeated;
  }
  return repeated * *known;
}

void parse_repeat(Cursor& cursor, Statement& statement, StatementContext context) {
  cursor.expect("repeat");
  statement.kind = StatementKind::repeat;
  statement.count = parse_expression(cursor, OrMeaning::bitwise);
  context.repeated = checked_repeats(cursor, statement.count, context.repeated);
  statement.body = parse_statements(cursor, context);
}

void parse_prefix(Cursor& cursor, Statement& statement, StatementContext context) {
  if (!cursor.at_kind(TokenKind::identifier) || !cursor.at(":", 1)) return;
  if (context.prefixes == Prefixes::rejected) {
    cursor.fail("a statement without a process: the block has its own");
    return;
  }
  statement.process = cursor.take().text;
  cursor.expect(":");
}

// The cursor is at a word that no parenthesis follows.
void complain_of_no_call(Cursor& cursor) {
  constexpr std::array<std::string_view, 1> kWords{"repeat"};
  const auto sections = section_names();
  if (std::find(sections.begin(), sections.end(), cursor.peek().text) != sections.end()) {
    cursor.fail("a statement or '}'");
    return;
  }
  const Token& name = cursor.take();
  cursor.fail(fmt::format("'(' after {}", describe(name)), nearest(name.text, kWords));
}

Statement parse_statement(Cursor& cursor, StatementContext context, std::string carried) {
  Statement statement;
  statement.trivia = cursor.begin_item();
  statement.at = cursor.peek().at;
  Terms::restart(cursor);
  if (cursor.at("repeat") && !cursor.at("=", 1) && !cursor.at(":", 1)) {
    parse_repeat(cursor, statement, context);
    return statement;
  }
  statement.process = std::move(carried);
  parse_prefix(cursor, statement, context);
  if (cursor.at_kind(TokenKind::identifier) && cursor.at("=", 1)) {
    statement.capture = cursor.take().text;
    cursor.expect("=");
  }
  if (!cursor.at_kind(TokenKind::identifier)) {
    cursor.fail(statement.process.empty() && statement.capture.empty() ? kStatementWanted : "a call");
    return statement;
  }
  if (!cursor.at("(", 1)) {
    complain_of_no_call(cursor);
    return statement;
  }
  statement.call = parse_call(cursor);
  parse_expected(cursor, statement);
  return statement;
}

}  // namespace

Block<Statement> parse_statements(Cursor& cursor, StatementContext context) {
  return parse_block<Statement>(cursor, [&](std::vector<Statement>& items) {
    std::string carried;
    bool after_comma = false;
    do {
      Statement statement = parse_statement(cursor, context, carried);
      if (after_comma && statement.trivia.join == Join::same_line) statement.trivia.join = Join::comma;
      carried = statement.process;
      after_comma = cursor.accept(",");
      cursor.end_item(statement.trivia);
      items.push_back(std::move(statement));
    } while (after_comma && !cursor.at_end());
  });
}

}  // namespace quire::scenario
