// `quire check`: lines, exit codes, selection, bad input. The runner is fake_runner_for_test.cc.
#include "cli/check_request.h"
#include "cli/fake_runner_for_test.h"
#include "cli/harness_for_test.h"

namespace quire::cli {
namespace {

class Check : public CommandTest {};

constexpr const char* kGoodLines =
    "ok   a.qs:3: holds: holds (complete, 1234 executions)\n"
    "ok   a.qs:4: holds with D2-1: found uaf @ free_swap_and_cache (1 pre-emption)\n";

TEST_F(Check, AllAsStated) {
  put("a.qs", scenario("holds"));
  const Ran ran = quire({"check", "a.qs"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, std::string(kGoodLines) + "2 passed, 0 failed, 0 skipped\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(Check, ShowPrintsTheReportOfEveryFinding) {
  put("a.qs", scenario("holds"));
  const Ran ran = quire({"check", "--show", "a.qs"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, std::string(kGoodLines) + "\n" + runner::fake_report("a.qs:holds:D2-1:0.1.0:1") +
                         "\n2 passed, 0 failed, 0 skipped\n");
}

TEST_F(Check, AFailureShowsItsReportUnasked) {
  put("a.qs", scenario("wrong"));
  const Ran ran = quire({"check", "a.qs"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "FAIL a.qs:3: wrong: found uaf @ free_swap_and_cache (1 pre-emption)\n\n" +
                         runner::fake_report("a.qs:wrong::0.1.0:1") +
                         "\nFAIL a.qs:4: wrong with D2-1: found uaf @ free_swap_and_cache (1 pre-emption)\n\n" +
                         runner::fake_report("a.qs:wrong:D2-1:0.1.0:1") + "\n0 passed, 2 failed, 0 skipped\n");
}

TEST_F(Check, StatsStandBelowEachLine) {
  put("a.qs", scenario("holds"));
  const Ran ran = quire({"check", "--stats", "--only", "holds", "a.qs"});
  EXPECT_NE(ran.out.find("     1,234 executions in 0.500 s, 2,468 executions/s, 7 abandoned\n"
                         "     98,765 steps, 43 repeated steps, checkpoint 64.0 KiB, depth 120\n"),
            std::string::npos)
      << ran.out;
}

TEST_F(Check, AllSkippedIsFourAndSomeSkippedIsNot) {
  std::string text = scenario("skips");
  text.insert(text.find("\n\n") + 1, "requires root");
  put("a.qs", text);
  const Ran ran = quire({"check", "a.qs"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.out,
            "skip a.qs:3: skips: needs root\nskip a.qs:4: skips with D2-1: needs root\n"
            "0 passed, 0 failed, 2 skipped\n");
  put("b.qs", scenario("holds"));
  EXPECT_EQ(quire({"check", "a.qs", "b.qs"}).code, 0);
}

TEST_F(Check, AScenarioThatStatesNothingIsSkipped) {
  put("a.qs", "scenario silent \"nothing\"\ncpu 0 as A { swapoff(S) }\n");
  const Ran ran = quire({"check", "a.qs"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.out, "skip a.qs:1: silent: it states no expectation\n0 passed, 0 failed, 1 skipped\n");
}

TEST_F(Check, DirectoriesAreReadAtAnyDepthInOrderAndOnce) {
  put("d/b.qs", scenario("second"));
  put("d/a/z.qs", scenario("first"));
  put("d/notes.txt", "not a scenario");
  const Ran ran = quire({"check", "./d", "d/b.qs"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_LT(ran.out.find("d/a/z.qs:3: first"), ran.out.find("d/b.qs:3: second"));
  EXPECT_NE(ran.out.find("4 passed, 0 failed, 0 skipped\n"), std::string::npos) << ran.out;
}

TEST_F(Check, WhatDoesNotParseIsOneLineAndTheOthersStillRun) {
  put("a.qs", "scenario x \"y\"\nsetpu { }\n");
  put("b.qs", scenario("holds"));
  put("c.qs", scenario("broken"));
  put("d.qs", std::string("\0\xff\xfe garbage", 11));
  const Ran ran = quire({"check", "a.qs", "b.qs", "c.qs", "d.qs", "absent.qs"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.out.find("2 passed, 0 failed, 0 skipped\n"), std::string::npos);
  EXPECT_EQ(ran.err.find("a.qs:2:1: expected"), 0U) << ran.err;
  EXPECT_NE(ran.err.find("\nc.qs:1:3: no operation is called 'memfd_creat'\n"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("\nd.qs:1:1: "), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("\nabsent.qs: No such file or directory\n"), std::string::npos) << ran.err;
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 4);
}

TEST_F(Check, BadInputComesBeforeAFailure) {
  put("a.qs", "");
  put("b.qs", scenario("wrong"));
  EXPECT_EQ(quire({"check", "a.qs", "b.qs"}).code, 2);
}

TEST_F(Check, NothingToCheckIsNeverZero) {
  std::filesystem::create_directory("empty");
  const Ran empty = quire({"check", "empty"});
  EXPECT_EQ(empty.code, 2);
  EXPECT_EQ(empty.err, "empty: no *.qs files in this directory\n");
  put("a.qs", scenario("holds"));
  const Ran other = quire({"check", "a.qs", "--only", "hold"});
  EXPECT_EQ(other.code, 2);
  EXPECT_EQ(other.err, "quire: no scenario is called 'hold' (did you mean 'holds'?)\n");
  const Ran defect = quire({"check", "a.qs", "--defect", "D2-2"});
  EXPECT_EQ(defect.code, 2);
  EXPECT_EQ(defect.err, "quire: no expectation is stated with D2-2 here\n");
}

TEST_F(Check, DefectSelectsExpectations) {
  put("a.qs", scenario("holds"));
  const Ran ran = quire({"check", "--defect", "D2-1,D2-2", "a.qs"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "ok   a.qs:4: holds with D2-1: found uaf @ free_swap_and_cache (1 pre-emption)\n"
            "1 passed, 0 failed, 0 skipped\n");
  const Ran unknown = quire({"check", "--defect", "D2_1", "a.qs"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.err, "quire: no defect is called 'D2_1' (did you mean 'D2-1'?); `quire defects` lists them\n");
}

TEST_F(Check, UsageIsChecked) {
  put("a.qs", scenario("holds"));
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"chekc"},
                                                    {"check"},
                                                    {"check", "a.qs", "--jobs", "0"},
                                                    {"check", "a.qs", "--time", "0"},
                                                    {"check", "a.qs", "--time", "soon"},
                                                    {"check", "a.qs", "--strategy", "luck"},
                                                    {"check", "a.qs", "--sho"},
                                                    {"check", "a.qs", "--json", "--ktap"},
                                                    {"check", "a.qs", "--color", "blue"},
                                                    {"check", "a.qs", "--seed", "-1"},
                                                    {"check", "a.qs", "--junit", "no/such/folder.xml"},
                                                    {"check", "a.qs", "--executions", "0"}};
  for (const std::vector<std::string>& arguments : wrong) {
    const Ran ran = quire(arguments);
    EXPECT_EQ(ran.code, 2) << testing::PrintToString(arguments);
    EXPECT_EQ(ran.out, "") << testing::PrintToString(arguments);
    EXPECT_NE(ran.err, "") << testing::PrintToString(arguments);
  }
  EXPECT_EQ(quire({"chekc"}).err,
            "quire: there is no command 'chekc' (did you mean 'check'?); `quire help commands` lists them\n");
  EXPECT_EQ(quire({"check", "a.qs", "--time", "5m", "--strategy", "pct", "--seed", "7", "--preemptions", "2",
                   "--executions", "1000", "--jobs", "2"})
                .code,
            0);
}

TEST_F(Check, ColorIsForTerminalsAndHeedsItsSwitches) {
  put("a.qs", scenario("holds"));
  const auto colored = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"check", "a.qs"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return quire(arguments).out.find("\033[32mok  \033[0m a.qs:3: ") != std::string::npos;
  };
  EXPECT_FALSE(colored({}));
  EXPECT_TRUE(colored({"--color", "always"}));
  console_.out_device = Device::terminal;
  EXPECT_TRUE(colored({}));
  EXPECT_FALSE(colored({"--color", "never"}));
  console_.no_color = true;
  EXPECT_FALSE(colored({}));
  EXPECT_TRUE(colored({"--color", "always"}));
}

TEST_F(Check, NoColorIsReadFromTheEnvironment) {
  ASSERT_EQ(unsetenv("NO_COLOR"), 0);
  ASSERT_EQ(setenv("TERM", "xterm", 1), 0);
  EXPECT_FALSE(standard_console().no_color);
  ASSERT_EQ(setenv("NO_COLOR", "", 1), 0);
  EXPECT_FALSE(standard_console().no_color);
  ASSERT_EQ(setenv("NO_COLOR", "1", 1), 0);
  EXPECT_TRUE(standard_console().no_color);
}

TEST_F(Check, OutputThatCannotBeWrittenIsThree) {
  put("a.qs", scenario("holds"));
  Console console;
  console.out = std::fopen("/dev/full", "w");
  console.err = std::tmpfile();
  ASSERT_NE(console.out, nullptr);
  EXPECT_EQ(run_command_line({"check", "a.qs"}, console, "0.1.0"), ExitCode::machine_cannot);
  EXPECT_GT(std::ftell(console.err), 0);
  std::fclose(console.out);
  std::fclose(console.err);
}

TEST(Duration, TakesUnits) {
  EXPECT_EQ(parse_duration("90"), 90.0);
  EXPECT_EQ(parse_duration("1.5s"), 1.5);
  EXPECT_EQ(parse_duration("200ms"), 0.2);
  EXPECT_EQ(parse_duration("5m"), 300.0);
  EXPECT_EQ(parse_duration("2h"), 7200.0);
  for (const char* wrong : {"", "s", "-1", "0", "nan", "inf", "5 m", "5mm", "1e999"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace quire::cli
