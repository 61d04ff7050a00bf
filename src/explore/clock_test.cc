#include "explore/clock.h"

#include <gtest/gtest.h>

namespace quire::explore {
namespace {

Clock clock_of(std::initializer_list<uint16_t> lanes) {
  Clock clock;
  unsigned task = 0;
  for (uint16_t lane : lanes) clock.set(task++, lane);
  return clock;
}

TEST(Clock, JoinsLaneByLane) {
  Clock clock = clock_of({1, 5, 0, 65'000});
  clock.join(clock_of({2, 3, 0, 1, 7}));
  uint16_t expected[kTasksMax] = {2, 5, 0, 65'000, 7};
  for (unsigned t = 0; t < kTasksMax; ++t) EXPECT_EQ(clock[t], expected[t]);
}

TEST(Clock, ReachesIfAnyLaneDoes) {
  EXPECT_TRUE(clock_of({0, 3}).reaches(clock_of({1, 3, 1, 1, 1, 1, 1, 1})));
  EXPECT_FALSE(clock_of({0, 2}).reaches(clock_of({1, 3, 1, 1, 1, 1, 1, 1})));
  EXPECT_TRUE(clock_of({0, 0, 0, 0, 0, 0, 0, 40'000}).reaches(clock_of({9, 9, 9, 9, 9, 9, 9, 39'999})));
}

TEST(Clock, MasksNameTheLowestTask) {
  EXPECT_EQ(lowest(bit(5)), 5U);
  EXPECT_EQ(lowest(static_cast<TaskMask>(bit(7) | bit(2))), 2U);
}

}  // namespace
}  // namespace quire::explore
