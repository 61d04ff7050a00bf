#include "explore/objects.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace quire::explore {
namespace {

constexpr std::size_t kBytes = 1 << 16;

TEST(Objects, IdentityIsTheAddressByOrderOfFirstTouch) {
  Objects objects(kBytes);
  EXPECT_EQ(objects.known_at(64), kNoObject);
  ObjectIndex first = objects.index_at(64);
  ObjectIndex second = objects.index_at(8);
  EXPECT_EQ(first, kFirstRealObject);
  EXPECT_EQ(second, first + 1);
  EXPECT_EQ(objects.index_at(64), first);
  EXPECT_EQ(objects.known_at(8), second);
  EXPECT_EQ(objects.count(), 2U);
}

TEST(Objects, AnExtentCoversItsMemory) {
  Objects objects(kBytes);
  EXPECT_EQ(objects.extent_at(128), kNoObject);
  ObjectIndex extent = objects.make_extent(128, 20);
  EXPECT_EQ(objects.extent_at(128), extent);
  EXPECT_EQ(objects.extent_at(147), extent);
  EXPECT_EQ(objects.extent_at(152), kNoObject);
  EXPECT_EQ(objects.make_extent(128, 20), extent);
}

TEST(Objects, UndoTakesBackEveryKindOfChange) {
  Objects objects(kBytes);
  ObjectIndex o = objects.index_at(16);
  Clock clock;
  clock.set(2, 9);
  objects.set_last(o, Column::write, 1, 5);
  uint32_t mark = objects.log_size();
  objects.set_last(o, Column::write, 1, 6);
  objects.set_released(o, clock);
  objects.set_released_shared(o, clock);
  objects.set_plain_write(objects.plain_at(24), 3, 7);
  objects.set_plain_read(objects.plain_at(24), 2, 8);
  objects.log_alive(40, 12, 0);
  unsigned restored = 0;
  objects.undo_to(mark, [&](std::size_t offset, std::size_t bytes, uint16_t alive) {
    ++restored;
    EXPECT_EQ(offset, 40U);
    EXPECT_EQ(bytes, 12U);
    EXPECT_EQ(alive, 1U);
  });
  EXPECT_EQ(restored, 1U);
  EXPECT_EQ(objects.log_size(), mark);
  EXPECT_EQ(objects.at(o).last[static_cast<unsigned>(Column::write)][1], 5U);
  EXPECT_EQ(objects.at(o).released[2], 0U);
  EXPECT_EQ(objects.at(o).released_shared[2], 0U);
  EXPECT_EQ(objects.plain_at(24).write_epoch, 0U);
  EXPECT_EQ(objects.plain_at(24).read_epochs[2], 0U);
}

// Random changes with marks, taken back in random jumps: what is read must be what was there at the mark.
TEST(Objects, UndoToAnyMark) {
  Objects objects(kBytes);
  base::Random random(1);
  constexpr unsigned kObjects = 4;
  struct Mark {
    uint32_t at;
    std::array<Clock, kObjects> writes;
  };
  std::vector<Mark> marks;
  auto snapshot = [&] {
    Mark mark{objects.log_size(), {}};
    for (unsigned i = 0; i < kObjects; ++i)
      mark.writes[i] = objects.at(objects.index_at(8 * i)).last[static_cast<unsigned>(Column::write)];
    return mark;
  };
  for (unsigned round = 0; round < 20'000; ++round) {
    if (marks.empty() || random.below(4) != 0) {
      marks.push_back(snapshot());
      ObjectIndex o = objects.index_at(8 * random.below(kObjects));
      objects.set_last(o, Column::write, static_cast<unsigned>(random.below(kTasksMax)),
                       static_cast<uint16_t>(random.below(1000)));
    } else {
      marks.resize(random.below(marks.size()) + 1);
      objects.undo_to(marks.back().at, [](std::size_t, std::size_t, uint16_t) {});
      Mark now = snapshot();
      for (unsigned i = 0; i < kObjects; ++i)
        for (unsigned t = 0; t < kTasksMax; ++t) ASSERT_EQ(now.writes[i][t], marks.back().writes[i][t]);
      marks.pop_back();
    }
  }
}

}  // namespace
}  // namespace quire::explore
