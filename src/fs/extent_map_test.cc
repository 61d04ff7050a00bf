#include "fs/extent_map.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "fs/extent_store.h"

namespace quire::fs {
namespace {

constexpr FileIndex at(uint64_t n) { return FileIndex(n); }
constexpr Extent unwritten(uint64_t index, uint64_t block, uint64_t length) {
  return {at(index), BlockNr(block), PageCount(length), ExtentState::unwritten};
}
constexpr Extent written(uint64_t index, uint64_t block, uint64_t length) {
  return {at(index), BlockNr(block), PageCount(length), ExtentState::written};
}
std::vector<Extent> all(const ExtentMap& map) { return {map.extents().begin(), map.extents().end()}; }

TEST(ExtentMap, NeighboursAreOneIfTheyContinueEachOther) {
  ExtentMap map;
  map.insert(unwritten(0, 10, 2));
  map.insert(unwritten(3, 13, 1));
  map.insert(unwritten(2, 12, 1));
  EXPECT_EQ(all(map), (std::vector{unwritten(0, 10, 4)}));
  map.insert(unwritten(4, 20, 1));
  EXPECT_EQ(map.extents().size(), 2U);
  EXPECT_EQ(map.goal(at(9)), BlockNr(21));
  EXPECT_EQ(map.next_hole(at(1)), at(5));
}

TEST(ExtentMap, WritingAPageSplitsAndMerges) {
  ExtentMap map;
  map.insert(unwritten(0, 10, 3));
  map.set_written(at(1));
  EXPECT_EQ(all(map), (std::vector{unwritten(0, 10, 1), written(1, 11, 1), unwritten(2, 12, 1)}));
  map.set_written(at(2));
  map.set_written(at(0));
  map.set_written(at(0));
  EXPECT_EQ(all(map), (std::vector{written(0, 10, 3)}));
}

TEST(ExtentMap, APunchLeavesBothSides) {
  ExtentMap map;
  map.insert(written(0, 10, 5));
  std::vector<Range<BlockNr>> freed;
  map.remove({at(1), at(3)}, [&](Range<BlockNr> run) { freed.push_back(run); });
  EXPECT_EQ(all(map), (std::vector{written(0, 10, 1), written(3, 13, 2)}));
  ASSERT_EQ(freed.size(), 1U);
  EXPECT_EQ(freed[0], Range<BlockNr>(BlockNr(11), BlockNr(13)));
  EXPECT_EQ(map.blocks(), 3U);
}

struct ModelPage {
  uint64_t block;
  bool written;
};
using Model = std::map<uint64_t, ModelPage>;

void expect_equal(const ExtentMap& map, const Model& model, uint64_t pages) {
  sync::CheckReport report;
  map.check(report);
  ASSERT_TRUE(report.ok()) << report.message();
  ASSERT_EQ(map.blocks(), model.size());
  for (uint64_t i = 0; i < pages; ++i) {
    auto found = model.find(i);
    std::optional<BlockNr> block = map.find(at(i));
    ASSERT_EQ(block.has_value(), found != model.end()) << i;
    ASSERT_EQ(block.value_or(BlockNr(0)).value(), found == model.end() ? 0 : found->second.block) << i;
    ASSERT_EQ(map.written(at(i)), found != model.end() && found->second.written) << i;
  }
}

TEST(ExtentMap, DoesWhatAMapOfPagesDoes) {
  constexpr uint64_t kPages = 40;
  base::Random random(7);
  ExtentMap map;
  Model model;
  uint64_t next_block = 0;
  for (int step = 0; step < 20000; ++step) {
    uint64_t index = random.below(kPages);
    switch (random.below(3)) {
      case 0:
        if (model.count(index) != 0) break;
        next_block += random.below(2);
        map.insert(unwritten(index, next_block, 1));
        model[index] = {next_block++, false};
        break;
      case 1:
        if (model.count(index) == 0) break;
        map.set_written(at(index));
        model[index].written = true;
        break;
      default:
        uint64_t end = std::min(kPages, index + random.below(4));
        map.remove({at(index), at(end)}, [](Range<BlockNr>) {});
        for (uint64_t i = index; i < end; ++i) model.erase(i);
    }
    expect_equal(map, model, kPages);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(BlockBitmap, GivesWhatIsFreeFromTheGoalOn) {
  BlockBitmap bitmap(PageCount(70));
  EXPECT_EQ(bitmap.allocate(BlockNr(60), PageCount(20)), (Range<BlockNr>(BlockNr(60), BlockNr(70))));
  EXPECT_EQ(bitmap.allocate(BlockNr(60), PageCount(1)), (Range<BlockNr>(BlockNr(0), BlockNr(1))));
  bitmap.release({BlockNr(63), BlockNr(65)});
  EXPECT_EQ(bitmap.allocate(BlockNr(61), PageCount(9)), (Range<BlockNr>(BlockNr(63), BlockNr(65))));
  EXPECT_EQ(bitmap.free(), PageCount(59));
  EXPECT_EQ(bitmap.allocate(BlockNr(0), PageCount(100)), (Range<BlockNr>(BlockNr(1), BlockNr(60))));
  EXPECT_EQ(bitmap.allocate(BlockNr(0), PageCount(1)), std::nullopt);
}

constexpr uint32_t kStored = 8;
using Page = std::array<std::byte, kStored>;
Page page_of(uint64_t n) {
  Page page;
  page.fill(static_cast<std::byte>(n));
  return page;
}

// Two files on one device that is too small for both: what was written is read, and full is full.
TEST(ExtentStore, TwoFilesOnASmallDevice) {
  constexpr uint64_t kPages = 24;
  constexpr uint64_t kBlocks = 30;
  RamDisk disk("disk", PageCount(kBlocks), kStored);
  BlockVolume volume(disk, BlockAllocation::writeback);
  ExtentStore files[2] = {{"f", volume}, {"g", volume}};
  struct Place {
    bool block = false;
    uint64_t contents = 0;
  };
  Place model[2][kPages];
  base::Random random(3);
  uint64_t used = 0;
  int full = 0;
  for (int step = 0; step < 20000; ++step) {
    uint64_t file = random.below(2);
    uint64_t index = random.below(kPages);
    Place& place = model[file][index];
    uint64_t contents = 1 + random.below(255);
    if (uint64_t what = random.below(8); what < 5) {
      Errno error = what == 0 ? files[file].allocate(Range<FileIndex>::of(at(index), PageCount(1)))
                              : files[file].write_page(at(index), page_of(contents));
      bool room = place.block || used < kBlocks;
      ASSERT_EQ(error, room ? Errno::ok : Errno::enospc);
      full += room ? 0 : 1;
      if (room && !place.block) ++used;
      if (room) place = {true, what == 0 ? place.contents : contents};
    } else if (what == 5) {
      uint64_t end = std::min(kPages, index + random.below(6));
      files[file].discard({bytes_before(at(index)), bytes_before(at(end))});
      for (uint64_t i = index; i < end; ++i) {
        used -= model[file][i].block ? 1 : 0;
        model[file][i] = {};
      }
    } else {
      Page page;
      ASSERT_EQ(files[file].read_page(at(index), page), Errno::ok);
      ASSERT_EQ(page, page_of(place.contents)) << file << " " << index;
    }
    sync::CheckReport report;
    volume.begin_check();
    for (ExtentStore& each : files) each.check(report);
    volume.end_check(report);
    ASSERT_TRUE(report.ok()) << report.message();
    ASSERT_EQ(volume.bitmap.free().value(), kBlocks - used);
  }
  EXPECT_GT(full, 100);
}

TEST(ExtentStore, ABadBlockKeepsItsPageOut) {
  RamDisk disk("disk", PageCount(2), kStored);
  disk.add_bad_block(BlockNr(0));
  BlockVolume volume(disk, BlockAllocation::writeback);
  ExtentStore store("f", volume);
  EXPECT_EQ(store.write_page(at(0), page_of(1)), Errno::eio);
  EXPECT_EQ(store.write_page(at(1), page_of(2)), Errno::ok);
  Page page = page_of(9);
  EXPECT_EQ(store.read_page(at(0), page), Errno::ok);
  EXPECT_EQ(page, page_of(0));  // on a block, and never written
  EXPECT_EQ(store.stored(), 2U);
}

TEST(FileDisk, KeepsBlocksInAFile) {
  std::string path = testing::TempDir() + "quire_file_disk";
  {
    auto disk = FileDisk::open("disk", path, PageCount(4), kStored);
    ASSERT_TRUE(disk.ok());
    EXPECT_EQ((*disk)->write_block(BlockNr(3), page_of(5)), Errno::ok);
    EXPECT_EQ((*disk)->flush(), Errno::ok);
    EXPECT_EQ((*disk)->peek_block(BlockNr(3))[0], std::byte{5});
  }
  auto again = FileDisk::open("disk", path, PageCount(4), kStored);
  ASSERT_TRUE(again.ok());
  Page page;
  EXPECT_EQ((*again)->read_block(BlockNr(3), page), Errno::ok);
  EXPECT_EQ(page, page_of(5));
  EXPECT_EQ(FileDisk::open("disk", "/nowhere/at/all", PageCount(4), kStored).error(), Errno::enoent);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace quire::fs
