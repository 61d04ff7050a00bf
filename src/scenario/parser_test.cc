#include "scenario/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "scenario/examples_for_test.h"
#include "scenario/lexer.h"

namespace quire::scenario {
namespace {

// The only scenario of a text that must parse.
Scenario parsed(std::string_view text) {
  const ParseResult result = parse(text, "t.qs");
  if (!result.ok()) {
    ADD_FAILURE() << to_string(result.error());
    return {};
  }
  EXPECT_EQ(result.document().scenarios.size(), 1U);
  return result.document().scenarios.front();
}

std::vector<Statement> statements(std::string_view body) {
  const Scenario scenario = parsed("scenario s \"\" setup {" + std::string(body) + "}");
  return scenario.setup ? scenario.setup->body.items : std::vector<Statement>{};
}

TEST(Parser, FreeSwapExample) {
  const Scenario scenario = parsed(kFreeSwapExample);
  EXPECT_EQ(scenario.name, "free-swap-vs-swapoff");
  EXPECT_EQ(scenario.refs.at(0).trivia.after, "S2, CVE-2024-26960");
  EXPECT_EQ(scenario.machine->options.at(2).swaps.at(0).name, "S");
  EXPECT_EQ(scenario.machine->options.at(2).swaps.at(0).pages.value, 8);
  const auto& setup = scenario.setup->body.items;
  ASSERT_EQ(setup.size(), 5U);
  EXPECT_EQ(setup[2].process, "A");
  EXPECT_EQ(setup[2].capture, "p");
  EXPECT_EQ(setup[2].call.text, "mmap");
  EXPECT_EQ(setup[2].call.args.size(), 6U);
  EXPECT_EQ(setup[4].properties.at(0).name, "keep_swapcache");
  EXPECT_EQ(setup[4].at.line, 10);
  EXPECT_EQ(setup[4].at.column, 3);
  ASSERT_EQ(scenario.cpus.size(), 2U);
  EXPECT_EQ(scenario.cpus[1].process, "B");
  const Expect& with_defect = scenario.expects.at(1);
  EXPECT_EQ(with_defect.defects.at(0).text, "D2-1");
  EXPECT_EQ(with_defect.body.items.at(0).failure, FailureClass::uaf);
  EXPECT_EQ(with_defect.body.items.at(0).func, "free_swap_and_cache");
  EXPECT_EQ(with_defect.body.items.at(1).limit, 1);
}

TEST(Parser, ForkExample) {
  const Scenario scenario = parsed(kForkExample);
  const Statement& repeat = scenario.setup->body.items.at(3);
  EXPECT_EQ(repeat.kind, StatementKind::repeat);
  EXPECT_EQ(repeat.body.items.at(0).call.text, "fork");
  const Statement& fork = scenario.cpus.at(0).body.items.at(0);
  EXPECT_EQ(fork.expected.at(0).kind, ResultKind::error);
  EXPECT_EQ(fork.expected.at(0).name, "ENOMEM");
  EXPECT_EQ(fork.properties.at(0).site, "page_alloc");
  EXPECT_EQ(fork.properties.at(0).func, "add_swap_count_continuation");
  EXPECT_EQ(fork.properties.at(0).nth, 1);
  ASSERT_EQ(scenario.check->body.items.size(), 5U);
  EXPECT_EQ(scenario.check->body.items[2].call.text, "killall");
  EXPECT_TRUE(scenario.check->body.items[2].expected.empty());
  const Comparison& comparison = scenario.expects.at(0).body.items.at(2).condition.any_of.at(0).at(0);
  EXPECT_EQ(comparison.left.process, "A");
  EXPECT_EQ(comparison.left.name, "c");
  EXPECT_EQ(comparison.right.name, "ENOMEM");
}

TEST(Parser, PunchExample) {
  const Scenario scenario = parsed(kPunchExample);
  const auto& setup = scenario.setup->body.items;
  ASSERT_EQ(setup.size(), 9U);
  EXPECT_EQ(setup[1].process, "A");
  EXPECT_EQ(setup[1].trivia.join, Join::comma);
  EXPECT_EQ(setup[4].trivia.after, "file page, mapped clean");
  const auto& check = scenario.check->body.items;
  ASSERT_EQ(check.size(), 5U);
  EXPECT_EQ(check[4].call.member, "anon");
}

TEST(Parser, VunmapExample) {
  const Scenario scenario = parsed(kVunmapExample);
  EXPECT_EQ(scenario.machine->options.at(2).word, "riscv");
  EXPECT_EQ(scenario.requirements->names.at(0).text, "engine");
  EXPECT_EQ(scenario.check->body.items.at(0).expected.at(0).value->kind, ExprKind::call);
}

TEST(Parser, EverythingExample) {
  const Scenario scenario = parsed(kEverythingExample);
  EXPECT_EQ(scenario.trivia.before.size(), 2U);
  EXPECT_EQ(scenario.machine->options.at(0).kind, OptionKind::bare);
  EXPECT_EQ(scenario.cell->table, "a \"table\"");
  EXPECT_EQ(scenario.cell->row, "hole punch");
  EXPECT_EQ(scenario.cell->column, "m-F");
  EXPECT_EQ(scenario.cell->trivia.after, "one of many");
  ASSERT_EQ(scenario.machine->knobs.size(), 2U);
  EXPECT_EQ(scenario.machine->knobs[0].name, "rcu_spinlock_is_reader");
  EXPECT_EQ(scenario.machine->knobs[0].state, KnobState::off);
  EXPECT_EQ(scenario.interrupts.at(0).cpu, 1);
  const auto& chains = scenario.schedules.at(0).body.items;
  ASSERT_EQ(chains.size(), 3U);
  EXPECT_EQ(chains[0].points.at(1).point, "before-free");
  EXPECT_EQ(chains[2].trivia.join, Join::same_line);
  const auto& items = scenario.expects.at(0).body.items;
  EXPECT_EQ(items.at(0).outcomes.items.size(), 2U);
  EXPECT_EQ(items.at(2).condition.any_of.size(), 2U);
  EXPECT_EQ(items.at(2).condition.any_of[0].size(), 2U);
}

TEST(Parser, SeveralScenarios) {
  const ParseResult result = parse("scenario a \"\" check { }\n# between\nscenario b \"\"\n# end\n", "t.qs");
  ASSERT_TRUE(result.ok());
  const Document& document = result.document();
  ASSERT_EQ(document.scenarios.size(), 2U);
  EXPECT_EQ(document.scenarios[1].trivia.before.at(0).text, "between");
  EXPECT_EQ(document.tail.at(0).text, "end");
}

TEST(Parser, StatementsNeedNoSeparator) {
  const auto list = statements("f() = 1 g()A: h() = X | 2 B: i() = p[3] [async] j() = k");
  ASSERT_EQ(list.size(), 5U);
  EXPECT_EQ(list[2].expected.size(), 2U);
  EXPECT_EQ(list[3].expected.at(0).value->kind, ExprKind::index);
  EXPECT_EQ(list[3].properties.size(), 1U);
  EXPECT_EQ(list[4].process, "");
}

TEST(Parser, PrecedenceAndAssociation) {
  const auto list = statements("f(A|1+2*3-4)");
  const Expr& flags = list.at(0).call.args.at(0);
  EXPECT_EQ(flags.op, BinaryOp::bit_or);
  const Expr& difference = flags.args.at(1);
  EXPECT_EQ(difference.op, BinaryOp::subtract);
  EXPECT_EQ(difference.args.at(0).op, BinaryOp::add);
  EXPECT_EQ(difference.args.at(0).args.at(1).op, BinaryOp::multiply);
}

TEST(Parser, StraceErrors) {
  const auto list = statements("f() = -1 ENOTTY (Inappropriate ioctl for device)\ng() = -1 EIO\nh() = -1 | -1+2");
  EXPECT_EQ(list.at(0).expected.at(0).name, "ENOTTY");
  EXPECT_EQ(list.at(1).expected.at(0).name, "EIO");
  EXPECT_EQ(list.at(2).expected.at(0).kind, ResultKind::value);
  EXPECT_EQ(list.at(2).expected.size(), 2U);
}

TEST(Parser, SwapOptionTakesNumbersAndSpecs) {
  EXPECT_EQ(parsed("scenario s \"\" machine swap=64K").machine->options.at(0).number.value, 65536);
  EXPECT_EQ(parsed("scenario s \"\" machine swap=S:8,T:4").machine->options.at(0).swaps.at(1).pages.value, 4);
}

TEST(Parser, SwitchOfTheMachineIsNoKnob) {
  const Scenario scenario = parsed("scenario s \"\" machine thp=off per_vma_lock=off");
  EXPECT_EQ(scenario.machine->options.at(0).word, "off");
  EXPECT_EQ(scenario.machine->knobs.at(0).name, "per_vma_lock");
}

TEST(Parser, RepeatCountOfNamesIsTheRunners) { EXPECT_EQ(statements("repeat N { repeat 65536 { f() } }").size(), 1U); }

TEST(Parser, ACellMayStandAnywhereInTheHeader) {
  const Scenario scenario = parsed("scenario s \"\" setup { cell(1) } cell \"zap\" cell check check { }");
  EXPECT_EQ(scenario.cell->row, "cell");
  EXPECT_EQ(scenario.cell->column, "check");
  EXPECT_TRUE(scenario.check.has_value());
  EXPECT_FALSE(parsed("scenario s \"\"").cell.has_value());
}

TEST(Parser, CarriageReturnsAreSpace) {
  const Scenario scenario = parsed("scenario s \"\"  # c\r\nsetup {\r\n\r\n  f()\r\n}\r\n");
  EXPECT_EQ(scenario.trivia.after, "c");
  EXPECT_EQ(scenario.setup->body.items.size(), 1U);
}

TEST(Parser, EmptyBlocks) {
  const Scenario scenario = parsed("scenario s \"\" setup{} cpu 0 as A{} schedule x{} expect{outcomes{}}");
  EXPECT_EQ(scenario.expects.at(0).body.items.at(0).outcomes.items.size(), 0U);
}

TEST(Lexer, PositionsCountLinesAndBytes) {
  const Lexed lexed = lex("a\n\n  # c\n\tb");
  ASSERT_EQ(lexed.tokens.size(), 3U);
  EXPECT_EQ(lexed.tokens[1].at.line, 4);
  EXPECT_EQ(lexed.tokens[1].at.column, 2);
  EXPECT_TRUE(lexed.tokens[1].first_on_line);
  EXPECT_FALSE(lexed.tokens[1].blank_before);
  EXPECT_TRUE(lexed.comments.at(0).comment.blank_before);
}

TEST(Lexer, Strings) {
  EXPECT_EQ(decode_string(R"("a\n\x41\"\\")"), "a\nA\"\\");
  EXPECT_EQ(lex(R"("a # b")").comments.size(), 0U);
}

TEST(Vocabulary, Nearest) {
  EXPECT_EQ(nearest("leek", failure_class_names()), "leak");
  EXPECT_EQ(nearest("doublefree", failure_class_names()), "double_free");
  EXPECT_EQ(nearest("ufa", failure_class_names()), "");
  EXPECT_EQ(nearest("", failure_class_names()), "");
  EXPECT_EQ(nearest(std::string(5000, 'x'), failure_class_names()), "");
}

TEST(Vocabulary, NamesComeBack) {
  for (const std::string_view name : failure_class_names()) {
    ASSERT_TRUE(failure_class(name).has_value());
    EXPECT_EQ(failure_class_name(*failure_class(name)), name);
  }
}

}  // namespace
}  // namespace quire::scenario
