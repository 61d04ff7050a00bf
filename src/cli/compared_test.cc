// What the result of a scenario on a kernel is called.
#include "cli/compared.h"

#include <gtest/gtest.h>

namespace quire::cli {
namespace {

const std::vector<oracle::Explanation> kKnown = {{"known", "6.17+", "mm/mremap.c since 6.17"}};

ComparedCell judged(std::string name, std::vector<std::string> differences, const oracle::Answer& answer,
                    std::string_view release = "6.18.44") {
  ComparedCell cell;
  cell.name = std::move(name);
  cell.differences = std::move(differences);
  judge(cell, answer, kKnown, release);
  return cell;
}

TEST(Compared, WhatDiffersIsExplainedByItsRow) {
  EXPECT_EQ(judged("known", {}, {}).result, "agrees");
  EXPECT_EQ(judged("known", {"x"}, {}).result, "explained");
  EXPECT_EQ(judged("known", {"x"}, {}).reason, "mm/mremap.c since 6.17");
  EXPECT_EQ(judged("known", {"x"}, {}, "6.12.1").result, "differs");
  EXPECT_EQ(judged("other", {"x"}, {}).result, "differs");
}

TEST(Compared, NothingExplainsAKernelThatDies) {
  oracle::Answer dead;
  dead.ended = true;
  dead.seen.trouble = "the guest is gone: Kernel panic";
  for (const char* name : {"known", "other"}) {
    const ComparedCell cell = judged(name, {}, dead);
    EXPECT_EQ(cell.result, "differs");
    EXPECT_EQ(cell.differences, std::vector<std::string>{"the guest is gone: Kernel panic"});
  }
  EXPECT_EQ(judged("known", {"x"}, dead).result, "differs");
}

TEST(Compared, NothingExplainsAKernelThatComplains) {
  oracle::Answer answer;
  answer.log = {"BUG: Bad rss-counter state"};
  const ComparedCell cell = judged("known", {"x"}, answer);
  EXPECT_EQ(cell.result, "differs");
  EXPECT_EQ(cell.differences.back(), "the kernel says: BUG: Bad rss-counter state");
  EXPECT_EQ(judged("known", {}, answer).result, "differs");
}

}  // namespace
}  // namespace quire::cli
