#include <fmt/core.h>
#include <fmt/ranges.h>

#include <limits>
#include <utility>

#include "scenario/parse_parts.h"

namespace quire::scenario {
namespace {

constexpr std::string_view kItemWanted =
    "an item of expect (never, always, sometimes, outcomes, complete, preemptions, within) or '}'";

CaptureRef parse_capture_ref(Cursor& cursor) {
  CaptureRef ref;
  ref.at = cursor.peek().at;
  ref.name = cursor.expect_identifier("a captured result such as 'A:r'");
  if (cursor.accept(":")) {
    ref.process = std::move(ref.name);
    ref.name = cursor.expect_identifier("the name of a captured result");
  }
  return ref;
}

Comparison parse_comparison(Cursor& cursor) {
  Comparison comparison;
  comparison.left = parse_capture_ref(cursor);
  const auto op = compare_op(cursor.peek().text);
  if (!op) {
    cursor.fail("'==', '!=', '<', '<=', '>' or '>='", cursor.at("=") ? "==" : "");
    return comparison;
  }
  cursor.take();
  comparison.op = *op;
  comparison.right = parse_result(cursor);
  return comparison;
}

Condition parse_condition(Cursor& cursor) {
  Condition condition;
  do {
    auto& all_of = condition.any_of.emplace_back();
    do {
      all_of.push_back(parse_comparison(cursor));
    } while (cursor.accept("&&"));
  } while (cursor.accept("||"));
  return condition;
}

// A word that an operator or a colon follows is a captured result, any other a class.
bool at_condition(const Cursor& cursor) {
  if (!cursor.at_kind(TokenKind::identifier)) return false;
  return cursor.at(":", 1) || cursor.at("=", 1) || compare_op(cursor.peek(1).text).has_value();
}

void parse_failure(Cursor& cursor, ExpectItem& item) {
  item.kind = ExpectKind::failure;
  const auto failure = cursor.at_kind(TokenKind::identifier) ? failure_class(cursor.peek().text) : std::nullopt;
  if (!failure) {
    const std::string_view suggestion = nearest(cursor.peek().text, failure_class_names());
    if (suggestion.empty()) {
      cursor.fail(
          fmt::format("a class ({}) or a comparison such as 'A:r == 0'", fmt::join(failure_class_names(), ", ")));
    } else {
      cursor.fail("a class or a comparison", suggestion);
    }
    return;
  }
  cursor.take();
  item.failure = *failure;
  if (cursor.accept("@")) item.func = cursor.expect_identifier("the name of a function");
}

OutcomeRow parse_row(Cursor& cursor) {
  OutcomeRow row;
  row.trivia = cursor.begin_item();
  row.at = cursor.peek().at;
  Terms::restart(cursor);
  do {
    OutcomeCell cell;
    cell.capture = parse_capture_ref(cursor);
    cursor.expect("=", cell.capture.process.empty() ? "':' or '='" : "'='");
    cell.value = parse_result(cursor);
    row.cells.push_back(std::move(cell));
  } while (!cursor.at("}") && !cursor.at(";") && !cursor.at_end() && !cursor.peek().first_on_line);
  cursor.accept(";");
  cursor.end_item(row.trivia);
  return row;
}

void parse_limit(Cursor& cursor, ExpectItem& item, ExpectKind kind) {
  cursor.take();
  item.kind = kind;
  const bool counts_preemptions = kind == ExpectKind::preemptions;
  item.limit = cursor.expect_number_in(counts_preemptions ? "a number of preemptions" : "a number of executions",
                                       counts_preemptions ? 0 : 1, std::numeric_limits<std::int64_t>::max());
}

void parse_item_body(Cursor& cursor, ExpectItem& item) {
  const auto found = quantifier(cursor.peek().text);
  if (found && cursor.at_kind(TokenKind::identifier)) {
    cursor.take();
    item.quantifier = *found;
    if (at_condition(cursor)) {
      item.kind = ExpectKind::condition;
      item.condition = parse_condition(cursor);
    } else {
      parse_failure(cursor, item);
    }
  } else if (cursor.accept("outcomes")) {
    item.kind = ExpectKind::outcomes;
    item.outcomes =
        parse_block<OutcomeRow>(cursor, [&](std::vector<OutcomeRow>& rows) { rows.push_back(parse_row(cursor)); });
  } else if (cursor.accept("complete")) {
    item.kind = ExpectKind::complete;
  } else if (cursor.at("preemptions")) {
    parse_limit(cursor, item, ExpectKind::preemptions);
  } else if (cursor.at("within")) {
    parse_limit(cursor, item, ExpectKind::within);
  } else {
    cursor.fail(kItemWanted, nearest(cursor.peek().text, expect_item_names()));
  }
}

ExpectItem parse_item(Cursor& cursor) {
  ExpectItem item;
  item.trivia = cursor.begin_item();
  item.at = cursor.peek().at;
  Terms::restart(cursor);
  parse_item_body(cursor, item);
  cursor.accept(";");
  cursor.end_item(item.trivia);
  return item;
}

SchedulePoint parse_point(Cursor& cursor) {
  SchedulePoint point;
  point.at = cursor.peek().at;
  point.process = cursor.expect_identifier("a point such as 'A@swapoff:walk'");
  cursor.expect("@");
  point.func = cursor.expect_identifier("the name of a function");
  cursor.expect(":");
  point.point = cursor.expect_dashed_name("the name of a point").text;
  return point;
}

ScheduleChain parse_chain(Cursor& cursor) {
  ScheduleChain chain;
  chain.trivia = cursor.begin_item();
  chain.at = cursor.peek().at;
  chain.points.push_back(parse_point(cursor));
  if (!cursor.at("<")) cursor.fail("'<'");
  while (cursor.accept("<")) chain.points.push_back(parse_point(cursor));
  cursor.accept(";");
  cursor.end_item(chain.trivia);
  return chain;
}

}  // namespace

Schedule parse_schedule(Cursor& cursor) {
  Schedule schedule;
  schedule.trivia = cursor.begin_item();
  schedule.at = cursor.peek().at;
  cursor.expect("schedule");
  schedule.name = cursor.expect_dashed_name("the name of the schedule").text;
  schedule.body = parse_block<ScheduleChain>(
      cursor, [&](std::vector<ScheduleChain>& chains) { chains.push_back(parse_chain(cursor)); });
  cursor.end_item(schedule.trivia);
  return schedule;
}

Expect parse_expect(Cursor& cursor) {
  Expect expect;
  expect.trivia = cursor.begin_item();
  expect.at = cursor.peek().at;
  cursor.expect("expect");
  if (cursor.accept("with")) {
    do {
      expect.defects.push_back(cursor.expect_dashed_name("the name of a defect such as D2-1"));
    } while (cursor.accept(","));
  } else if (!cursor.at("{")) {
    cursor.fail("'with' or '{'");
  }
  expect.body =
      parse_block<ExpectItem>(cursor, [&](std::vector<ExpectItem>& items) { items.push_back(parse_item(cursor)); });
  cursor.end_item(expect.trivia);
  return expect;
}

}  // namespace quire::scenario
