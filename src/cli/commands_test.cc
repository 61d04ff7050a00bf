// The commands beside `check`: run, replay, defects, fmt, mkswap, hibernate, resume, help.
#include <nlohmann/json.hpp>

#include "base/defects.h"
#include "cli/fake_runner_for_test.h"
#include "cli/harness_for_test.h"
#include "cli/help_topics.h"

namespace quire::cli {
namespace {

class Commands : public CommandTest {};

TEST_F(Commands, RunPrintsTheCallsAndMarksWhatIsNotAsStated) {
  put("a.qs", scenario("holds"));
  const Ran good = quire({"run", "a.qs", "--order", "0,0"});
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out, "A  swapoff(S) = 0\n# cpu 0\n# cpu 0\n");
  put("b.qs", scenario("wrong") + scenario("holds"));
  const Ran bad = quire({"run", "b.qs"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out,
            "# wrong\nA  swapoff(S) = 0\nB  munmap(p, 4096) = -EINVAL   # not as stated\n\n"
            "# holds\nA  swapoff(S) = 0\n");
  EXPECT_EQ(quire({"run", "b.qs", "--only", "holds"}).code, 0);
  const Ran incident = quire({"run", "a.qs", "--defect", "D2-1"});
  EXPECT_EQ(incident.code, 1);
  EXPECT_EQ(incident.out, "A  swapoff(S) = 0\n\n" + runner::fake_report("x"));
}

TEST_F(Commands, RunRefusesWhatTheFileHasNot) {
  put("a.qs", scenario("holds") + "schedule first { A@f:x < A@f:y }\n" + scenario("broken"));
  EXPECT_EQ(quire({"run", "a.qs", "--only", "x"}).err, "quire: a.qs: no scenario is called 'x'\n");
  EXPECT_EQ(quire({"run", "a.qs", "--schedule", "firts"}).err,
            "quire: a.qs: no schedule is called 'firts' (did you mean 'first'?)\n");
  EXPECT_EQ(quire({"run", "a.qs", "--schedule", "first"}).out, "A  swapoff(S) = 0\n# schedule first\n");
  EXPECT_EQ(quire({"run", "a.qs", "--schedule", "first", "--only", "broken"}).code, 2);
  EXPECT_EQ(quire({"run", "a.qs", "--order", "0,7", "--only", "holds"}).err,
            "quire: a.qs: --order names cpu 7, which holds has not\n");
  EXPECT_EQ(quire({"run", "a.qs", "--order", "0", "--schedule", "first"}).code, 2);
  EXPECT_EQ(quire({"run", "absent.qs"}).err, "absent.qs: No such file or directory\n");
  const Ran broken = quire({"run", "a.qs", "--only", "broken"});
  EXPECT_EQ(broken.code, 2);
  EXPECT_EQ(broken.err, "a.qs:6:3: no operation is called 'memfd_creat'\n");
}

TEST_F(Commands, ReplayPrintsTheReportOfTheCheckByteForByte) {
  put("a.qs", scenario("holds"));
  const std::string token = "a.qs:holds:D2-1:0.1.0:1";
  const Ran check = quire({"check", "--show", "a.qs"});
  const Ran ran = quire({"replay", token});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, runner::fake_report(token));
  EXPECT_NE(check.out.find(ran.out), std::string::npos);
  EXPECT_EQ(quire({"replay", token, "--trace"}).out, "A-1 [000] swap_free: slot=1\n\n" + runner::fake_report(token));
  EXPECT_EQ(quire({"replay", token, "--perfetto", "t.json"}).code, 0);
  EXPECT_EQ(get("t.json"), "{\"traceEvents\":[]}");
  std::filesystem::create_directory("below");
  std::filesystem::current_path("below");
  EXPECT_EQ(quire({"replay", token}).err, "a.qs: No such file or directory\n");
  EXPECT_EQ(quire({"replay", token, "--root", ".."}).out, runner::fake_report(token));
}

TEST_F(Commands, ReplayTellsWhyATokenDoesNotFit) {
  put("a.qs", scenario("holds"));
  const auto expect = [&](const std::string& token, int code, const std::string& error) {
    const Ran ran = quire({"replay", token});
    EXPECT_EQ(ran.code, code) << token;
    EXPECT_EQ(ran.err, error) << token;
  };
  expect("rubbish", 2, "quire: this is no replay token; see `quire help tokens`\n");
  expect("", 2, "quire: this is no replay token; see `quire help tokens`\n");
  expect("a.qs:holds:D9-9:0:1", 2, "quire: in this token, no defect is called 'D9-9'; `quire defects` lists them\n");
  expect("a.qs:held:D2-1:0.1:1", 1, "quire: the file has changed: a.qs has no scenario 'held' any more\n");
  expect("a.qs:holds:D2-1:0.1:2", 1, "quire: the scenario has changed since this token was printed\n");
  expect("a.qs:holds:D2-1:0:1", 1, "quire: this schedule ends without an incident\n");
}

TEST_F(Commands, DefectsListTheScenariosThatFindThem) {
  const Ran bare = quire({"defects"});
  EXPECT_EQ(bare.code, 0);
  put("scenarios/s2/a.qs", scenario("holds") + scenario("again"));
  const nlohmann::json all = nlohmann::json::parse(quire({"defects", "--json"}).out);
  ASSERT_EQ(all.at("defects").size(), base::all_defects().size());
  for (const nlohmann::json& defect : all["defects"]) {
    EXPECT_EQ(defect.at("mail").get<std::string>().size(), 2U);
    EXPECT_NE(defect.at("summary"), "");
    const bool named = defect.at("id") == "D2-1";
    EXPECT_EQ(defect.at("scenarios"), named ? nlohmann::json::array({"scenarios/s2/a.qs"}) : nlohmann::json::array());
  }
  const Ran table = quire({"defects", "scenarios"});
  EXPECT_NE(table.out.find("\nD2-1    S2  free_swap_and_cache()"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("\n        scenarios/s2/a.qs:4\n        scenarios/s2/a.qs:8\n"), std::string::npos);
  put("bad.qs", "scenario x \"y\"\nexpect with D9-9 { never uaf }\n");
  const Ran bad = quire({"defects", "bad.qs"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.err, "bad.qs:2:13: no defect is called 'D9-9'; `quire defects` lists them\n");
}

TEST_F(Commands, FmtPrintsChecksAndWrites) {
  put("a.qs", "scenario   x   \"y\"\nexpect{never uaf}\n");
  const Ran printed = quire({"fmt", "a.qs"});
  EXPECT_EQ(printed.code, 0);
  const Ran check = quire({"fmt", "--check", "a.qs"});
  EXPECT_EQ(check.code, 1);
  EXPECT_EQ(check.out, "a.qs: not in its canonical form; `quire fmt --write` mends it\n");
  std::filesystem::permissions("a.qs", std::filesystem::perms(0640));
  EXPECT_EQ(quire({"fmt", "--write", "a.qs"}).code, 0);
  EXPECT_EQ(get("a.qs"), printed.out);
  EXPECT_EQ(std::filesystem::status("a.qs").permissions(), std::filesystem::perms(0640));
  EXPECT_EQ(quire({"fmt", "--check", "a.qs"}).code, 0);
  EXPECT_EQ(quire({"fmt", "--check", "--write", "a.qs"}).code, 2);
  put("b.qs", "scenario\n");
  const Ran bad = quire({"fmt", "--write", "b.qs", "a.qs"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.err.find("b.qs:"), 0U) << bad.err;
  EXPECT_EQ(get("b.qs"), "scenario\n");
}

TEST_F(Commands, HelpKnowsItsTopicsAndCommands) {
  for (const HelpTopic& topic : help_topics()) {
    const Ran ran = quire({"help", std::string(topic.name)});
    EXPECT_EQ(ran.code, 0) << topic.name;
    EXPECT_GT(ran.out.size(), 30U) << topic.name;
    EXPECT_NE(quire({"help"}).out.find("  " + std::string(topic.name) + " "), std::string::npos);
  }
  EXPECT_EQ(quire({"help", "operations"}).out,
            "munmap(RANGE, LENGTH)  unmaps\nfork()                 a child process\n");
  EXPECT_NE(quire({"help", "check"}).out.find("--preemptions"), std::string::npos);
  EXPECT_NE(quire({"check", "--help"}).out.find("--preemptions"), std::string::npos);
  EXPECT_EQ(quire({"check", "--help"}).code, 0);
  EXPECT_EQ(quire({"--help"}).code, 0);
  const Ran wrong = quire({"help", "exit-code"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err, "quire: there is no topic 'exit-code' (did you mean 'exit-codes'?); `quire help` lists them\n");
  EXPECT_EQ(quire({"--version"}).out, "quire 0.1.0\n");
  EXPECT_EQ(quire({"--version"}).code, 0);
}

TEST_F(Commands, ExportWritesCOrSaysWhyNot) {
  const std::string file =
      "scenario holes \"zeros\"\ncheck { A: fd = memfd_create(\"f\", 0)   A: pread(fd, 0) = -ENODATA }\n";
  put("a.qs", file + "expect { never bug }\n");
  const Ran printed = quire({"export", "a.qs"});
  EXPECT_EQ(printed.code, 0);
  EXPECT_EQ(printed.out.find("/*\n * holes: zeros\n"), 0U) << printed.out;
  EXPECT_EQ(quire({"export", "a.qs", "-o", "a.c"}).out, "");
  EXPECT_EQ(get("a.c"), printed.out);
  EXPECT_NE(quire({"export", "a.qs", "--style", "kselftest"}).out.find("kselftest.h"), std::string::npos);
  EXPECT_EQ(quire({"export", "a.qs", "--style", "perl"}).code, 2);
  EXPECT_EQ(quire({"export", "a.qs", "-o", "absent/a.c"}).code, 3);
  EXPECT_EQ(quire({"export", "a.qs", "--only", "hole"}).err,
            "quire: a.qs: no scenario is called 'hole' (did you mean 'holes'?)\n");
  put("b.qs", "scenario one \"y\"\ncheck { reclaim(1) }\nexpect { never bug }\n" + scenario("two"));
  EXPECT_EQ(quire({"export", "b.qs"}).err, "quire: b.qs: expected --only with one of one, two\n");
  const Ran never = quire({"export", "b.qs", "--only", "one"});
  EXPECT_EQ(never.code, 3);
  EXPECT_EQ(never.err,
            "quire: b.qs:1: one: no kernel can be asked for it: reclaim(): a number of pages cannot be asked for\n");
  EXPECT_EQ(quire({"export", "absent.qs"}).code, 2);
}

TEST_F(Commands, BlessWritesResultsIntoTheFile) {
  put("a.qs", "scenario x \"y\"\ncheck { A: munmap(0, 0) }\nexpect { never bug }\n");
  const Ran none = quire({"run", "--bless", "a.qs"});  // the fake saw no rows
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.out, "a.qs:1: x: 0 results filled in, 0 changed\n");
  EXPECT_EQ(quire({"fmt", "--check", "a.qs"}).code, 0);
  put("b.qs", "scenario troubled \"y\"\ncheck { A: exec() }\nexpect { never bug }\n");
  const Ran troubled = quire({"run", "--bless", "b.qs"});
  EXPECT_EQ(troubled.code, 3);
  EXPECT_EQ(troubled.err, "quire: b.qs:1: troubled: a trouble\n");
  EXPECT_EQ(quire({"run", "--bless", "--on", "mars", "a.qs"}).code, 2);
  EXPECT_EQ(quire({"run", "--on", "host", "a.qs"}).code, 2);
  EXPECT_EQ(quire({"run", "--bless", "--defect", "D2-1", "a.qs"}).code, 2);
}

TEST_F(Commands, ShrinkKeepsWhatFails) {
  put("a.qs",
      "scenario wrong \"y\"\ncheck { tasks()   killall() }\nexpect { never uaf }\nexpect with D2-1 { sometimes uaf "
      "}\n");
  const Ran small = quire({"shrink", "a.qs"});
  EXPECT_EQ(small.code, 0);
  EXPECT_NE(small.out.find("check { }\n\nexpect { never uaf }\n"), std::string::npos) << small.out;
  EXPECT_EQ(small.out.find("D2-1"), std::string::npos);
  EXPECT_EQ(small.err,
            "a.qs: wrong: 0 of 2 calls are left after 2 trials: found uaf @ free_swap_and_cache (1 pre-emption)\n");
  EXPECT_EQ(quire({"shrink", "a.qs", "-o", "b.qs"}).out, "");
  EXPECT_EQ(get("b.qs"), small.out);
  put("good.qs", scenario("holds") + scenario("again"));
  EXPECT_EQ(quire({"shrink", "good.qs"}).err, "quire: good.qs: expected --only with one of its 2 scenarios\n");
  const Ran good = quire({"shrink", "good.qs", "--only", "holds"});
  EXPECT_EQ(good.code, 2);
  EXPECT_EQ(good.err, "quire: good.qs:1: holds: expected a scenario that is not as stated, found one that is\n");
  EXPECT_EQ(quire({"shrink", "good.qs", "--only", "held"}).code, 2);
  EXPECT_EQ(quire({"shrink", "a.qs", "--time", "soon"}).code, 2);
}

TEST_F(Commands, MkswapMakesAFileThatIsRefusedByNobody) {
  EXPECT_EQ(quire({"mkswap", "--size", "64K", "--bad", "3,4", "a.swap"}).code, 0);
  EXPECT_EQ(std::filesystem::file_size("a.swap"), 65536U);
  EXPECT_EQ(get("a.swap").substr(4086, 10), "SWAPSPACE2");
  EXPECT_EQ(quire({"mkswap", "a.swap"}).code, 0);  // of the size that it has
  EXPECT_EQ(quire({"mkswap", "--size", "16", "--bad", "16", "a.swap"}).err, "quire: a.swap: Invalid argument\n");
  EXPECT_EQ(quire({"mkswap", "new.swap"}).code, 2);
  EXPECT_EQ(quire({"mkswap", "--size", "16X", "a.swap"}).err,
            "quire: expected a size of two pages or more, such as 1025 or 16M, found '16X'\n");
  EXPECT_EQ(quire({"mkswap", "--size", "1", "a.swap"}).code, 2);
  EXPECT_EQ(quire({"mkswap", "--size", "2", "absent/a.swap"}).err, "quire: absent/a.swap: No such file or directory\n");
}

TEST_F(Commands, HibernateAndResumeGoOnWithTheSameBytes) {
  const Ran wrote = quire({"hibernate", "--ram", "1024", "--swap", "512", "--seed", "9", "m.img"});
  EXPECT_EQ(wrote.code, 0) << wrote.err;
  EXPECT_NE(wrote.out.find("seed=9 ram=1024"), std::string::npos) << wrote.out;
  EXPECT_NE(quire({"resume", "--check", "m.img"}).out.find("m.img: sound"), std::string::npos);
  const Ran went_on = quire({"resume", "m.img"});
  EXPECT_EQ(went_on.code, 0) << went_on.err;
  EXPECT_NE(went_on.out.find("every byte equal"), std::string::npos) << went_on.out;

  std::string damaged = get("m.img");
  damaged[5000] = static_cast<char>(damaged[5000] ^ 4);
  put("damaged.img", damaged);
  const Ran refused = quire({"resume", "damaged.img"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err.rfind("quire: not resumed: damaged.img: block ", 0), 0U) << refused.err;
  EXPECT_EQ(refused.out, "booted fresh: 1,024 of 1,024 pages free, no process\n");
  EXPECT_EQ(quire({"resume", "--check", "damaged.img"}).code, 2);
}

TEST_F(Commands, HibernateTellsWhyItCannot) {
  const Ran secret = quire({"hibernate", "--ram", "1024", "--swap", "64", "--secret", "m.img"});
  EXPECT_EQ(secret.code, 1);
  EXPECT_EQ(secret.err,
            "quire: not hibernated: a process has secret memory, which must not be written anywhere (-EPERM)\n");
  EXPECT_EQ(quire({"resume", "m.img"}).err, "quire: not resumed: m.img: No such file or directory (-ENOENT)\n");
  EXPECT_EQ(quire({"hibernate", "--ram", "10", "m.img"}).code, 2);
  EXPECT_EQ(quire({"hibernate", "--second", "redis", "m.img"}).code, 2);
  EXPECT_EQ(quire({"hibernate", "--compress", "zip", "m.img"}).code, 2);
  EXPECT_EQ(quire({"resume", "--threads", "0", "m.img"}).code, 2);
}

}  // namespace
}  // namespace quire::cli
