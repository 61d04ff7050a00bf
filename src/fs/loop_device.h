// LoopDevice: a block device in a file of this machine's tmpfs.
//
// While it is attached, the allocation mask of the file's mapping lacks IO and FS: who writes to the device may be
// reclaim, or a file system that is being written back by it. So nothing is reclaimed for a page of the file but what
// is clean; where there is nothing, the block cannot be read or written. The mask is as before when it is detached.
// The file is as long as the device from the beginning, so its i_rwsem is never needed; a block's page is locked while
// it is copied, inside whatever folio lock the caller has. Nobody else changes the file.
// Linux: drivers/block/loop.c loop_configure(), __loop_clr_fd()
//
//   LoopDevice loop("loop0", tmpfs.create_inode(), PageCount(8), frames);      // takes over the reference
#pragma once

#include "fs/block_device.h"
#include "fs/inode.h"

namespace quire::fs {

class LoopDevice final : public BlockDevice {
 public:
  /// -EFBIG and what ftruncate() says: the file could not be made long enough, and every block is bad.
  LoopDevice(std::string_view name, Inode& backing, PageCount blocks, phys::Frames& frames);
  ~LoopDevice();
  [[nodiscard]] const std::byte* peek_block(BlockNr block) const override;
  /// Not of a block that is in swap.
  [[nodiscard]] bool can_peek_block(BlockNr block) const override;
  /// Nobody wants what is on it any more: its pages and swap slots are free. Every block is bad from now on.
  void drop();
  [[nodiscard]] Errno flush() override { return backing_.fsync({FileIndex(0), kNoEnd}); }

 private:
  [[nodiscard]] Result<HeldFolio> page(BlockNr block);
  Errno read(BlockNr block, std::span<std::byte> payload) override;
  Errno write(BlockNr block, std::span<const std::byte> payload) override;

  Inode& backing_;
  phys::Frames& frames_;
  const Gfp old_gfp_mask_;
  Errno attached_;  ///< changes when nobody uses the device
};

}  // namespace quire::fs
