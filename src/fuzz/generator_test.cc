#include "fuzz/generator.h"

#include <gtest/gtest.h>

#include <set>

#include "fuzz/race_calls.h"
#include "fuzz/race_generator.h"
#include "fuzz/sequence.h"
#include "fuzz/usage.h"
#include "scenario/format.h"
#include "scenario/parser.h"

namespace quire::fuzz {
namespace {

std::vector<scenario::Statement> calls_in_order(uint64_t seed, const GeneratorOptions& options) {
  scenario::Scenario scenario = generate(seed, options);
  return scenario.check ? scenario.check->body.items : std::vector<scenario::Statement>();
}

TEST(Usage, IsTakenApart) {
  Usage usage = take_apart("madvise(RANGE[, LENGTH], ADVICE) [keep_swapcache]");
  ASSERT_EQ(usage.operands.size(), 3U);
  EXPECT_EQ(usage.operands[0].alternatives, std::vector<std::string>{"RANGE"});
  EXPECT_FALSE(usage.operands[0].optional);
  EXPECT_EQ(usage.operands[1].alternatives, std::vector<std::string>{"LENGTH"});
  EXPECT_TRUE(usage.operands[1].optional);
  EXPECT_FALSE(usage.operands[2].optional);
  EXPECT_TRUE(usage.members.empty());
}

TEST(Usage, HasAlternativesAndMembers) {
  Usage write = take_apart("pwrite(FD, fill(BYTE, LENGTH) | BYTE, OFFSET)");
  ASSERT_EQ(write.operands.size(), 3U);
  EXPECT_EQ(write.operands[1].alternatives, (std::vector<std::string>{"fill(BYTE, LENGTH)", "BYTE"}));
  EXPECT_EQ(take_apart("rss(PROCESS).anon | .file").members, (std::vector<std::string>{"anon", "file"}));
  EXPECT_TRUE(take_apart("munlockall()").operands.empty());
  EXPECT_TRUE(take_apart("reclaim([PAGES])").operands.at(0).optional);
}

TEST(Generator, MakesOperandsForEveryOperationWithAWeight) {
  for (const scenario::Operation& o : scenario::all_operations())
    EXPECT_EQ(o.weight == 0 ? std::string() : unknown_operand(o), "") << o.name;
  scenario::Operation strange = *scenario::find_operation("fsync");
  strange.usage = "fsync(GADGET)";
  EXPECT_EQ(unknown_operand(strange), "GADGET");
}

TEST(Generator, SameSeedSameText) {
  for (uint64_t seed = 1; seed <= 20; ++seed)
    for (unsigned cpus = 1; cpus <= 3; ++cpus)
      EXPECT_EQ(format(generate(seed, {.cpus = cpus})), format(generate(seed, {.cpus = cpus})));
  EXPECT_NE(format(generate(1, {})), format(generate(2, {})));
}

TEST(Generator, EveryScenarioParsesAndCanBePlanned) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    scenario::Scenario scenario = generate(seed, {.cpus = 1 + static_cast<unsigned>(seed % 3)});
    scenario::ParseResult parsed = scenario::parse(format(scenario), "a.qs");
    ASSERT_TRUE(parsed.ok()) << to_string(parsed.error());
    auto plan = runner::make_plan(parsed.document().scenarios.front(), "a.qs");
    ASSERT_TRUE(std::holds_alternative<runner::Plan>(plan)) << to_string(std::get<scenario::Diagnostic>(plan));
    EXPECT_EQ(std::get<runner::Plan>(plan).tasks.size(), scenario.cpus.size());
  }
}

TEST(Generator, UsesEveryOperationThatHasAWeight) {
  std::set<std::string, std::less<>> used;
  for (uint64_t seed = 1; seed <= 3'000; ++seed)
    for (const scenario::Statement& s : calls_in_order(seed, {})) used.insert(s.call.text);
  for (const scenario::Operation& o : scenario::all_operations())
    EXPECT_EQ(used.contains(o.name), o.weight != 0) << o.name;
}

TEST(RaceProgram, MakesOperandsForEveryOperationThatMayRace) {
  for (const scenario::Operation& o : scenario::all_operations()) EXPECT_EQ(RaceCalls::unknown_word(o), "") << o.name;
  scenario::Operation strange = *scenario::find_operation("fsync");
  strange.usage = "fsync(GADGET)";
  EXPECT_EQ(RaceCalls::unknown_word(strange), "GADGET");
}

TEST(RaceProgram, UsesEveryOperationThatMayRace) {
  std::set<std::string, std::less<>> used;
  for (uint64_t seed = 1; seed <= 3'000; ++seed) {
    scenario::ParseResult parsed = scenario::parse(race_program(seed, {.cpus = 2}), "a.qs");
    ASSERT_TRUE(parsed.ok()) << to_string(parsed.error());
    for (const scenario::CpuBlock& cpu : parsed.document().scenarios.front().cpus)
      for (const scenario::Statement& s : cpu.body.items) used.insert(s.call.text);
  }
  for (const scenario::Operation& o : scenario::all_operations())
    EXPECT_EQ(used.contains(o.name), RaceCalls::may_race(o)) << o.name;
}

TEST(RaceProgram, NobodyCallsForAProcessThatEnds) {
  for (uint64_t seed = 1; seed <= 2'000; ++seed) {
    scenario::Scenario s = generate(seed, {.cpus = 3});
    if (!s.name.starts_with("race")) continue;
    for (const scenario::CpuBlock& cpu : s.cpus) {
      if (cpu.body.items.back().call.text != "exit") continue;
      for (const scenario::CpuBlock& other : s.cpus)
        EXPECT_TRUE(&other == &cpu || other.process != cpu.process) << seed;
      for (const scenario::Statement& check : s.check->body.items) EXPECT_NE(check.process, cpu.process) << seed;
    }
  }
}

TEST(Generator, HugeProgramsFindACounterThatIsWrong) {
  GeneratorOptions options;
  options.huge_pages = true;
  unsigned wrong = 0;
  for (uint64_t seed = 50; seed <= 500; seed += 50) {
    scenario::Scenario scenario = generate(seed, options);
    ASSERT_NE(format(scenario).find("MADV_HUGEPAGE"), std::string::npos);
    Sequence sound = run_in_order(scenario, {});
    EXPECT_EQ(sound.error + sound.incident, "") << seed;
    wrong += run_in_order(scenario, {"D0-10"}).incident.empty() ? 0 : 1;
  }
  EXPECT_GT(wrong, 0U);
  EXPECT_EQ(format(generate(50, {})).find("MADV_HUGEPAGE"), std::string::npos);
}

TEST(Generator, SaysOnlyWhatMayBeSaid) {
  auto guards = [](const GeneratorOptions& options) {
    unsigned count = 0;
    for (uint64_t seed = 1; seed <= 500; ++seed)
      count += format(generate(seed, options)).find("MADV_GUARD_INSTALL") != std::string::npos ? 1 : 0;
    return count;
  };
  GeneratorOptions options;
  EXPECT_GT(guards(options), 0U);
  options.may_say = [](std::string_view call) { return call.find("MADV_GUARD") == std::string_view::npos; };
  EXPECT_EQ(guards(options), 0U);
}

TEST(Generator, RacesAreThoseThatMayBe) {
  GeneratorOptions options;
  options.cpus = 2;
  options.may_race = [](const scenario::Scenario& s) { return format(s).find("reclaim(") == std::string::npos; };
  for (uint64_t seed = 1; seed <= 200; ++seed) EXPECT_TRUE(options.may_race(generate(seed, options))) << seed;
}

TEST(Generator, LeavesOutWhatMayNotBe) {
  GeneratorOptions options;
  options.may = [](const scenario::Operation& o, std::string_view member) {
    return o.name != "store" && member != "anon";
  };
  for (uint64_t seed = 1; seed <= 200; ++seed)
    for (const scenario::Statement& s : calls_in_order(seed, options)) {
      // What has been given up by MADV_FREE is written at once, whatever else may be.
      EXPECT_FALSE(s.call.text == "store" && s.call.args[1].number.value != 'Z');
      EXPECT_NE(s.call.member, "anon");
    }
}

}  // namespace
}  // namespace quire::fuzz
