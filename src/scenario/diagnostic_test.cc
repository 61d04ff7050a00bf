// Every complaint of the parser: the text that causes it, where it is reported, and what it says.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "scenario/parser.h"

namespace quire::scenario {
namespace {

struct Case {
  std::string_view text;
  std::string_view complaint;  // behind the file's name
};

void expect_complaints(std::string_view before, std::initializer_list<Case> cases, std::string_view after) {
  for (const Case& one : cases) {
    const std::string text = std::string(before) + std::string(one.text) + std::string(after);
    const ParseResult result = parse(text, "e.qs");
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(to_string(result.error()), "e.qs:" + std::string(one.complaint)) << text;
  }
}

TEST(Diagnostics, File) {
  expect_complaints(
      "",
      {
          {"", "1:1: expected 'scenario', found end of file"},
          {"# only\n", "2:1: expected 'scenario', found end of file"},
          {"scenaro x", "1:1: expected 'scenario', found 'scenaro' (did you mean 'scenario'?)"},
          {"scenario", "1:9: expected the name of the scenario, found end of file"},
          {"scenario 7", "1:10: expected the name of the scenario, found number '7'"},
          {"scenario a-1 b", "1:14: expected the description of the scenario in quotes, found 'b'"},
          {"scenario a \"\" scenario a \"\"", "1:24: expected a name of its own, found a second scenario 'a'"},
          {"scenario a \"x", "1:12: expected a string that ends on its line, found '\"'"},
          {"scenario a \"\\q\"",
           "1:12: expected a string with the escapes \\n \\t \\r \\0 \\\\ \\\" \\' and \\xNN only, found '\"'"},
      },
      "");
}

TEST(Diagnostics, FileTooLarge) {
  const ParseResult result = parse(std::string(kFileBytesMax + 1, ' '), "big.qs");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(to_string(result.error()), "big.qs:1:1: expected a file of at most 1048576 bytes, found 1048577");
}

TEST(Diagnostics, Sections) {
  constexpr std::string_view kSections =
      "expected a section (ref, cell, machine, requires, setup, cpu, interrupt, schedule, check, expect) or the next "
      "scenario, ";
  const std::string other = "2:1: " + std::string(kSections) + "found '}'";
  const std::string near = "2:1: " + std::string(kSections) + "found 'setpu' (did you mean 'setup'?)";
  expect_complaints("scenario s \"\"\n",
                    {
                        {"}", other},
                        {"setpu { }", near},
                        {"ref 7", "2:5: expected the reference in quotes, found number '7'"},
                        {"requires", "2:9: expected the name of a requirement, found end of file"},
                        {"requires a,", "2:12: expected the name of a requirement, found end of file"},
                        {"setup { } setup { }", "2:11: expected one 'setup' in a scenario, found 'setup'"},
                        {"setup x", "2:7: expected '{', found 'x'"},
                        {"cpu x", "2:5: expected the number of a cpu from 0 to 255, found 'x'"},
                        {"cpu 256", "2:5: expected the number of a cpu from 0 to 255, found number '256'"},
                        {"cpu 0 {", "2:7: expected 'as', found '{'"},
                        {"cpu 0 as {", "2:10: expected the name of a process, found '{'"},
                        {"interrupt cpu", "2:11: expected 'on', found 'cpu'"},
                        {"interrupt on 1", "2:14: expected 'cpu', found number '1'"},
                    },
                    "");
}

TEST(Diagnostics, Cells) {
  const std::string long_word(41, 'x');
  const std::string long_row = "\"z\" " + long_word;
  const std::string too_long =
      "2:10: expected the row of the cell of 1 to 40 bytes without control characters, found '" +
      long_word.substr(0, 32) + "...'";
  expect_complaints(
      "scenario s \"\"\ncell ",
      {
          {"", "2:6: expected the name of the table in quotes, found end of file"},
          {"zap munmap F", "2:6: expected the name of the table in quotes, found 'zap'"},
          {"\n\"zap\" munmap F", "3:1: expected the name of the table in quotes, found string \"zap\""},
          {"\"zap\"", "2:11: expected the row of the cell, found end of file"},
          {"\"zap\" munmap", "2:18: expected the column of the cell, found end of file"},
          {"\"zap\" munmap\nmachine cpus=2", "3:1: expected the column of the cell, found 'machine'"},
          {"\"zap\" 7 F", "2:12: expected the row of the cell, found number '7'"},
          {"\"zap\" munmap = F", "2:19: expected the column of the cell, found '='"},
          {"\"zap\" munmap F\ncell \"zap\" munmap A", "3:1: expected one 'cell' in a scenario, found 'cell'"},
          {"\"\" munmap F",
           "2:6: expected the name of the table in quotes of 1 to 40 bytes without control characters, found string "
           "\"\""},
          {"\"zap\" munmap \"\\n\"",
           "2:19: expected the column of the cell of 1 to 40 bytes without control characters, found string \"\\n\""},
          {long_row, too_long},
      },
      "");
}

TEST(Diagnostics, Machine) {
  expect_complaints(
      "scenario s \"\"\nmachine ",
      {
          {"", "2:9: expected an option of the machine such as cpus=2, found end of file"},
          {"cpus 2", "2:14: expected '=' after the option's name, found number '2'"},
          {"cpus=", "2:14: expected a value of 'cpus' (a number, a word or 'S:8'), found end of file"},
          {"cpus=1 cpus=2", "2:16: expected each option of the machine once, found 'cpus'"},
          {"x=on x=2", "2:14: expected each option of the machine once, found 'x'"},
          {"swap=S:8,4", "2:18: expected a swap area such as 'S:8', found number '4'"},
          {"swap=S:8,T", "2:19: expected ':', found end of file"},
          {"swap=S:x", "2:16: expected a number of pages or bytes, found 'x'"},
          {"ram=4k", "2:13: expected a number below 2^63 (12, 0x1f, 0755, 4K, 2M, 1G), found '4k'"},
          {"ram=9223372036854775808",
           "2:13: expected a number below 2^63 (12, 0x1f, 0755, 4K, 2M, 1G), found '9223372036854775808'"},
          {"cpus=2\ncpu 2 as A { }", "3:1: expected a cpu below 2 (cpus=2), found cpu 2"},
          {"cpus=1\ninterrupt on cpu 1 { }", "3:1: expected a cpu below 1 (cpus=1), found cpu 1"},
      },
      "");
}

TEST(Diagnostics, Statements) {
  expect_complaints("scenario s \"\"\nsetup { ",
                    {
                        {"f()", "2:14: expected a statement such as 'A: r = munmap(p, 4K)', found '}'"},
                        {"A: f()", "2:17: expected a call, found '}'"},
                        {"", "2:9: expected a statement such as 'A: r = munmap(p, 4K)', found ','"},
                    },
                    ", }");
  expect_complaints(
      "scenario s \"\"\nsetup { ",
      {
          {"7", "2:9: expected a statement such as 'A: r = munmap(p, 4K)', found number '7'"},
          {"A: 7", "2:12: expected a call, found number '7'"},
          {"f", "2:11: expected '(' after 'f', found '}'"},
          {"repaet 3 { }", "2:16: expected '(' after 'repaet', found number '3' (did you mean 'repeat'?)"},
          {"cpu 0 as A { }", "2:9: expected a statement or '}', found 'cpu'"},
          {"f(", "2:12: expected an expression, found '}'"},
          {"f(1", "2:13: expected ',' or ')', found '}'"},
          {"f(1,", "2:14: expected an expression, found '}'"},
          {"f(p[1", "2:15: expected ':' or ']', found '}'"},
          {"f(p[1:2", "2:17: expected ']', found '}'"},
          {"f((1", "2:14: expected ')', found '}'"},
          {"f().3", "2:13: expected the name of a member, found number '3'"},
          {"f('", "2:11: expected a character such as 'c', '\\n' or '\\x1f', found '''"},
          {"f($", "2:11: expected a character of the language, found '$'"},
          {"f(\x01", "2:11: expected a character of the language, found '\\x01'"},
          {"f() ==", "2:13: expected '=' before the result, found '=='"},
          {"f() =", "2:15: expected an expression, found '}'"},
          {"f() = 1 |", "2:19: expected an expression, found '}'"},
          {"f() = -ENOMEMM", "2:16: expected the name of an errno, found 'ENOMEMM' (did you mean 'ENOMEM'?)"},
          {"f() = -EZZZZZZZ", "2:16: expected the name of an errno, found 'EZZZZZZZ'"},
          {"f() = -1 EIO (x", "2:23: expected ')' on the same line, found 'x'"},
          {"f() [7]", "2:14: expected the name of a property, found number '7'"},
          {"f() [a", "2:16: expected ':' or ']', found '}'"},
          {"f() [a: ]", "2:17: expected the site of the property, found ']'"},
          {"f() [a: b@]", "2:19: expected the name of a function, found ']'"},
          {"f() [a: b x]", "2:19: expected '@', 'nth=' or ']', found 'x'"},
          {"f() [a nth=0]", "2:20: expected a number from 1 to 65536, found number '0'"},
          {"repeat 0 { }", "2:16: expected a repeat count from 1 to 65536, found 0"},
          {"repeat 300 { repeat 300 { } }", "2:29: expected a repeat count from 1 to 65536, found 300 times 300"},
          {"repeat 2 f()", "2:18: expected '{', found 'f'"},
          {"f() ) g()", "2:13: expected a statement such as 'A: r = munmap(p, 4K)', found ')'"},
      },
      " }");
}

TEST(Diagnostics, BlocksWithoutEnd) {
  expect_complaints(
      "scenario s \"\"\n",
      {
          {"setup { f()", "2:12: expected '}', found end of file"},
          {"setup { f()\nexpect { }", "3:1: expected a statement or '}', found 'expect'"},
          {"cpu 0 as A { B: f() }", "2:14: expected a statement without a process: the block has its own, found 'B'"},
      },
      "");
}

TEST(Diagnostics, Nesting) {
  const std::string deep_parentheses = "scenario s \"\" setup { f(" + std::string(100000, '(');
  const ParseResult parentheses = parse(deep_parentheses, "e.qs");
  ASSERT_FALSE(parentheses.ok());
  EXPECT_EQ(to_string(parentheses.error()), "e.qs:1:88: expected at most 64 levels of nesting, found more");

  std::string deep_blocks = "scenario s \"\" setup ";
  for (int i = 0; i < 100000; ++i) deep_blocks += "{repeat N";
  const ParseResult blocks = parse(deep_blocks, "e.qs");
  ASSERT_FALSE(blocks.ok());
  EXPECT_EQ(to_string(blocks.error()), "e.qs:1:596: expected at most 64 levels of nesting, found more");

  std::string long_sum = "scenario s \"\" setup { f(1";
  for (int i = 0; i < 100000; ++i) long_sum += "+1";
  const ParseResult sum = parse(long_sum, "e.qs");
  ASSERT_FALSE(sum.ok());
  EXPECT_EQ(to_string(sum.error()), "e.qs:1:1025: expected at most 1000 terms in a statement, found more");
}

TEST(Diagnostics, Expectations) {
  constexpr std::string_view kItem =
      "expected an item of expect (never, always, sometimes, outcomes, complete, preemptions, within) or '}', ";
  const std::string number = "2:10: " + std::string(kItem) + "found number '7'";
  const std::string near = "2:10: " + std::string(kItem) + "found 'nevr' (did you mean 'never'?)";
  expect_complaints(
      "scenario s \"\"\nexpect { ",
      {
          {"7", number},
          {"nevr uaf", near},
          {"never leek", "2:16: expected a class or a comparison, found 'leek' (did you mean 'leak'?)"},
          {"never flying",
           "2:16: expected a class (uaf, double_free, bug, fault, race, deadlock, livelock, lock_order, atomic_sleep, "
           "leak, lost_store, stale_pte, stale_tlb, rss_mismatch, swap_count, double_unlock, null_deref, rcu, check) "
           "or "
           "a comparison such as 'A:r == 0', found 'flying'"},
          {"never uaf @", "2:22: expected the name of a function, found '}'"},
          {"always A:r = 0", "2:21: expected '==', '!=', '<', '<=', '>' or '>=', found '=' (did you mean '=='?)"},
          {"always A:7", "2:19: expected the name of a captured result, found number '7'"},
          {"always A:r == 0 && 7", "2:29: expected a captured result such as 'A:r', found number '7'"},
          {"outcomes { A:r 0 }", "2:25: expected '=', found number '0'"},
          {"outcomes { r 0 }", "2:23: expected ':' or '=', found number '0'"},
          {"preemptions x", "2:22: expected a number of preemptions from 0 to 9223372036854775807, found 'x'"},
          {"within 0", "2:17: expected a number of executions from 1 to 9223372036854775807, found number '0'"},
      },
      " }");
  expect_complaints("scenario s \"\"\n",
                    {
                        {"expect wiht D1 { }", "2:8: expected 'with' or '{', found 'wiht'"},
                        {"expect with { }", "2:13: expected the name of a defect such as D2-1, found '{'"},
                        {"expect { never uaf", "2:19: expected '}', found end of file"},
                    },
                    "");
}

TEST(Diagnostics, Schedules) {
  expect_complaints("scenario s \"\"\nschedule ",
                    {
                        {"{", "2:10: expected the name of the schedule, found '{'"},
                        {"a { 7", "2:14: expected a point such as 'A@swapoff:walk', found number '7'"},
                        {"a { A:f", "2:15: expected '@', found ':'"},
                        {"a { A@7", "2:16: expected the name of a function, found number '7'"},
                        {"a { A@f }", "2:18: expected ':', found '}'"},
                        {"a { A@f: }", "2:19: expected the name of a point, found '}'"},
                        {"a { A@f:x }", "2:20: expected '<', found '}'"},
                    },
                    "");
}

TEST(Diagnostics, LongWordsAreCut) {
  const ParseResult result = parse(std::string(1000, 'x'), "e.qs");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "expected 'scenario', found '" + std::string(32, 'x') + "...'");
}

}  // namespace
}  // namespace quire::scenario
