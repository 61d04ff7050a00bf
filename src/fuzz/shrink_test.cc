#include "fuzz/shrink.h"

#include <gtest/gtest.h>

#include "fuzz/fuzzer.h"
#include "scenario/format.h"
#include "scenario/parser.h"

namespace quire::fuzz {
namespace {

using scenario::Scenario;

Scenario parsed(const std::string& text) {
  scenario::ParseResult result = scenario::parse(text, "a.qs");
  EXPECT_TRUE(result.ok()) << to_string(result.error());
  return result.document().scenarios.front();
}

bool has(const Scenario& s, std::string_view call) { return format(s).find(call) != std::string::npos; }

TEST(Shrink, DropsWhatDoesNotMatter) {
  Scenario s = parsed(
      "scenario a \"b\"\nsetup { A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }\n"
      "check {\nA: store(p[3], 'a')\nA: load(p[2])\nA: store(p[2:5], 'b')\nA: rss(A).anon\n}\n");
  Scenario small = shrink(s, [](const Scenario& c) { return has(c, "store") && has(c, "'b'"); });
  EXPECT_EQ(count_calls(small), 1U);
  EXPECT_TRUE(has(small, "store(p[0], 'b')")) << format(small);
}

TEST(Shrink, KeepsWhatIsNeededTogether) {
  Scenario s = parsed("scenario a \"b\"\ncheck {\nA: tasks()\nA: free_pages()\nC: tasks()\nA: reclaim(64)\n}\n");
  Scenario small = shrink(s, [](const Scenario& c) { return has(c, "free_pages") && has(c, "reclaim"); });
  EXPECT_EQ(count_calls(small), 2U);
  EXPECT_TRUE(has(small, "reclaim(1)")) << format(small);
}

TEST(Shrink, DropsCpus) {
  Scenario s = parsed("scenario a \"b\"\ncpu 0 as A { r = reclaim(2) }\ncpu 1 as B { s = reclaim(3) }\n");
  Scenario small = shrink(s, [](const Scenario& c) { return has(c, "s = reclaim"); });
  ASSERT_EQ(small.cpus.size(), 1U);
  EXPECT_EQ(small.cpus[0].index, 1);
}

TEST(Shrink, EndsWhenItsTrialsAreUsedUp) {
  unsigned trials = 0;
  Scenario s = parsed("scenario a \"b\"\ncheck {\nA: tasks()\nA: tasks()\nA: tasks()\n}\n");
  (void)shrink(
      s,
      [&](const Scenario&) {
        ++trials;
        return false;
      },
      2);
  EXPECT_EQ(trials, 2U);
}

TEST(Fuzz, ADefectIsFoundByItsContentsAndMadeSmall) {
  EngineJudge judge(std::vector<std::string>{"D1-1"});
  FuzzResult result = fuzz(judge, {.seed = 1, .seconds = 50, .findings = 1});
  ASSERT_EQ(result.findings.size(), 1U);
  const Found& found = result.findings[0];
  EXPECT_LE(count_calls(found.document.scenarios[0]), 8U);
  // It says what is right, and that the defect makes it wrong.
  EXPECT_TRUE(judge.judge(found.document.scenarios[0]).has_value());
  EXPECT_FALSE(judge.judge_without_defects(found.document.scenarios[0]).has_value());
  EXPECT_TRUE(has(found.document.scenarios[0], "expect with D1-1 { sometimes"));
}

TEST(Fuzz, NothingIsWrongInSomeHundredPrograms) {
  EngineJudge judge;
  FuzzResult result = fuzz(judge, {.seed = 1, .seconds = 50, .programs = 400});
  EXPECT_EQ(result.programs, 400U);
  EXPECT_LT(result.skipped, 20U);
  for (const Found& found : result.findings) ADD_FAILURE() << format(found.document);
}

TEST(Fuzz, NothingIsWrongOnTwoCpus) {
  ScheduleJudge judge({}, 10);
  FuzzOptions options;
  options.seconds = 50;
  options.programs = 30;
  options.generator.cpus = 2;
  FuzzResult result = fuzz(judge, options);
  EXPECT_EQ(result.programs, 30U);
  EXPECT_EQ(result.skipped, 0U);
  for (const Found& found : result.findings) ADD_FAILURE() << format(found.document);
}

TEST(Fuzz, ResultsAreStatedWhereTheyMeanSomething) {
  Scenario s = parsed(
      "scenario a \"b\"\ncheck {\nA: p = mmap(0, 4K, 3, 2, -1, 0)\nA: tasks()\nA: load(p[0])\nA: pagemap(p[0])\n}\n");
  state_results(s, {"an address", "-EIO", "SIGBUS(2)", "PM_SWAP"});
  EXPECT_TRUE(has(s, "-1, 0)\n")) << format(s);
  EXPECT_TRUE(has(s, "= -EIO"));
  EXPECT_TRUE(has(s, "= SIGBUS(2)"));
  EXPECT_TRUE(has(s, "= PM_SWAP"));
}

TEST(ShrinkMachine, KeepsWhatItIsAbout) {
  scenario::ParseResult parsed = scenario::parse(
      "scenario x \"y\"\nmachine cpus=4 ram=64 swap=S:16,T:8 thp=4 tlb=off\ncheck { tasks() }\nexpect { never bug }\n",
      "a");
  ASSERT_TRUE(parsed.ok()) << to_string(parsed.error());
  auto number_of = [](const Scenario& s, std::string_view key) -> std::int64_t {
    for (const scenario::MachineOption& o : s.machine->options)
      if (o.key == key) return o.kind == scenario::OptionKind::swaps ? o.swaps[0].pages.value : o.number.value;
    return 0;
  };
  Scenario small = shrink_machine(parsed.document().scenarios[0], [&](const Scenario& s) {
    return number_of(s, "ram") >= 13 && number_of(s, "swap") >= 3;
  });
  EXPECT_EQ(number_of(small, "ram"), 13);
  EXPECT_EQ(number_of(small, "swap"), 3);
  EXPECT_EQ(small.machine->options.size(), 2U);
  EXPECT_TRUE(small.machine->knobs.empty());
}

}  // namespace
}  // namespace quire::fuzz
