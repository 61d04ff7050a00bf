// How low an allocation may go, whom it wakes and asks, and when it gives up.
#include <gtest/gtest.h>

#include <vector>

#include "phys/frames.h"

namespace quire::phys {
namespace {

constexpr uint32_t kRam = 64;

FramesOptions options() {
  FramesOptions options;
  options.ram = PageCount(kRam);
  options.payload_bytes = 8;
  options.cpus = 1;
  options.pcp_batch = 1;
  options.watermarks = {8, 16, 24};
  options.fruitless_max = 2;
  return options;
}

/// Says what it was asked, and gives back what it was told to.
class Asked final : public Pressure {
 public:
  PageCount try_to_free_pages(Gfp, PageCount) override {
    ++reclaims;
    return PageCount(give_back());
  }
  PageCount try_to_compact_pages() override {
    ++compactions;
    return PageCount(0);
  }
  void wakeup_kswapd(unsigned) override { ++wakeups; }
  OomOutcome out_of_memory(Order) override {
    ++ooms;
    return ooms <= ooms_that_help && give_back() != 0 ? OomOutcome::retry : OomOutcome::fail;
  }
  unsigned reclaims = 0, compactions = 0, wakeups = 0, ooms = 0, ooms_that_help = 0;
  std::vector<Pfn> reclaimable = {};
  Frames* frames = nullptr;

 private:
  unsigned give_back() {
    if (reclaimable.empty()) return 0;
    frames->free_pages(reclaimable.back(), Order(0));
    reclaimable.pop_back();
    return 1;
  }
};

class Watermarked : public testing::Test {
 protected:
  Watermarked() {
    asked_.frames = &frames_;
    frames_.set_pressure(&asked_);
  }
  /// How many pages can be had one after the other.
  unsigned take_all(Gfp gfp) {
    unsigned taken = 0;
    for (; frames_.alloc_pages(gfp, Order(0)); ++taken) {
    }
    return taken;
  }
  Frames frames_{options()};
  Asked asked_;
};

TEST_F(Watermarked, WhoMaySleepLeavesMinAndWakesBelowLow) {
  for (uint32_t i = 0; i < kRam - 16; ++i) ASSERT_TRUE(frames_.alloc_pages(Gfp::kernel(), Order(0)));
  EXPECT_EQ(asked_.wakeups, 0U);
  ASSERT_TRUE(frames_.alloc_pages(Gfp::kernel(), Order(0)));
  EXPECT_EQ(asked_.wakeups, 1U);
  EXPECT_EQ(take_all(Gfp::kernel()), 7U);
  EXPECT_EQ(frames_.peek_free(), PageCount(8));
  EXPECT_EQ(asked_.reclaims, 3U) << "once, and twice more in vain";
  EXPECT_EQ(asked_.ooms, 1U);
}

TEST_F(Watermarked, AnAtomicAllocationUsesTheReserveAndNobodyElseDoes) {
  EXPECT_EQ(take_all(Gfp::nowait()), kRam - 8);
  EXPECT_EQ(take_all(Gfp::atomic()), 6U);
  EXPECT_EQ(frames_.peek_free(), PageCount(2));
  EXPECT_EQ(asked_.reclaims, 0U);
  EXPECT_EQ(asked_.ooms, 0U);
}

TEST_F(Watermarked, WithoutRetryReclaimsOnceAndKillsNobody) {
  (void)take_all(Gfp::nowait());
  EXPECT_FALSE(frames_.alloc_pages(Gfp::user().without_retry(), Order(0)));
  EXPECT_EQ(asked_.reclaims, 1U);
  EXPECT_EQ(asked_.ooms, 0U);
}

TEST_F(Watermarked, NobodyIsKilledForABigBlock) {
  (void)take_all(Gfp::nowait());
  EXPECT_FALSE(frames_.alloc_pages(Gfp::user(), Order(4)));
  EXPECT_EQ(asked_.compactions, 1U);
  EXPECT_EQ(asked_.ooms, 0U);
  EXPECT_FALSE(frames_.alloc_pages(Gfp::user(), Order(3)));
  EXPECT_EQ(asked_.ooms, 1U);
}

TEST_F(Watermarked, WhatIsReclaimedOrTakenFromAVictimIsHad) {
  Pfn held = *frames_.alloc_pages(Gfp::kernel(), Order(0));
  (void)take_all(Gfp::nowait());
  asked_.reclaimable = {held};
  EXPECT_TRUE(frames_.alloc_pages(Gfp::user(), Order(0)));
  EXPECT_EQ(asked_.ooms, 0U);
}

TEST_F(Watermarked, MissingIsWhatKswapdHasToFree) {
  EXPECT_EQ(frames_.missing(0, 24), 0U);
  (void)take_all(Gfp::nowait());
  EXPECT_EQ(frames_.missing(0, 24), 16U);
  EXPECT_FALSE(frames_.could_alloc(Order(0)));
}

}  // namespace
}  // namespace quire::phys
