#include "swap/readahead.h"

#include <gtest/gtest.h>

namespace quire::swap {
namespace {

constexpr uint32_t kMost = 8;

uint32_t pages_after(ReadaheadHistory history, uint64_t at) { return next_readahead(history, at, kMost); }

TEST(Readahead, NothingIsReadAheadForAFaultElsewhere) { EXPECT_EQ(pages_after({.previous = 10}, 50), 1U); }

TEST(Readahead, ANeighbourOfTheLastFaultIsWorthTwoPages) {
  EXPECT_EQ(pages_after({.previous = 10}, 11), 2U);
  EXPECT_EQ(pages_after({.previous = 10}, 9), 2U);
}

TEST(Readahead, HitsMakeTheWindowGrowToAPowerOfTwo) {
  EXPECT_EQ(pages_after({.previous = 10, .pages = 1, .hits = 1}, 50), 4U);
  EXPECT_EQ(pages_after({.previous = 10, .pages = 4, .hits = 3}, 50), 8U);
  EXPECT_EQ(pages_after({.previous = 10, .pages = 8, .hits = 60}, 50), kMost);
}

TEST(Readahead, WithoutHitsTheWindowIsHalvedAndNoLess) {
  EXPECT_EQ(pages_after({.previous = 10, .pages = 8}, 50), 4U);
  EXPECT_EQ(pages_after({.previous = 10, .pages = 4}, 50), 2U);
  EXPECT_EQ(pages_after({.previous = 10, .pages = 2}, 50), 1U);
}

TEST(Readahead, AWindowIsNoGreaterThanItMay) {
  EXPECT_EQ(next_readahead({.previous = 1, .pages = 32, .hits = 30}, 2, 2), 2U);
  EXPECT_EQ(next_readahead({.previous = 1, .pages = 32, .hits = 30}, 2, 1), 1U);
}

TEST(VmaWindow, TheFirstFaultReadsAroundItself) {
  VmaWindow window;
  VmaWindow::Around around = window.next(100, kMost);
  EXPECT_EQ(around.pages, 8U);
  EXPECT_EQ(around.before, 3U);
}

TEST(VmaWindow, FaultsUpwardsReadUpwardsAndDownwardsDownwards) {
  VmaWindow window;
  (void)window.next(100, kMost);
  EXPECT_EQ(window.next(101, kMost).before, 0U);
  VmaWindow::Around down = window.next(100, kMost);
  EXPECT_EQ(down.before, down.pages - 1);
}

TEST(VmaWindow, NothingIsBeforePageZero) {
  VmaWindow window;
  EXPECT_EQ(window.next(2, kMost).before, 2U);
}

TEST(VmaWindow, UnusedWindowsShrinkToOnePageAndHitsBringThemBack) {
  VmaWindow window;
  for (uint64_t page = 0; page < 10'000; page += 1'000) (void)window.next(page, kMost);
  EXPECT_EQ(window.next(50'000, kMost).pages, 1U);
  for (int i = 0; i < 100; ++i) window.note_hit(50'001);
  EXPECT_EQ(window.next(50'100, kMost).pages, kMost);
}

TEST(SwapReadahead, AWindowOfSlotsGrowsWhileItIsHit) {
  SwapReadahead readahead({.page_cluster = 3});
  for (uint32_t slot = 0; slot < 10'000; slot += 1'000) (void)readahead.next(SwapOffset(slot));
  EXPECT_EQ(readahead.next(SwapOffset(50'000)), 1U);
  readahead.note_hit();
  EXPECT_EQ(readahead.next(SwapOffset(60'000)), 4U);
  EXPECT_EQ(readahead.pages_hit(), PageCount(1));
}

}  // namespace
}  // namespace quire::swap
