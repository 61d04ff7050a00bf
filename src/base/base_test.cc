#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "base/assert.h"
#include "base/defects.h"
#include "base/fixed_string.h"
#include "base/random.h"
#include "base/result.h"

namespace quire::base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Errno::einval;
  return n / 2;
}

TEST(Result, CarriesAValueOrAnErrno) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(*half(4), 2);
  EXPECT_EQ(half(4).error(), Errno::ok);
  EXPECT_FALSE(half(3));
  EXPECT_EQ(half(3).error(), Errno::einval);
  EXPECT_EQ(as_syscall(half(3).error()), -22);
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<std::string>> result(std::make_unique<std::string>("text"));
  EXPECT_EQ(*result.value(), "text");
  std::unique_ptr<std::string> taken = std::move(*result);
  EXPECT_EQ(*taken, "text");
}

using ResultDeathTest = testing::Test;
TEST(ResultDeathTest, HasNoValueAfterAnError) { EXPECT_DEATH((void)half(3).value(), "assertion failed: ok"); }
TEST(ResultDeathTest, OkIsNoError) { EXPECT_DEATH((void)Result<int>(Errno::ok), "an error that is no error"); }

TEST(Defects, AreFoundByTheirIds) {
  std::set<std::string_view> ids;
  for (const DefectInfo& d : all_defects()) {
    EXPECT_TRUE(ids.insert(d.id).second) << d.id;
    EXPECT_EQ(find_defect(d.id), d.defect);
    EXPECT_EQ(info(d.defect).id, d.id);
    EXPECT_FALSE(d.summary.empty());
  }
  EXPECT_FALSE(find_defect("D9-99").has_value());
}

TEST(Defects, ASetHoldsWhatWasAdded) {
  DefectSet set;
  EXPECT_TRUE(set.empty());
  Defect last = all_defects().back().defect;
  set.add(last);
  EXPECT_TRUE(set.has(last));
  EXPECT_FALSE(set.has(all_defects().front().defect));
  EXPECT_EQ(set, DefectSet({last}));
}

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  Random random(0);
  EXPECT_EQ(random.next(), 0xe220'a839'7b1d'cdafU);  // the published first value of SplitMix64 for seed 0
  Random again(0);
  EXPECT_EQ(again.next(), 0xe220'a839'7b1d'cdafU);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(random.next(), again.next());
}

TEST(Random, BelowCoversItsRange) {
  Random random(7);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(10));
  EXPECT_EQ(seen.size(), 10U);
  EXPECT_EQ(*seen.rbegin(), 9U);
}

TEST(Assert, AHandlerIsToldAndPutBack) {
  struct Thrown {
    std::string text;
  };
  AssertHandler mine = [](const char* expression, const char*, int, const char* message) {
    throw Thrown{std::string(expression) + "|" + message};
  };
  AssertHandler before = set_assert_handler(mine);
  try {
    QUIRE_ASSERT(1 + 1 == 3, "arithmetic");
    ADD_FAILURE();
  } catch (const Thrown& thrown) {
    EXPECT_EQ(thrown.text, "1 + 1 == 3|arithmetic");
  }
  EXPECT_EQ(set_assert_handler(before), mine);
}

template <FixedString Name>
std::string text_of() {
  return Name.text;
}

TEST(FixedString, IsATemplateArgument) { EXPECT_EQ(text_of<"si->inuse_pages">(), "si->inuse_pages"); }

}  // namespace
}  // namespace quire::base
