// Reduced against plain enumeration: on generated programs both must see the same set of outcomes, and the reduced
// search must see the same executions whether it goes back by checkpoints or by running again.
//
// An outcome is the final memory with everything the tasks read, or the kind of incident that ended the execution.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

#include "base/random.h"
#include "explore/bounded.h"
#include "explore/dpor.h"
#include "explore/random_program_testing.h"
#include "explore/search.h"

namespace quire::explore {
namespace {

constexpr unsigned kNoBound = 200;
constexpr uint64_t kTracesMax = 20'000;  ///< executions of programs whose traces are compared too
constexpr uint64_t kExecutionsMax = 100'000;

struct Run {
  std::map<uint64_t, std::string> outcomes;  ///< with their text when that was wanted
  std::vector<uint64_t> schedules;
  std::vector<uint64_t> traces;
  uint64_t executions = 0;
  uint64_t abandoned = 0;
  uint64_t repeated = 0;  ///< complete executions that are equivalent to an earlier one
  bool complete = false;
};

uint64_t mix(uint64_t a, uint64_t b) { return base::Random(a ^ (b * 0x9e37'79b9'7f4a'7c15)).next(); }

uint64_t hash_of_schedule(const Path& path) {
  uint64_t hash = 0;
  for (const Node& node : path)
    hash = mix(hash, 2U * node.decision.value + (node.decision.kind == Decision::Kind::task ? 1 : 0));
  return hash;
}

// The same for two executions that differ only in the order of independent steps.
uint64_t hash_of_trace(const Path& path) {
  uint64_t sum = 0;
  std::array<unsigned, kTasksMax> values{};
  unsigned last = 0;
  for (const Node& node : path) {
    if (node.decision.kind == Decision::Kind::value) {
      sum += mix(mix(1000 + last, values[last]++), node.decision.value);
      continue;
    }
    last = node.decision.value;
    uint64_t hash = mix(last, node.clk);
    for (unsigned t = 0; t < kTasksMax; ++t) hash = mix(hash, node.clock[t]);
    sum += hash;
  }
  return sum;
}

std::vector<uint64_t> different(std::vector<uint64_t> sorted) {
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

enum class Search : uint8_t { reduced, plain };
enum class Texts : uint8_t { no, yes };

Run explore(const RandomProgram::Text& text, Strategy& strategy, Search kind, Texts texts,
            ExecutorOptions::Backtracking backtracking = ExecutorOptions{}.backtracking) {
  Run run;
  ExecutorOptions options;
  options.backtracking = backtracking;
  RandomProgram program(text);
  Executor executor(program, options);
  EXPECT_TRUE(executor.boot());
  auto note = [&](uint64_t hash, const char* ended) {
    if (run.outcomes.contains(hash)) return;
    run.outcomes[hash] = texts == Texts::yes ? ended + (" " + program.memory()) : "";
  };
  program.on_complete([&] {
    note(program.hash_of_memory(), "");
    if (kind == Search::plain) return;
    run.schedules.push_back(hash_of_schedule(executor.path()));
    run.traces.push_back(hash_of_trace(executor.path()));
  });
  SearchLimits limits;
  limits.executions_max = kExecutionsMax;
  SearchResult result = search(executor, strategy, limits, [&](const Finding& finding) {
    uint64_t kind_hash = std::hash<std::string>()(RandomProgram::kind_of(finding.incident));
    bool with_memory = RandomProgram::ended_by_waiting(finding.incident);
    note(mix(kind_hash, with_memory ? program.hash_of_memory() : 0), name(finding.incident.failure).data());
    if (kind == Search::reduced) run.schedules.push_back(hash_of_schedule(executor.path()));
    return OnFinding::go_on;
  });
  std::sort(run.schedules.begin(), run.schedules.end());
  std::sort(run.traces.begin(), run.traces.end());
  run.repeated = run.traces.size() - different(run.traces).size();
  run.executions = result.executions;
  run.abandoned = result.abandoned;
  run.complete = result.complete;
  return run;
}

// Once more with texts, for whoever has to find out what is wrong.
// Every interleaving, with the happens-before of the reduced search: its traces are all there are.
class EveryInterleaving : public Dpor {
 public:
  unsigned pick_task(Executor& x, Node& node) override {
    node.sleep = 0;
    unsigned task = Dpor::pick_task(x, node);
    node.backtrack = node.enabled;
    return task;
  }
};

std::string difference(const RandomProgram::Text& text) {
  Dpor dpor;
  Bounded bounded(kNoBound);
  Run reduced = explore(text, dpor, Search::reduced, Texts::yes);
  Run plain = explore(text, bounded, Search::plain, Texts::yes);
  std::string out;
  for (const auto& [hash, outcome] : plain.outcomes)
    if (!reduced.outcomes.contains(hash)) out += "  only plain:   " + outcome + "\n";
  for (const auto& [hash, outcome] : reduced.outcomes)
    if (!plain.outcomes.contains(hash)) out += "  only reduced: " + outcome + "\n";
  return out;
}

struct Totals {
  unsigned programs = 0;
  unsigned too_large = 0;
  uint64_t reduced = 0;
  uint64_t abandoned = 0;
  uint64_t repeated = 0;
  uint64_t plain = 0;
};

// The executions of one program; what does not agree is a failure of the running test.
void compare(uint64_t seed, double interleavings_max, Totals& totals) {
  RandomProgram::Text text = RandomProgram::generate(seed, interleavings_max);
  Bounded plain_strategy(kNoBound);
  Run plain = explore(text, plain_strategy, Search::plain, Texts::no);
  if (!plain.complete) {
    ++totals.too_large;
    return;
  }
  Dpor dpor;
  Run reduced = explore(text, dpor, Search::reduced, Texts::no, ExecutorOptions::Backtracking::checkpoints);
  Dpor dpor_again;
  Run again = explore(text, dpor_again, Search::reduced, Texts::no, ExecutorOptions::Backtracking::reexecution);
  ++totals.programs;
  totals.reduced += reduced.executions;
  totals.abandoned += reduced.abandoned;
  totals.repeated += reduced.repeated;
  totals.plain += plain.executions;
  std::string where = "seed " + std::to_string(seed) + "\n" + RandomProgram::print(text);
  EXPECT_TRUE(reduced.complete) << where;
  EXPECT_TRUE(reduced.outcomes == plain.outcomes) << where << difference(text);
  EXPECT_LE(reduced.executions, plain.executions) << where;
  EXPECT_EQ(reduced.executions, again.executions) << where;
  EXPECT_TRUE(reduced.schedules == again.schedules) << where;
  // Tasks are numbered as they are made, so with two of them the same trace has several names.
  if (plain.executions > kTracesMax || text.spawns > 1) return;
  EveryInterleaving every;
  Run traces = explore(text, every, Search::reduced, Texts::no);
  EXPECT_EQ(traces.executions, plain.executions) << where;
  EXPECT_TRUE(different(traces.traces) == different(reduced.traces))
      << where << different(traces.traces).size() << " traces, " << different(reduced.traces).size() << " reduced";
}

void compare_many(uint64_t first_seed, unsigned count, double interleavings_max) {
  Totals totals;
  for (uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    compare(seed, interleavings_max, totals);
    if (testing::Test::HasFailure()) break;
  }
  std::printf(
      "%u programs (%u more too large): %lu executions reduced (%lu abandoned, %lu repeated), %lu plain: %.1f times "
      "fewer\n",
      totals.programs, totals.too_large, totals.reduced, totals.abandoned, totals.repeated, totals.plain,
      static_cast<double>(totals.plain) / static_cast<double>(totals.reduced));
}

#ifdef QUIRE_SANITIZED
constexpr unsigned kFewPrograms = 200;
constexpr unsigned kManyPrograms = 1'000;
#else
constexpr unsigned kFewPrograms = 2'000;
constexpr unsigned kManyPrograms = 20'000;
#endif
TEST(Differential, ReducedSeesWhatPlainSees) { compare_many(1, kFewPrograms, 3'000); }

TEST(DifferentialSlow, ReducedSeesWhatPlainSees) { compare_many(1'000'000, kManyPrograms, 20'000); }

// --- The comparison must catch an error in the reduction ------------------------------------------------------------

// Forgets that a task that waits for ever took part in a race.
class ForgetsTheBlocked : public Dpor {
 public:
  void blocked(Executor&) override {}
};

// Never wakes what sleeps.
class NeverWakes : public Dpor {
 public:
  unsigned pick_task(Executor& x, Node& node) override {
    if (x.path().size() > 1) {
      const Node& before = x.path()[x.path().size() - 2];
      node.sleep |= static_cast<TaskMask>((before.sleep | before.done) & ~bit(before.decision.value));
    }
    return Dpor::pick_task(x, node);
  }
};

// Overlooks one race in four.
class OverlooksRaces : public Dpor {
 public:
  void before_step(Executor& x, std::size_t depth) override {
    std::vector<TaskMask> before;
    for (const Node& node : x.path()) before.push_back(node.backtrack);
    Dpor::before_step(x, depth);
    for (std::size_t d = 0; d < before.size(); ++d)
      if (x.path()[d].backtrack != before[d] && ++seen_ % 4 == 0) x.path()[d].backtrack = before[d];
  }

 private:
  unsigned seen_ = 0;
};

template <typename Wrong>
unsigned programs_that_show_it(unsigned count) {
  unsigned shown = 0;
  for (uint64_t seed = 1; seed <= count; ++seed) {
    RandomProgram::Text text = RandomProgram::generate(seed, 1'000);
    Wrong wrong;
    Dpor right;
    Run mistaken = explore(text, wrong, Search::reduced, Texts::no);
    Run correct = explore(text, right, Search::reduced, Texts::no);
    if (mistaken.outcomes != correct.outcomes) ++shown;
  }
  return shown;
}

TEST(Differential, CatchesForgottenBlockedTasks) { EXPECT_GT(programs_that_show_it<ForgetsTheBlocked>(300), 0U); }
TEST(Differential, CatchesSleepWithoutWaking) { EXPECT_GT(programs_that_show_it<NeverWakes>(300), 0U); }
TEST(Differential, CatchesOverlookedRaces) { EXPECT_GT(programs_that_show_it<OverlooksRaces>(300), 0U); }

}  // namespace
}  // namespace quire::explore
