// ExtentStore: a FileStore on a device, in extents.
//
// When a page gets its block is the volume's choice (BlockAllocation):
//   write      before a program's write() is done, or a shared mapping of the page becomes writable: -ENOSPC is that
//              call's, or the SIGBUS of the store
//   writeback  when the page is written out (delayed allocation, without reservations): -ENOSPC is an error of
//              writeback, and fsync's.
// A block that was allocated and not written has what another file left there; its extent is unwritten, so that it
// reads as zeros.
//
// I1  every page is on one block at most, and no block has two pages: see BlockVolume::check()
// Locks: i_lock for the extents, block_group_lock inside it; the device is read and written with neither.
// Linux: fs/ext4/inode.c ext4_map_blocks()
//
//   BlockVolume volume(device, BlockAllocation::writeback);
//   ExtentStore store("f", volume);
#pragma once

#include <algorithm>

#include "fs/block_bitmap.h"
#include "fs/extent_map.h"
#include "fs/file_store.h"
#include "sync/lock.h"

namespace quire::fs {

enum class BlockAllocation : uint8_t { write, writeback };

/// A device, and which of its blocks are free: what the files of one file system share.
class BlockVolume {
 public:
  BlockVolume(BlockDevice& on, BlockAllocation when)
      : device(on), allocation(when), bitmap(on.blocks()), seen_(on.blocks().value()) {}

  /// At quiescent points: begin_check(), ExtentStore::check() of every file, end_check(). Every block in use has one
  /// page, and every page's block is in use.
  void begin_check() { std::fill(seen_.begin(), seen_.end(), Seen::no); }
  void check_in_use(Range<BlockNr> blocks, std::string_view file, sync::CheckReport& report);
  void end_check(sync::CheckReport& report) const;

  BlockDevice& device;
  const BlockAllocation allocation;
  BlockBitmap bitmap;

 private:
  enum class Seen : uint8_t { no, yes };
  /// For check(), so that it allocates nothing.
  sync::Vector<Seen> seen_;
};

class ExtentStore final : public FileStore {
 public:
  ExtentStore(std::string_view name, BlockVolume& volume) : FileStore(name), volume_(volume) {}
  ~ExtentStore() { discard({0}); }

  [[nodiscard]] Errno read_page(FileIndex index, std::span<std::byte> payload) override;
  void read_pages(FileIndex first, std::span<PageRead> pages) override;
  [[nodiscard]] Errno write_page(FileIndex index, std::span<const std::byte> payload) override;
  [[nodiscard]] Errno allocate(Range<FileIndex> range) override;
  [[nodiscard]] bool allocates_at_write() const override { return volume_.allocation == BlockAllocation::write; }
  void discard(ByteRange bytes) override;
  [[nodiscard]] bool zeroes_parts() const override { return false; }
  [[nodiscard]] bool has_page(FileIndex index) override;
  [[nodiscard]] uint64_t stored() override;
  [[nodiscard]] const std::byte* peek_page(FileIndex index) const override;
  [[nodiscard]] bool can_peek_page(FileIndex index) const override;
  void check(sync::CheckReport& report) const override;

  [[nodiscard]] std::span<const Extent> peek_extents() const QUIRE_NO_THREAD_SAFETY_ANALYSIS { return map_.extents(); }

 private:
  [[nodiscard]] std::size_t run_at(FileIndex index, std::size_t most, std::optional<BlockNr>& block);
  [[nodiscard]] bool extend_locked(FileIndex index, PageCount wanted) QUIRE_REQUIRES(lock_);
  void note_access() QUIRE_REQUIRES(lock_) { (void)announced_.get(); }
  void note_change() QUIRE_REQUIRES(lock_) { announced_ = map_.blocks(); }

  BlockVolume& volume_;
  sync::SpinLock<sync::LockClass::i_lock> lock_;
  ExtentMap map_ QUIRE_GUARDED_BY(lock_);
  /// Every access to the extents announces this field.
  sync::Plain<uint64_t, "inode->i_blocks"> announced_ QUIRE_GUARDED_BY(lock_){0};
};

}  // namespace quire::fs
