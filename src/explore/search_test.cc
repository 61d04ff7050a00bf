#include "explore/search.h"

#include <gtest/gtest.h>

#include "explore/bounded.h"
#include "explore/dpor.h"
#include "explore/sampling.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/trace.h"

namespace quire::explore {
namespace {

struct State {
  sync::Atomic<int, "sum"> sum;
};

// Two tasks lose an update.
class LostUpdate : public Program {
 public:
  void setup() override { state_ = sync::make_object<State>(); }
  [[nodiscard]] unsigned task_count() const override { return 2; }
  [[nodiscard]] TaskSpec task(unsigned index) const override { return {"t" + std::to_string(index), index}; }
  void run(unsigned) override {
    QUIRE_FUNC();
    state_->sum.store(state_->sum.load() + 1);
    QUIRE_POINT("stored", "{}", state_->sum.peek());
  }
  void finish() override {
    if (state_->sum.peek() != 2) sync::bug(sync::Failure::check, "an update is lost");
  }

 private:
  State* state_ = nullptr;
};

OnFinding go_on(const Finding&) { return OnFinding::go_on; }

TEST(Search, StopsAtALimit) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  Dpor dpor;
  SearchLimits limits;
  limits.executions_max = 2;
  SearchResult result = search(executor, dpor, limits, go_on);
  EXPECT_EQ(result.executions, 2U);
  EXPECT_FALSE(result.complete);
}

TEST(Search, StopsAtAFinding) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  Dpor dpor;
  SearchResult result = search(executor, dpor, {}, [](const Finding&) { return OnFinding::stop; });
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.incidents, 1U);
}

TEST(Search, ABoundThatCutsIsNotComplete) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  Bounded none(0);
  EXPECT_FALSE(search(executor, none, {}, go_on).complete);
  Bounded all(10);
  EXPECT_TRUE(search(executor, all, {}, go_on).complete);
}

struct Apart {
  sync::Atomic<int, "sum"> sum;
  sync::Atomic<int, "own"> own[2];
};

// The same with steps before and after that are each task's own.
class LostUpdateAmongOthers : public Program {
 public:
  void setup() override { state_ = sync::make_object<Apart>(); }
  [[nodiscard]] unsigned task_count() const override { return 2; }
  [[nodiscard]] TaskSpec task(unsigned index) const override { return {"t" + std::to_string(index), index}; }
  void run(unsigned index) override {
    for (int i = 0; i < 5; ++i) state_->own[index].store(i);
    state_->sum.store(state_->sum.load() + 1);
    for (int i = 0; i < 5; ++i) state_->own[index].store(i);
  }
  void finish() override {
    if (state_->sum.peek() != 2) sync::bug(sync::Failure::check, "an update is lost");
  }

 private:
  Apart* state_ = nullptr;
};

TEST(Search, SwitchesWhereTasksMeetFindTheSame) {
  LostUpdateAmongOthers program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  Bounded everywhere(1);
  SearchResult all = search(executor, everywhere, {}, go_on);
  BoundedAtShared shared(1);
  SearchResult some = search(executor, shared, {}, go_on);
  EXPECT_GT(all.incidents, 0U);
  EXPECT_GT(some.incidents, 0U);
  EXPECT_LT(3 * some.executions, all.executions);
  EXPECT_FALSE(some.complete);
}

TEST(Search, OneExecutorServesManySearches) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  for (int i = 0; i < 3; ++i) {
    Dpor dpor;
    EXPECT_EQ(search(executor, dpor, {}, go_on).executions, 4U);
    Bounded all(10);
    EXPECT_GE(search(executor, all, {}, go_on).executions, 4U);
  }
}

TEST(Search, MinimalHasOnePreemption) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  SearchResult searched;
  std::optional<Finding> found = find_minimal(
      executor, 3, {}, [](const Finding&) { return true; }, &searched);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->preemptions, 1U);
  EXPECT_GT(searched.executions, 1U);
}

TEST(Search, ASampleFindsWhatIsEasy) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  SearchLimits limits;
  limits.executions_max = 1000;
  UniformRandom uniform(1);
  EXPECT_GT(search(executor, uniform, limits, go_on).incidents, 100U);
  Pct pct(2, 1);
  SearchResult result = search(executor, pct, limits, go_on);
  EXPECT_GT(result.incidents, 10U);
  EXPECT_FALSE(result.complete);
}

TEST(Search, AReplayThatDoesNotFitSaysSo) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  Schedule wrong = {{Decision::Kind::task, 0}, {Decision::Kind::task, 7}};
  bool diverged = false;
  EXPECT_FALSE(replay(executor, wrong, nullptr, &diverged).has_value());
  EXPECT_TRUE(diverged);
}

TEST(Search, ARecordingTellsOfFunctionsPointsAndSteps) {
  LostUpdate program;
  Executor executor(program, {});
  ASSERT_TRUE(executor.boot());
  Recording recording;
  bool diverged = true;
  (void)replay(executor, {}, &recording, &diverged);
  unsigned enters = 0;
  unsigned leaves = 0;
  std::string points;
  for (const Event& e : recording.events) {
    enters += e.kind == Event::Kind::enter ? 1 : 0;
    leaves += e.kind == Event::Kind::leave ? 1 : 0;
    if (e.kind == Event::Kind::point) points += e.name + " " + e.detail + ";";
  }
  EXPECT_EQ(enters, 2U);
  EXPECT_EQ(leaves, 2U);
  EXPECT_EQ(points, "stored 1;stored 2;");
  EXPECT_EQ(recording.task_names, (std::vector<std::string>{"t0", "t1"}));
}

class WrongSetUp : public LostUpdate {
 public:
  void setup() override { sync::bug(sync::Failure::bug, "nothing works"); }
};

TEST(Search, AWrongSetUpIsAnIncident) {
  WrongSetUp program;
  Executor executor(program, {});
  EXPECT_FALSE(executor.boot());
  ASSERT_TRUE(executor.incident().has_value());
  EXPECT_EQ(executor.incident()->message, "nothing works");
}

}  // namespace
}  // namespace quire::explore
