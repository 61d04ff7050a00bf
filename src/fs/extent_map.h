// ExtentMap: which blocks of a device the pages of a file are on. A pure data structure; the caller has the lock.
//
// An extent is a run of pages on a run of blocks, written or not: what is not written yet reads as zeros.
// I1  extents are in the order of their indexes and do not overlap
// I2  two that continue each other in index, block and state are one
// I3  blocks() is the sum of their lengths
// Linux: fs/ext4/extents.c
//
//   map.insert({FileIndex(0), BlockNr(7), PageCount(2), ExtentState::unwritten});
//   map.set_written(FileIndex(1));                       // now two extents
//   map.remove(range, [&](Range<BlockNr> freed) { ... });
#pragma once

#include <optional>

#include "fs/block_device.h"
#include "fs/byte_range.h"
#include "sync/check_report.h"

namespace quire::fs {

enum class ExtentState : uint8_t { unwritten, written };

struct Extent {
  FileIndex index;
  BlockNr block;
  PageCount length;
  ExtentState state;
  [[nodiscard]] Range<FileIndex> pages() const { return Range<FileIndex>::of(index, length); }
  [[nodiscard]] Range<BlockNr> on() const { return Range<BlockNr>::of(block, length); }
  bool operator==(const Extent&) const = default;
};

class ExtentMap {
 public:
  /// Where the page at `index` is, or nothing for a hole.
  [[nodiscard]] std::optional<BlockNr> find(FileIndex index) const;
  /// Whether it is on a block that has its contents.
  [[nodiscard]] bool written(FileIndex index) const;
  /// The first page at `index` or after it that is on no block.
  [[nodiscard]] FileIndex next_hole(FileIndex index) const;
  /// The first page at `index` or after it that is on a block.
  [[nodiscard]] std::optional<FileIndex> next_extent(FileIndex index) const;
  /// The block that would continue what is before `index`: where to look for room.
  [[nodiscard]] BlockNr goal(FileIndex index) const;
  /// Its pages are holes.
  void insert(const Extent& extent);
  /// The page at `index` is on a block.
  void set_written(FileIndex index);
  /// The pages of `range` become holes; freed(Range<BlockNr>) is called for what they were on.
  template <typename Freed>
  void remove(Range<FileIndex> range, Freed freed) {
    while (std::optional<Extent> gone = remove_first(range)) freed(gone->on());
  }

  [[nodiscard]] uint64_t blocks() const { return blocks_; }
  [[nodiscard]] std::span<const Extent> extents() const { return extents_; }
  void check(sync::CheckReport& report) const;

 private:
  /// The first extent that ends after `index`.
  [[nodiscard]] std::size_t place(FileIndex index) const;
  /// What the first extent has of `range` is taken out.
  [[nodiscard]] std::optional<Extent> remove_first(Range<FileIndex> range);
  void put(std::size_t at, const Extent& extent);
  void merge_with_next(std::size_t at);

  sync::Vector<Extent> extents_;
  uint64_t blocks_ = 0;
};

}  // namespace quire::fs
