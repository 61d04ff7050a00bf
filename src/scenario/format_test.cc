#include "scenario/format.h"

#include <gtest/gtest.h>

#include <string>

#include "scenario/examples_for_test.h"
#include "scenario/generator_for_test.h"
#include "scenario/parser.h"

namespace quire::scenario {
namespace {

std::string formatted(std::string_view text) {
  const ParseResult result = parse(text, "t.qs");
  return result.ok() ? format(result.document()) : to_string(result.error());
}

// Wraps the inside of a setup block.
std::string setup_of(std::string_view statements) {
  return formatted("scenario s \"\"\nsetup " + std::string(statements) + "\n")
      .substr(sizeof("scenario s \"\"\n\n") - 1);
}

TEST(Format, ExamplesComeBackAsTheyAre) {
  for (const std::string_view example : kExamples) {
    const ParseResult first = parse(example, "first.qs");
    ASSERT_TRUE(first.ok()) << to_string(first.error());
    const std::string printed = format(first.document());
    const ParseResult second = parse(printed, "second.qs");
    ASSERT_TRUE(second.ok()) << to_string(second.error()) << "\n" << printed;
    EXPECT_TRUE(second.document() == first.document()) << printed;
    EXPECT_EQ(format(second.document()), printed);
  }
}

TEST(Format, GeneratedTreesComeBackAsTheyAre) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const Document document = Generator(seed).document();
    const std::string printed = format(document);
    const ParseResult parsed = parse(printed, "generated.qs");
    ASSERT_TRUE(parsed.ok()) << "seed " << seed << ": " << to_string(parsed.error()) << "\n" << printed;
    ASSERT_TRUE(parsed.document() == document) << "seed " << seed << "\n"
                                               << printed << "\n---- again\n"
                                               << format(parsed.document());
    ASSERT_EQ(format(parsed.document()), printed) << "seed " << seed;
  }
}

TEST(Format, ResultsAndCommentsStandInColumns) {
  EXPECT_EQ(setup_of(R"({
  A: load(p[0]) = 'f'   # one
  A: madvise(p, 4K, MADV_PAGEOUT) = 0 [keep_swapcache]
  A: store(p, 1)    # two

  A: f() = 0
})"),
            R"(setup {
  A: load(p[0])                   = 'f'  # one
  A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
  A: store(p, 1)                         # two

  A: f() = 0
}
)");
}

TEST(Format, StatementsKeepTheirLines) {
  EXPECT_EQ(setup_of("{ A: f(),g()=0 B:h()[async]   k() }"), "setup { A: f(), g() = 0   B: h()   [async]   k() }\n");
  EXPECT_EQ(setup_of("{ A: f(),\n g() }"), "setup {\n  A: f()\n  A: g()\n}\n");
}

TEST(Format, RepeatSpacesItsCount) {
  EXPECT_EQ(setup_of("{ repeat (N|1)-(2-K)*1 {f()} }"), "setup { repeat (N|1) - (2-K)*1 { f() } }\n");
  EXPECT_EQ(setup_of("{ repeat N-(2-K) {f()} }"), "setup { repeat N - (2-K) { f() } }\n");
}

TEST(Format, StraceErrorsBecomeShort) {
  EXPECT_EQ(setup_of("{ f() = -1 ENOENT (No such file or directory) }"), "setup { f() = -ENOENT }\n");
}

TEST(Format, SectionsAreSetInOrder) {
  EXPECT_EQ(formatted("scenario s \"d\" expect{complete;within 3} check{} machine ram=1 ref \"r\""),
            "scenario s \"d\"\nref      \"r\"\nmachine  ram=1\n\ncheck { }\n\nexpect { complete   within 3 }\n");
}

TEST(Format, CellsQuoteOnlyWhatIsNoWord) {
  const auto cell = [](const std::string& text) { return formatted("scenario s \"d\"\ncell " + text + "\n"); };
  EXPECT_EQ(cell("\"zap\" \"munmap\" \"m-F\"  # c"), "scenario s \"d\"\ncell     \"zap\" munmap m-F  # c\n");
  EXPECT_EQ(cell("\"zap\"\"hole punch\"\"2M\""), "scenario s \"d\"\ncell     \"zap\" \"hole punch\" \"2M\"\n");
  EXPECT_EQ(formatted("scenario s \"d\" machine ram=1 cell \"zap\" munmap F ref \"r\""),
            "scenario s \"d\"\nref      \"r\"\ncell     \"zap\" munmap F\nmachine  ram=1\n");
}

TEST(Format, CommentsInsideAStatementMoveAboveIt) {
  EXPECT_EQ(setup_of("{\n f(1, # one\n 2) # two\n}"), "setup {\n  # one\n  f(1, 2)  # two\n}\n");
}

TEST(Format, ParenthesesOnlyWhereNeeded) {
  EXPECT_EQ(setup_of("{ f(((1)+2)*3, (1*2)+3, 1-(2-3), -(1+2), -(-1)) = (A|B) | (1+2) }"),
            "setup { f((1+2)*3, 1*2+3, 1-(2-3), -(1+2), --1) = (A|B) | 1+2 }\n");
}

}  // namespace
}  // namespace quire::scenario
