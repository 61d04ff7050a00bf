#include "swap/slot_pool.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace quire::swap {
namespace {
using base::CpuId;
using base::Order;

void expect_sound(const SlotPool& pool) {
  sync::CheckReport report;
  pool.check(report);
  EXPECT_TRUE(report.ok()) << report.message();
}

TEST(SlotPool, CpusUseDifferentClusters) {
  SlotPool::Box owner = SlotPool::make({.slots = 9, .cluster_shift = 2, .cpus = 2});
  SlotPool& pool = *owner;
  pool.retire(0);
  auto a = pool.take(CpuId(0), Order(0));
  auto b = pool.take(CpuId(1), Order(0));
  auto c = pool.take(CpuId(0), Order(0));
  EXPECT_EQ(a, 1U);
  EXPECT_EQ(b, 4U);
  EXPECT_EQ(c, 2U);
  expect_sound(pool);
}

TEST(SlotPool, HandsOutEverySlotOnce) {
  SlotPool::Box owner = SlotPool::make({.slots = 9, .cluster_shift = 2, .cpus = 2});
  SlotPool& pool = *owner;
  pool.retire(0);
  std::vector<bool> taken(9);
  for (int i = 0; i < 8; ++i) {
    auto slot = pool.take(CpuId(0), Order(0));
    ASSERT_TRUE(slot);
    EXPECT_FALSE(taken[*slot]);
    taken[*slot] = true;
  }
  EXPECT_FALSE(pool.take(CpuId(0), Order(0)));
  EXPECT_FALSE(taken[0]) << "the header";
  pool.put(5, 1);
  EXPECT_EQ(pool.take(CpuId(1), Order(0)), 5U);
  expect_sound(pool);
}

TEST(SlotPool, LargeBlocksAreAlignedAndKeepTheirClusters) {
  SlotPool::Box owner = SlotPool::make({.slots = 16, .cluster_shift = 2, .cpus = 1});
  SlotPool& pool = *owner;
  pool.retire(0);
  auto large = pool.take(CpuId(0), Order(2));
  ASSERT_TRUE(large);
  EXPECT_EQ(*large % 4, 0U);
  EXPECT_NE(*large, 0U) << "the header is in that cluster";
  EXPECT_TRUE(pool.take(CpuId(0), Order(1)));
  EXPECT_TRUE(pool.take(CpuId(0), Order(0)));
  expect_sound(pool);
  EXPECT_FALSE(pool.take(CpuId(0), Order(3))) << "more than a cluster";
}

TEST(SlotPool, RandomTakesNeverOverlap) {
  constexpr uint32_t kSlots = 4096 + 100;
  SlotPool::Box owner = SlotPool::make({.slots = kSlots, .cluster_shift = 9, .cpus = 4});
  SlotPool& pool = *owner;
  pool.retire(0);
  std::mt19937 random(1);
  std::vector<bool> taken(kSlots);
  std::vector<std::pair<uint32_t, unsigned>> held;
  for (int i = 0; i < 100000; ++i) {
    if (held.empty() || random() % 9 < 5) {
      unsigned order = random() % 4 == 0 ? random() % 10 : 0;
      auto first = pool.take(CpuId(random() % 4), Order(order));
      if (!first) continue;
      ASSERT_EQ(*first % (1U << order), 0U);
      for (uint32_t s = *first; s < *first + (1U << order); ++s) {
        ASSERT_FALSE(taken[s]);
        taken[s] = true;
      }
      held.emplace_back(*first, order);
    } else {
      std::swap(held[random() % held.size()], held.back());
      auto [first, order] = held.back();
      held.pop_back();
      for (uint32_t s = first; s < first + (1U << order); ++s) taken[s] = false;
      pool.put(first, 1U << order);
    }
    if (i % 1000 == 0) expect_sound(pool);
  }
  for (auto [first, order] : held) pool.put(first, 1U << order);
  EXPECT_EQ(pool.peek_free(), kSlots - 1);
  expect_sound(pool);
}

}  // namespace
}  // namespace quire::swap
