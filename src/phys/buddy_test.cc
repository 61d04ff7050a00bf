#include "phys/buddy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace quire::phys {
namespace {
using base::Order;
using base::PageCount;

uint32_t checked(const Buddy& buddy) {
  sync::CheckReport report;
  uint32_t free = buddy.check(report);
  EXPECT_TRUE(report.ok()) << report.message();
  return free;
}

TEST(Buddy, SplitsAndMerges) {
  Buddy buddy(PageCount(16));
  buddy.add(0, Order(4));
  EXPECT_EQ(checked(buddy), 16U);
  uint32_t a = buddy.take(Order(0));
  uint32_t b = buddy.take(Order(0));
  uint32_t c = buddy.take(Order(3));
  EXPECT_EQ(a ^ b, 1U);
  EXPECT_EQ(c % 8, 0U);
  EXPECT_EQ(buddy.take(Order(3)), Buddy::kNone);
  EXPECT_EQ(checked(buddy), 6U);
  buddy.add(c, Order(3));
  buddy.add(a, Order(0));
  buddy.add(b, Order(0));
  EXPECT_EQ(checked(buddy), 16U);
  EXPECT_EQ(buddy.take(Order(4)), 0U) << "everything merged into one block";
}

TEST(Buddy, OddSizesHaveNoBuddyBeyondTheEnd) {
  Buddy buddy(PageCount(13));
  for (uint32_t f = 0; f < 13; ++f) buddy.add(f, Order(0));
  EXPECT_EQ(checked(buddy), 13U);
  EXPECT_EQ(buddy.take(Order(3)), 0U);
  EXPECT_EQ(buddy.take(Order(2)), 8U);
  EXPECT_EQ(buddy.take(Order(0)), 12U);
  EXPECT_EQ(buddy.take(Order(0)), Buddy::kNone);
}

TEST(Buddy, RandomTakesNeverOverlap) {
  constexpr uint32_t kFrames = 1000;
  Buddy buddy(PageCount{kFrames});
  for (uint32_t f = 0; f < kFrames; ++f) buddy.add(f, Order(0));
  std::mt19937 random(1);
  std::vector<std::pair<uint32_t, unsigned>> held;
  std::vector<bool> taken(kFrames);
  uint32_t free = kFrames;
  for (int i = 0; i < 20000; ++i) {
    if (held.empty() || random() % 2 == 0) {
      unsigned order = random() % 5;
      uint32_t first = buddy.take(Order(order));
      if (first == Buddy::kNone) continue;
      for (uint32_t f = first; f < first + (1U << order); ++f) {
        ASSERT_FALSE(taken[f]);
        taken[f] = true;
      }
      held.emplace_back(first, order);
      free -= 1U << order;
    } else {
      std::swap(held[random() % held.size()], held.back());
      auto [first, order] = held.back();
      held.pop_back();
      for (uint32_t f = first; f < first + (1U << order); ++f) taken[f] = false;
      buddy.add(first, Order(order));
      free += 1U << order;
    }
    if (i % 100 == 0) {
      ASSERT_EQ(checked(buddy), free);
    }
  }
}

// Against a list of the free frames that is searched from its end.
TEST(Buddy, TakeLastTakesTheHighestFreeFrame) {
  for (uint32_t frames : {1U, 13U, 64U, 100U}) {
    Buddy buddy{PageCount(frames)};
    std::mt19937 random(frames);
    std::vector<bool> free(frames);
    auto last_free = [&] {
      for (uint32_t f = frames; f > 0; --f)
        if (free[f - 1]) return f - 1;
      return Buddy::kNone;
    };
    for (int i = 0; i < 5000; ++i) {
      uint32_t frame = static_cast<uint32_t>(random() % frames);
      switch (random() % 4) {
        case 0:
        case 1:
          if (free[frame]) break;
          buddy.add(frame, Order(0));
          free[frame] = true;
          break;
        case 2: {
          uint32_t last = last_free();
          bool behind = last != Buddy::kNone && last > frame;
          uint32_t taken = buddy.take_last(frame);
          ASSERT_EQ(taken, behind ? last : Buddy::kNone) << "after " << frame << " of " << frames;
          if (behind) free[taken] = false;
          break;
        }
        default: {
          unsigned order = random() % 3;
          uint32_t first = buddy.take(Order(order));
          for (uint32_t f = first; first != Buddy::kNone && f < first + (1U << order); ++f) {
            ASSERT_TRUE(free[f]);
            free[f] = false;
          }
        }
      }
      ASSERT_EQ(checked(buddy), std::count(free.begin(), free.end(), true));
    }
  }
}

TEST(Buddy, TakeLastLeavesTheRestOfTheBlockInOrder) {
  Buddy buddy(PageCount(16));
  buddy.add(0, Order(4));
  EXPECT_EQ(buddy.take_last(15), Buddy::kNone) << "nothing is behind the last";
  EXPECT_EQ(buddy.take_last(14), 15U);
  EXPECT_EQ(buddy.take_last(14), Buddy::kNone);
  EXPECT_EQ(checked(buddy), 15U);
  EXPECT_EQ(buddy.take(Order(3)), 0U) << "the lower half is still one block";
  buddy.add(15, Order(0));
  buddy.add(0, Order(3));
  EXPECT_EQ(buddy.take(Order(4)), 0U);
  EXPECT_EQ(buddy.take_last(0), Buddy::kNone) << "nothing is free";
}

}  // namespace
}  // namespace quire::phys
