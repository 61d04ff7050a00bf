// Checks of whole scenarios: that what is stated wrongly fails, that a bound never passes for the whole, that injected
// failures and schedules do what the language says.
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "runner/runner.h"
#include "scenario/parser.h"

namespace quire::runner {
namespace {

class Checked : public testing::Test {
 protected:
  const scenario::Scenario& parse(const std::string& text) {
    parsed_.emplace(scenario::parse(text, "f.qs"));
    EXPECT_TRUE(parsed_->ok()) << to_string(parsed_->error());
    return parsed_->document().scenarios[0];
  }
  ScenarioCheck check(const std::string& text, const CheckOptions& options = {}) {
    CheckResult result = check_scenario(parse(text), "f.qs", options);
    auto* d = std::get_if<scenario::Diagnostic>(&result);
    EXPECT_EQ(d, nullptr) << (d != nullptr ? d->message : "");
    return d != nullptr ? ScenarioCheck{} : std::get<ScenarioCheck>(result);
  }
  Verdict verdict(const std::string& text, const CheckOptions& options = {}) {
    ScenarioCheck result = check(text, options);
    EXPECT_EQ(result.verdicts.size(), 1U);
    return result.verdicts.empty() ? Verdict{} : result.verdicts[0];
  }
  std::optional<scenario::ParseResult> parsed_;
};

/// A store to a page beside swapoff of an area that nothing uses.
std::string store_and_swapoff(std::string_view expect) {
  return fmt::format(
      "scenario s \"d\"\nmachine cpus=2 ram=16 swap=S:8\nsetup {{\n"
      "  A: fd = memfd_create(\"f\", 0)\n  A: ftruncate(fd, 4K) = 0\n"
      "  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n  A: store(p[0], 'a')\n}}\n"
      "cpu 0 as A {{ store(p[0], 'b') }}\ncpu 1 as B {{ r = swapoff(S) }}\n{}\n",
      expect);
}

TEST_F(Checked, AFalseStatementFailsWithAReportThatReplays) {
  Verdict v = verdict(
      "scenario s \"d\"\nmachine cpus=2 ram=16 swap=S:8\nsetup {\n  A: fd = memfd_create(\"f\", 0)\n"
      "  A: ftruncate(fd, 4K) = 0\n}\ncpu 0 as A { fallocate(fd, 0, 0, 4K) = -ENOSPC }\ncpu 1 as B { r = swapoff(S) }\n"
      "expect { never bug }\n");
  EXPECT_FALSE(v.as_stated);
  EXPECT_NE(v.report.find("fallocate(fd, 0, 0, 4K) gave 0, which is not as stated"), std::string::npos) << v.report;
  auto token = parse_token(v.token);
  ASSERT_TRUE(token) << v.token;
  auto replayed = replay_token(parsed_->document().scenarios[0], *token);
  ASSERT_TRUE(std::holds_alternative<ReplayResult>(replayed));
  EXPECT_TRUE(std::get<ReplayResult>(replayed).reproduced);
  EXPECT_EQ(std::get<ReplayResult>(replayed).report, v.report);
}

TEST_F(Checked, ATokenOfAnotherTextIsRefused) {
  const char* text =
      "scenario s \"d\"\nmachine cpus=1 ram=16\nsetup { A: fd = memfd_create(\"f\", 0) }\n"
      "cpu 0 as A { ftruncate(fd, 4K) = 1 }\nexpect { never bug }\n";
  Verdict v = verdict(text);
  EXPECT_FALSE(v.as_stated);
  auto token = parse_token(v.token);
  ASSERT_TRUE(token) << v.token;
  std::string changed = text;
  changed.replace(changed.find("= 1"), 3, "= 2");
  auto replayed = replay_token(parse(changed), *token);
  ASSERT_TRUE(std::holds_alternative<ReplayResult>(replayed));
  EXPECT_NE(std::get<ReplayResult>(replayed).error, "");
}

TEST_F(Checked, OnlyRamIsExploredAsASwapDevice) {
  auto complaint = [this](std::string_view backend) -> std::string {
    CheckResult result = check_scenario(
        parse(fmt::format("scenario s \"d\"\nmachine cpus=1 ram=16 swap=S:8 swap_backend={}\n"
                          "setup {{ A: fd = memfd_create(\"f\", 0) }}\ncpu 0 as A {{ ftruncate(fd, 4K) = 0 }}\n"
                          "expect {{ never bug }}\n",
                          backend)),
        "f.qs", {});
    auto* d = std::get_if<scenario::Diagnostic>(&result);
    return d == nullptr ? "" : d->message;
  };
  EXPECT_EQ(complaint("ram"), "");
  EXPECT_EQ(complaint("disk"), "expected swap_backend=ram");
  for (std::string_view native : {"file", "lz4", "zstd", "redis"})
    EXPECT_TRUE(complaint(native).starts_with(fmt::format("expected swap_backend=ram, found '{}'", native)));
}

TEST_F(Checked, HugeSwapEntriesNeedClustersOfTheirSize) {
  auto complaint = [this](std::string_view options) -> std::string {
    CheckResult result = check_scenario(
        parse(fmt::format("scenario s \"d\"\nmachine cpus=1 ram=16 swap=S:8 {}\n"
                          "setup {{ A: fd = memfd_create(\"f\", 0) }}\ncpu 0 as A {{ ftruncate(fd, 4K) = 0 }}\n"
                          "expect {{ never bug }}\n",
                          options)),
        "f.qs", {});
    auto* d = std::get_if<scenario::Diagnostic>(&result);
    return d == nullptr ? "" : d->message;
  };
  for (std::string_view right : {"thp_swap=pmd SWAPFILE_CLUSTER=8", "thp_swap=pte", "thp_swap=off",
                                 "PTRS_PER_PTE=2 thp_swap=pmd SWAPFILE_CLUSTER=2", "real thp_swap=pmd"})
    EXPECT_EQ(complaint(right), "") << right;
  EXPECT_EQ(complaint("thp_swap=pmd"),
            "expected SWAPFILE_CLUSTER=8 with thp_swap=pmd, the pages of a huge page (PTRS_PER_PTE), found 4");
  EXPECT_EQ(complaint("thp_swap=on"), "expected thp_swap=pmd, pte or off");
  EXPECT_EQ(complaint("thp_swap=2"), "expected thp_swap=pmd, pte or off");
}

TEST_F(Checked, SometimesThatNeverIsFails) {
  Verdict v = verdict(store_and_swapoff("expect { sometimes uaf }"));
  EXPECT_FALSE(v.as_stated);
  EXPECT_EQ(v.found, "");
}

TEST_F(Checked, ABoundIsNeverCalledComplete) {
  std::string text = store_and_swapoff("expect { never uaf complete }");
  EXPECT_TRUE(verdict(text).as_stated);
  EXPECT_TRUE(verdict(text).complete);
  CheckOptions one;
  one.executions_max = 1;
  Verdict cut = verdict(text, one);
  EXPECT_FALSE(cut.as_stated);
  EXPECT_FALSE(cut.complete);
  EXPECT_EQ(cut.summary.find("(complete"), std::string::npos) << cut.summary;
  for (auto strategy : {CheckOptions::Strategy::bounded, CheckOptions::Strategy::pct, CheckOptions::Strategy::random}) {
    CheckOptions forced;
    forced.strategy = strategy;
    forced.executions_max = 50;
    EXPECT_FALSE(verdict(text, forced).complete) << static_cast<int>(strategy);
  }
}

TEST_F(Checked, TheBoundIsWhatTheSummarySays) {
  std::string text = store_and_swapoff("expect { never uaf }");
  EXPECT_EQ(verdict(text).bound, "");
  CheckOptions bounded;
  bounded.strategy = CheckOptions::Strategy::bounded;
  bounded.preemptions_max = 1;
  Verdict cut = verdict(text, bounded);
  EXPECT_TRUE(cut.as_stated);
  EXPECT_EQ(cut.bound, "all with up to 1 pre-emption");
  EXPECT_EQ(cut.summary, fmt::format("holds ({}, {} executions)", cut.bound, cut.executions));
  CheckOptions sampled;
  sampled.strategy = CheckOptions::Strategy::random;
  sampled.executions_max = 50;
  EXPECT_EQ(verdict(text, sampled).bound, "sampled");
}

TEST_F(Checked, WhatTheExpectationBoundsIsSearchedNoFurther) {
  Verdict whole = verdict(store_and_swapoff("expect { never uaf }"));
  Verdict bounded = verdict(store_and_swapoff("expect { never uaf preemptions 1 }"));
  EXPECT_TRUE(bounded.as_stated);
  EXPECT_EQ(bounded.bound, "all with up to 1 pre-emption");
  Verdict within = verdict(store_and_swapoff("expect { never uaf within 3 }"));
  EXPECT_TRUE(within.as_stated);
  EXPECT_FALSE(within.complete);
  EXPECT_EQ(within.executions, 3U);
  Verdict both = verdict(store_and_swapoff("expect { never uaf preemptions 1 complete }"));
  EXPECT_TRUE(both.complete);
  EXPECT_EQ(both.executions, whole.executions);
}

TEST_F(Checked, WhatHappensWithADefectIsNotCalledUnreachable) {
  Verdict v = verdict(store_and_swapoff("expect with D2-1 { sometimes B:r == 0 }"));
  EXPECT_TRUE(v.as_stated) << v.summary;
  EXPECT_TRUE(v.summary.starts_with("holds (")) << v.summary;
}

/// A store to an anonymous page that may need memory it does not get.
std::string store_with(std::string_view fault, std::string_view expect) {
  return fmt::format(
      "scenario s \"d\"\nmachine cpus=1 ram=16\nsetup {{\n"
      "  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n}}\n"
      "cpu 0 as A {{ r = store(p[0], 'b') {} }}\n{}\n",
      fault, expect);
}

TEST_F(Checked, AFailureThatMayComeIsExploredBothWays) {
  EXPECT_EQ(verdict(store_with("", "expect { never bug complete }")).executions, 1U);
  Verdict v = verdict(store_with("[may fail: page_alloc @ do_anonymous_page]", "expect { never bug complete }"));
  EXPECT_TRUE(v.as_stated) << v.report;
  EXPECT_EQ(v.executions, 2U);
}

TEST_F(Checked, AFailureThatMustComeComesOnce) {
  Verdict v = verdict(store_with("[fail: page_alloc]", "expect { always A:r == SIGBUS complete }"));
  EXPECT_TRUE(v.as_stated) << v.summary << v.report;
  EXPECT_EQ(v.executions, 1U);
}

TEST_F(Checked, AFailureIsOfItsGfpClass) {
  Verdict v = verdict(store_with("[may fail: GFP_USER]", "expect { sometimes A:r == SIGBUS complete }"));
  EXPECT_TRUE(v.as_stated) << v.summary;
  v = verdict(store_with("[may fail: GFP_ATOMIC]", "expect { never bug complete }"));
  EXPECT_FALSE(v.as_stated) << "none of that class is asked for";
}

TEST_F(Checked, AFailureAtAnotherPlaceDoesNotCome) {
  Verdict v = verdict(store_with("[fail: page_alloc @ swapoff]", "expect { always A:r == SIGBUS complete }"));
  EXPECT_FALSE(v.as_stated);
  v = verdict(store_with("[fail: page_alloc @ swapoff]", "expect { never bug complete }"));
  EXPECT_FALSE(v.as_stated);
  EXPECT_EQ(v.summary, "line 6: 'page_alloc' never fails in swapoff (complete, 1 executions)");
}

TEST_F(Checked, KindsOfPagesAreStatedAndPrintedByName) {
  const std::string text =
      "scenario s \"d\"\nmachine cpus=1 ram=16\nsetup {\n"
      "  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n}\n"
      "cpu 0 as A { store(p[0], 'b') }\n"
      "check { A: pagemap(p[0]) = PM_ANON  A: pagemap(p[1]) = PM_NONE | PM_ZERO }\nexpect { never bug complete }\n";
  EXPECT_TRUE(verdict(text).as_stated);
  auto result = run_scenario(parse(text), "f.qs", {});
  ASSERT_TRUE(std::holds_alternative<RunResult>(result));
  const std::vector<RunLine>& lines = std::get<RunResult>(result).lines;
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[2].text, "A   pagemap(p[0]) = PM_ANON");
  EXPECT_EQ(lines[3].text, "A   pagemap(p[1]) = PM_NONE");
}

/// With a `schedule` block that orders what A did to the slot and swapoff's start.
std::string scheduled(std::string_view chain) {
  return fmt::format(
      "scenario s \"d\"\nmachine cpus=2 ram=16 swap=S:8\nsetup {{\n  A: fd = memfd_create(\"f\", 0)\n"
      "  A: ftruncate(fd, 4K) = 0\n  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n"
      "  A: store(p[0], 'A')\n  A: madvise(p, 4K, MADV_PAGEOUT) = 0 [keep_swapcache]\n}}\n"
      "cpu 0 as A {{ fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }}\n"
      "cpu 1 as B {{ r = swapoff(S) }}\nschedule order {{ {} }}\nexpect {{ never uaf }}\n",
      chain);
}

TEST_F(Checked, AScheduleIsFollowed) {
  const char* chains[] = {"A@swap_entry_free:put_reference < B@start_swapoff:no_new_slots",
                          "B@start_swapoff:no_new_slots < A@swap_entry_free:put_reference"};
  for (const char* chain : chains) {
    const scenario::Scenario& s = parse(scheduled(chain));
    auto result = run_scenario(s, "f.qs", {.order = {}, .schedule = "order", .defects = {}});
    auto* d = std::get_if<scenario::Diagnostic>(&result);
    ASSERT_EQ(d, nullptr) << d->message;
    EXPECT_TRUE(std::get<RunResult>(result).as_stated);
    EXPECT_EQ(std::get<RunResult>(result).lines.size(), 7U);
  }
}

using CheckedSlow = Checked;

TEST_F(CheckedSlow, AScheduleThatCannotBeIsAnError) {
  // The device is kept by A's reference until A is done with the slot.
  const scenario::Scenario& s =
      parse(scheduled("B@kill_users_and_wait:no_device_reference_left < A@swap_entry_free:put_reference"));
  auto result = run_scenario(s, "f.qs", {.order = {}, .schedule = "order", .defects = {}});
  auto* d = std::get_if<scenario::Diagnostic>(&result);
  ASSERT_NE(d, nullptr);
  EXPECT_NE(d->message.find("expected an order that can happen"), std::string::npos) << d->message;
}

TEST_F(Checked, AScheduleOfNoNameIsAnError) {
  auto result = run_scenario(parse(store_and_swapoff("expect { never uaf }")), "f.qs",
                             {.order = {}, .schedule = "order", .defects = {}});
  ASSERT_TRUE(std::holds_alternative<scenario::Diagnostic>(result));
}

}  // namespace
}  // namespace quire::runner
