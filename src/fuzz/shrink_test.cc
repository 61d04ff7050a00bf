#include "fuzz/shrink.h"

#include <gtest/gtest.h>

#include "fuzz/fuzzer.h"
#include "fuzz/serial.h"
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
  EXPECT_EQ(small.cpus[0].index, 0);
}

TEST(Shrink, DropsOptionsAndProperties) {
  Scenario s = parsed(
      "scenario a \"b\"\nmachine cpus=2 ram=16 nodes=2 tlb=off\ncpu 0 as A { r = reclaim(2)   [may fail: io_write] }\n"
      "cpu 1 as A { r = reclaim(2)   [may fail: io_read] }\n");
  Scenario small = shrink(s, [](const Scenario& c) { return has(c, "nodes=2") && has(c, "io_read"); });
  EXPECT_TRUE(has(small, "machine  nodes=2\n")) << format(small);
  ASSERT_EQ(small.cpus.size(), 1U);
  EXPECT_EQ(small.cpus[0].index, 0);
  EXPECT_FALSE(has(small, "io_write"));
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

constexpr double kNoLimit = 1e6;  // programs are counted, not timed

TEST(Fuzz, ADefectIsFoundByItsContentsAndMadeSmall) {
  EngineJudge judge(std::vector<std::string>{"D1-16"});
  // Programs that find it are rare: from where one is near.
  FuzzResult result = fuzz(judge, {.seed = 3'900, .seconds = kNoLimit, .programs = 20'000, .findings = 1});
  ASSERT_EQ(result.findings.size(), 1U);
  const Found& found = result.findings[0];
  EXPECT_LE(count_calls(found.document.scenarios[0]), 8U);
  // It says what is right, and that the defect makes it wrong.
  EXPECT_TRUE(judge.judge(found.document.scenarios[0]).has_value());
  EXPECT_FALSE(judge.judge_without_defects(found.document.scenarios[0]).has_value());
  EXPECT_TRUE(has(found.document.scenarios[0], "expect with D1-16 { sometimes"));
}

TEST(Fuzz, NothingIsWrongInSomeHundredPrograms) {
  EngineJudge judge;
  FuzzResult result = fuzz(judge, {.seed = 1, .seconds = kNoLimit, .programs = 400});
  EXPECT_EQ(result.programs, 400U);
  EXPECT_LT(result.skipped, 20U);
  for (const Found& found : result.findings) ADD_FAILURE() << format(found.document);
}

FuzzResult fuzz_races(std::vector<std::string> defects, uint64_t programs, unsigned cpus) {
  RaceJudge judge(std::move(defects), {1, 300, 6});
  FuzzOptions options;
  options.seconds = kNoLimit;
  options.programs = programs;
  options.findings = 1;
  options.generator.cpus = cpus;
  return fuzz(judge, options);
}

TEST(Fuzz, NothingIsWrongOnTwoAndThreeCpus) {
  for (unsigned cpus : {2U, 3U}) {
    FuzzResult result = fuzz_races({}, 100, cpus);
    EXPECT_EQ(result.programs, 100U);
    EXPECT_LT(result.skipped, 10U);
    for (const Found& found : result.findings) ADD_FAILURE() << format(found.document);
  }
}

TEST(Fuzz, ARaceIsFoundAndMadeSmall) {
  FuzzResult result = fuzz_races({"D0-6"}, 2'000, 2);
  ASSERT_EQ(result.findings.size(), 1U);
  const Scenario& small = result.findings[0].document.scenarios[0];
  EXPECT_EQ(small.cpus.size(), 2U);
  EXPECT_LE(count_calls(small), 12U);
  EXPECT_TRUE(has(small, "expect with D0-6 { sometimes")) << format(small);
}

TEST(Fuzz, WhatOnlyAnOverlapGivesIsWrong) {
  // A private copy that a truncation leaves: no detector sees it, but no order of the two calls gives it.
  Scenario s = parsed(
      "scenario a \"b\"\nmachine cpus=2 ram=16\nsetup {\n  A: f = memfd_create(\"f\", 0)\n  A: ftruncate(f, 4K)\n"
      "  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f, 0)\n}\ncpu 0 as A { ftruncate(f, 0) }\n"
      "cpu 1 as A { store(p[0], 'c') }\ncheck { A: load(p[0]) }\nexpect { never bug }\n");
  RaceJudge without({});
  EXPECT_FALSE(without.judge(s).has_value());
  RaceJudge with(std::vector<std::string>{"D1-9"});
  std::optional<Wrong> wrong = with.judge(s);
  ASSERT_TRUE(wrong.has_value());
  EXPECT_EQ(wrong->kind, "lost_store");
  EXPECT_EQ(wrong->results.back(), "SIGBUS(2)");
}

TEST(Fuzz, SerialResultsAreOfEveryOrder) {
  Scenario s = parsed(
      "scenario a \"b\"\nmachine cpus=2 ram=16\nsetup { A: p = mmap(0, 4K, 3, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }\n"
      "cpu 0 as A {\n  store(p[0], 1)\n  store(p[0], 2)\n}\ncpu 1 as A { load(p[0]) }\ncheck { A: load(p[0]) }\n");
  SerialResults serial = run_serially(s);
  ASSERT_TRUE(serial.known);
  ASSERT_EQ(serial.values.size(), 4U);
  EXPECT_EQ(serial.values[2].values.size(), 3U);
  EXPECT_EQ(serial.values[3].values, std::vector<scenario::Value>{scenario::Value::of(2)});
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
