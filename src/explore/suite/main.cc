// Runs every litmus program of the tree in every way that must agree: reduced with checkpoints, reduced by running
// again, plainly enumerated, and replayed.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "explore/bounded.h"
#include "explore/dpor.h"
#include "explore/search.h"
#include "explore/suite/litmus.h"

namespace quire::explore::suite {

std::vector<std::unique_ptr<LitmusProgram>>& all_programs() {
  static std::vector<std::unique_ptr<LitmusProgram>> programs;
  return programs;
}

namespace {

constexpr unsigned kNoBound = 200;
constexpr uint64_t kExecutionsMax = 3'000'000;

struct Seen {
  SearchResult result;
  std::vector<std::size_t> schedules;  ///< hashes, sorted
  std::set<std::size_t> outcomes;      ///< of the memory at the end, or of the incident
  std::set<Failure> failures;
  std::string first_message;
};

std::size_t hash_of(const Schedule& schedule) {
  std::size_t hash = schedule.size();
  for (const Decision& d : schedule)
    hash = (hash ^ (d.value + (d.kind == Decision::Kind::task ? 64U : 0U))) * 0x9e37'79b9'7f4a'7c15;
  return hash;
}

Seen run(LitmusProgram& program, Strategy& strategy, ExecutorOptions::Backtracking backtracking) {
  Seen seen;
  ExecutorOptions options = program.facts().options;
  options.backtracking = backtracking;
  Executor executor(program, options);
  if (!executor.boot()) {
    ADD_FAILURE() << "the set-up is wrong: " << executor.incident()->message;
    return seen;
  }
  program.on_complete([&] {
    seen.outcomes.insert(std::hash<std::string_view>()(program.memory()));
    seen.schedules.push_back(hash_of(schedule_of(executor.path())));
  });
  SearchLimits limits;
  limits.executions_max = kExecutionsMax;
  seen.result = search(executor, strategy, limits, [&](const Finding& finding) {
    seen.outcomes.insert(std::hash<std::string_view>()(name(finding.incident.failure)));
    seen.schedules.push_back(hash_of(finding.schedule));
    seen.failures.insert(finding.incident.failure);
    if (seen.first_message.empty()) seen.first_message = finding.incident.message;
    return OnFinding::go_on;
  });
  program.on_complete({});
  std::sort(seen.schedules.begin(), seen.schedules.end());
  return seen;
}

std::vector<std::string> lines_of(const Recording& recording) {
  std::vector<std::string> lines;
  for (const Event& e : recording.events)
    lines.push_back(fmt::format("{} {} {} {} {} {} {} {} {}", static_cast<unsigned>(e.kind), e.task, e.depth,
                                e.function_depth, static_cast<unsigned>(e.op), e.took, e.object, e.name, e.detail));
  return lines;
}

// The shortest way into the incident, and the same again by its schedule, twice.
void find_and_replay(LitmusProgram& program) {
  const Facts& facts = program.facts();
  Executor executor(program, facts.options);
  ASSERT_TRUE(executor.boot());
  std::optional<Finding> found = find_minimal(
      executor, facts.bound_max, {}, [&](const Finding& f) { return f.incident.failure == facts.expected; }, nullptr);
  ASSERT_TRUE(found.has_value()) << "not within " << facts.bound_max << " pre-emptions";
  std::vector<std::string> first_lines;
  for (int time = 0; time < 2; ++time) {
    Recording recording;
    bool diverged = true;
    std::optional<Finding> again = replay(executor, found->schedule, &recording, &diverged);
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(diverged);
    EXPECT_EQ(again->incident.failure, found->incident.failure);
    EXPECT_EQ(again->incident.message, found->incident.message);
    EXPECT_EQ(again->incident.task, found->incident.task);
    EXPECT_EQ(again->preemptions, found->preemptions);
    EXPECT_FALSE(recording.events.empty());
    if (time == 0) first_lines = lines_of(recording);
    EXPECT_EQ(lines_of(recording), first_lines);
  }
}

void check(LitmusProgram& program) {
  const Facts& facts = program.facts();
  Dpor dpor;
  Seen seen = run(program, dpor, ExecutorOptions{}.backtracking);
  EXPECT_TRUE(seen.result.complete);
  EXPECT_EQ(seen.result.executions, facts.executions) << "and " << seen.result.abandoned << " given up";
  EXPECT_EQ(seen.result.incidents, facts.incidents);
  std::set<Failure> expected;
  if (facts.expected) expected.insert(*facts.expected);
  EXPECT_EQ(seen.failures, expected) << seen.first_message;
  Dpor dpor_again;
  Seen again = run(program, dpor_again, ExecutorOptions::Backtracking::reexecution);
  EXPECT_EQ(again.result.executions, seen.result.executions);
  EXPECT_TRUE(again.schedules == seen.schedules) << "checkpoints and running again see different executions";
  EXPECT_TRUE(again.outcomes == seen.outcomes);
  if (facts.size == Size::tiny) {
    Bounded plain(kNoBound);
    Seen all = run(program, plain, ExecutorOptions{}.backtracking);
    EXPECT_TRUE(all.result.complete) << "too large to enumerate";
    EXPECT_GE(all.result.executions, seen.result.executions);
    EXPECT_TRUE(all.outcomes == seen.outcomes)
        << all.outcomes.size() << " outcomes plainly, " << seen.outcomes.size() << " reduced";
  }
  if (facts.expected) find_and_replay(program);
}

class LitmusTest : public testing::Test {
 public:
  explicit LitmusTest(LitmusProgram& program) : program_(program) {}
  void TestBody() override { check(program_); }

 private:
  LitmusProgram& program_;
};

void register_all() {
  for (std::unique_ptr<LitmusProgram>& program : all_programs()) {
    const Facts& facts = program->facts();
    std::size_t slash = facts.name.find('/');
    std::string group = facts.name.substr(0, slash) + (facts.size == Size::slow ? "Slow" : "");
    testing::RegisterTest(group.c_str(), facts.name.substr(slash + 1).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [p = program.get()]() -> LitmusTest* { return new LitmusTest(*p); });
  }
}

}  // namespace
}  // namespace quire::explore::suite

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  quire::explore::suite::register_all();
  return RUN_ALL_TESTS();
}
