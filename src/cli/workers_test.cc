// Workers: none is lost, whatever happens to it; the order of output; progress.
#include "cli/workers.h"

#include <map>

#include "cli/harness_for_test.h"
#include "cli/progress.h"
#include "cli/wire.h"
#include "scenario/parser.h"

namespace quire::cli {
namespace {

class Workers : public CommandTest {};

TEST_F(Workers, ACrashIsAFailureOfItsScenarioOnly) {
  put("a.qs", scenario("holds"));
  put("b.qs", scenario("crash"));
  put("c.qs", scenario("quits"));
  put("d.qs", scenario("also-holds"));
  for (const char* jobs : {"1", "2", "4"}) {
    const Ran ran = quire({"check", "--jobs", jobs, "a.qs", "b.qs", "c.qs", "d.qs"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out,
              "ok   a.qs:3: holds: holds (complete, 1234 executions)\n"
              "ok   a.qs:4: holds with D2-1: found uaf @ free_swap_and_cache (1 pre-emption)\n"
              "FAIL b.qs:1: crash: the worker was killed by SIGSEGV (Segmentation fault)\n"
              "FAIL c.qs:1: quits: the worker ended with status 7 and no answer\n"
              "ok   d.qs:3: also-holds: holds (complete, 1234 executions)\n"
              "ok   d.qs:4: also-holds with D2-1: found uaf @ free_swap_and_cache (1 pre-emption)\n"
              "4 passed, 2 failed, 0 skipped\n");
  }
}

TEST_F(Workers, OutputKeepsTheOrderOfFiles) {
  put("a.qs", scenario("slow"));
  std::string quick;
  for (int i = 0; i < 20; ++i) quick += scenario("quick" + std::to_string(i));
  put("b.qs", quick);
  EXPECT_EQ(quire({"check", "--jobs", "1", "a.qs", "b.qs"}).out, quire({"check", "--jobs", "8", "a.qs", "b.qs"}).out);
}

TEST_F(Workers, AWorkerWithoutAnAnswerIsKilled) {
  const scenario::ParseResult stuck = scenario::parse(scenario("stuck"), "a.qs");
  const scenario::ParseResult good = scenario::parse(scenario("holds"), "b.qs");
  ASSERT_TRUE(stuck.ok() && good.ok());
  const std::vector<CheckJob> jobs{{&stuck.document().scenarios[0], "a.qs", 0.3},
                                   {&good.document().scenarios[0], "b.qs", 60}};
  std::map<std::size_t, JobResult> results;
  run_workers(jobs, {2, {}}, {[&](std::size_t job, JobResult result) { results.emplace(job, std::move(result)); }, {}});
  ASSERT_EQ(results.size(), 2U);
  ASSERT_TRUE(std::holds_alternative<WorkerDeath>(results.at(0)));
  EXPECT_EQ(std::get<WorkerDeath>(results.at(0)).message, "the worker gave no answer within 0 s and was killed");
  EXPECT_TRUE(std::holds_alternative<runner::CheckResult>(results.at(1)));
}

TEST_F(Workers, ProgressIsForTerminalsAndErasedBeforeLines) {
  put("a.qs", scenario("slow"));
  EXPECT_EQ(quire({"check", "a.qs"}).err, "");
  console_.err_device = Device::terminal;
  const Ran ran = quire({"check", "a.qs"});
  EXPECT_EQ(ran.err.find("\r[0/1] slow: 25%, 0 s left, 1,000 executions, 10,000/s, depth 120, 1 pre-emption\033[K"), 0U)
      << ran.err;
  EXPECT_EQ(ran.err.substr(ran.err.size() - 4), "\r\033[K");
  EXPECT_EQ(ran.code, 0);
}

TEST(Progress, FitsTheLine) {
  const ProgressNote note{"exhaustive", 12345, 3, 120, 0.42};
  EXPECT_EQ(progress_text({3, 40, 1, "name"}, note, 200),
            "[3/40] name: 42%, 4 s left, 12,345 executions, 4,115/s, depth 120, exhaustive");
  EXPECT_EQ(progress_text({3, 40, 2, "name"}, {"", 1, 0, 2, 0}, 200), "[3/40] name and 1 more: 1 executions, depth 2");
  EXPECT_EQ(progress_text({3, 40, 1, "name"}, note, 20), "[3/40] name: 42%, 4");
}

TEST(Wire, FramesComeOutAsTheyWentInHoweverTheyAreCut) {
  runner::ScenarioCheck check{"a.qs", std::string("n\0\xff", 3), "", {}};
  check.verdicts.resize(1);
  check.verdicts[0].report = std::string("\0\x80\n", 3);
  check.verdicts[0].preemptions = 2;
  check.verdicts[0].bound = "sampled";
  check.verdicts[0].outcomes = {"A:r=0", ""};
  const std::string bytes = pack(runner::Progress{"phase", 1, 2.5, 3, 0.5}) + pack(runner::CheckResult(check));
  FrameReader reader;
  std::vector<Message> messages;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    while (auto message = reader.next()) messages.push_back(*std::move(message));
  }
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<ProgressNote>(messages[0]).phase, "phase");
  const auto& answer = std::get<runner::ScenarioCheck>(std::get<runner::CheckResult>(messages[1]));
  EXPECT_EQ(answer.name, check.name);
  EXPECT_EQ(answer.verdicts.at(0).report, check.verdicts[0].report);
  EXPECT_EQ(answer.verdicts.at(0).preemptions, 2U);
  EXPECT_EQ(answer.verdicts.at(0).bound, "sampled");
  EXPECT_EQ(answer.verdicts.at(0).outcomes, check.verdicts[0].outcomes);
}

TEST(Wire, GarbageIsNoMessage) {
  const std::string good = pack(runner::CheckResult(scenario::Diagnostic{"a.qs", 1, 2, "m"}));
  for (std::size_t at = 5; at < good.size(); ++at) {
    for (const char byte : {'\0', '\x7f', '\xff', 'a'}) {
      std::string bad = good;
      bad[at] = byte;
      FrameReader reader;
      reader.feed(bad);
      static_cast<void>(reader.next());
    }
  }
  FrameReader reader;
  reader.feed(std::string("a\x02\0\0\0\xff\xff", 7) + good);
  const auto message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<scenario::Diagnostic>(std::get<runner::CheckResult>(*message)).message, "m");
}

}  // namespace
}  // namespace quire::cli
