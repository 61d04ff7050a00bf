#include "explore/arena.h"

#include <gtest/gtest.h>

namespace quire::explore {
namespace {

TEST(Arena, RegionsAndStacksDoNotOverlap) {
  Arena arena;
  EXPECT_EQ(arena.region(Arena::kMain) + Arena::kMainBytes, arena.region(0));
  for (unsigned i = 0; i + 1 < kTasksMax; ++i) EXPECT_EQ(arena.region(i) + Arena::kTaskBytes, arena.region(i + 1));
  EXPECT_EQ(arena.offset(arena.region(kTasksMax - 1)) + Arena::kTaskBytes, Arena::kHeapBytes);
  for (unsigned i = 0; i <= kTasksMax; ++i) {
    Stack stack = arena.stack(i);
    EXPECT_TRUE(arena.contains(stack.low) && arena.contains(stack.top() - 1));
    EXPECT_FALSE(arena.on_heap(stack.low));
    EXPECT_TRUE(arena.in_guard(stack.low - 1));
    EXPECT_FALSE(arena.in_guard(stack.low));
    EXPECT_FALSE(arena.in_guard(stack.top() - 1));
  }
}

TEST(Arena, KnowsWhatIsAliveByEightBytes) {
  Arena arena;
  std::byte* p = arena.region(3) + 64;
  EXPECT_FALSE(arena.alive(p));
  arena.set_alive(p, 12, 1);
  EXPECT_TRUE(arena.alive(p) && arena.alive(p + 15));
  EXPECT_FALSE(arena.alive(p - 1) || arena.alive(p + 16));
  arena.set_alive(p + 8, 1, 0);
  EXPECT_TRUE(arena.alive(p));
  EXPECT_FALSE(arena.alive(p + 8));
}

TEST(Arena, WhatIsNotOnItsHeapIsAlwaysAlive) {
  Arena arena;
  int elsewhere = 0;
  EXPECT_TRUE(arena.alive(&elsewhere));
  EXPECT_TRUE(arena.alive(arena.stack(0).low));
  EXPECT_FALSE(arena.contains(&elsewhere));
}

TEST(Arena, TwoLiveSideBySide) {
  Arena first;
  Arena second;
  *first.region(0) = std::byte{1};
  *second.region(0) = std::byte{2};
  EXPECT_EQ(*first.region(0), std::byte{1});
  EXPECT_FALSE(first.contains(second.region(0)));
}

}  // namespace
}  // namespace quire::explore
