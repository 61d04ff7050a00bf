// BlockBitmap: which blocks of a device are in use.
//
// I1  free() is the number of blocks whose bit is clear
// Lock: block_group_lock, inside the i_lock of a file whose extents change with it. Linux: fs/ext4/mballoc.c
//
//   std::optional<Range<BlockNr>> run = bitmap.allocate(goal, PageCount(4));     // of 1 to 4 blocks
//   bitmap.release(*run);
#pragma once

#include <optional>

#include "fs/block_device.h"
#include "sync/check_report.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::fs {

class BlockBitmap {
 public:
  explicit BlockBitmap(PageCount blocks);

  /// The first free blocks that lie together, from `goal` on and then from the beginning; as many as there are, at most
  /// `wanted`, at least one; nothing if none is free. Linux: ext4_mb_new_blocks()
  [[nodiscard]] std::optional<base::Range<BlockNr>> allocate(BlockNr goal, PageCount wanted);
  /// They are in use. Linux: ext4_free_blocks()
  void release(base::Range<BlockNr> blocks);
  [[nodiscard]] PageCount blocks() const { return blocks_; }
  [[nodiscard]] PageCount free();

  [[nodiscard]] bool peek_used(BlockNr block) const QUIRE_NO_THREAD_SAFETY_ANALYSIS { return used(block); }
  [[nodiscard]] PageCount peek_free() const QUIRE_NO_THREAD_SAFETY_ANALYSIS { return PageCount(free_.peek()); }
  void check(sync::CheckReport& report) const;

 private:
  static constexpr uint64_t kBits = 64;
  [[nodiscard]] bool used(BlockNr block) const QUIRE_REQUIRES(lock_) {
    return (words_[block.value() / kBits] >> (block.value() % kBits) & 1) != 0;
  }
  void flip(BlockNr block) QUIRE_REQUIRES(lock_) {
    words_[block.value() / kBits] ^= uint64_t{1} << (block.value() % kBits);
  }
  [[nodiscard]] BlockNr first_free(BlockNr from) const QUIRE_REQUIRES(lock_);

  const PageCount blocks_;
  sync::SpinLock<sync::LockClass::block_group_lock> lock_;
  /// Every access to the bits announces this field.
  sync::Plain<uint64_t, "bg_free_blocks_count"> free_ QUIRE_GUARDED_BY(lock_);
  sync::Vector<uint64_t> words_ QUIRE_GUARDED_BY(lock_);
};

}  // namespace quire::fs
