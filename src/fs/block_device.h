// BlockDevice: blocks of a page, under a file system. Blocks are numbered from 0; nothing is cached here.
//
// RamDisk keeps them in memory. FileDisk keeps them in a file of the host, natively only. LoopDevice (fs/loop_device.h)
// keeps them in a file of this machine. Reads and writes of one block are kept apart by the callers' locks.
// A bad block is one that can be neither read nor written, which shows when somebody tries.
// Linux: drivers/block/brd.c, struct block_device
//
//   RamDisk disk("disk", PageCount(8), frames.payload_bytes());
//   Errno e = disk.write_block(BlockNr(3), frames.payload(pfn));
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/types.h"
#include "fs/file_store.h"
#include "sync/heap.h"

namespace quire::fs {

using base::Errno;
using base::PageCount;
using base::Result;

/// The number of a block of a device.
using BlockNr = base::Ordinal<struct BlockNrTag, uint64_t, PageCount>;

class BlockDevice {
 public:
  BlockDevice(std::string_view name, PageCount blocks) : name_(name), blocks_(blocks) {}
  BlockDevice(const BlockDevice&) = delete;
  BlockDevice& operator=(const BlockDevice&) = delete;

  [[nodiscard]] const sync::String& name() const { return name_; }
  [[nodiscard]] PageCount blocks() const { return blocks_; }
  /// Before anybody uses it.
  void add_bad_block(BlockNr block) { bad_.push_back(block); }

  /// The payload of one page. Sleep; ok, or -EIO.
  [[nodiscard]] Errno read_block(BlockNr block, std::span<std::byte> payload);
  [[nodiscard]] Errno write_block(BlockNr block, std::span<const std::byte> payload);
  /// Blocks that follow each other, in one request if the device has such; the pages that could not be read say so.
  void read_blocks(BlockNr first, std::span<PageRead> pages);
  /// What was written survives this machine, if anything does. Sleeps; -EIO. Linux: blkdev_issue_flush()
  [[nodiscard]] virtual Errno flush() { return Errno::ok; }
  /// The contents of a block where they can be looked at, else nullptr: at quiescent points.
  [[nodiscard]] virtual const std::byte* peek_block(BlockNr block) const = 0;
  [[nodiscard]] virtual bool can_peek_block(BlockNr /*block*/) const { return true; }

 protected:
  ~BlockDevice() = default;
  [[nodiscard]] virtual Errno read(BlockNr block, std::span<std::byte> payload) = 0;
  /// Usable ones that follow each other; false: one by one.
  [[nodiscard]] virtual bool read_run(BlockNr /*first*/, std::span<PageRead> /*pages*/) { return false; }
  [[nodiscard]] virtual Errno write(BlockNr block, std::span<const std::byte> payload) = 0;

 private:
  [[nodiscard]] bool usable(BlockNr block) const;

  const sync::String name_;
  const PageCount blocks_;
  sync::Vector<BlockNr> bad_;
};

class RamDisk final : public BlockDevice {
 public:
  RamDisk(std::string_view name, PageCount blocks, uint32_t payload_bytes);
  ~RamDisk();
  [[nodiscard]] const std::byte* peek_block(BlockNr block) const override { return place(block); }

 private:
  [[nodiscard]] std::byte* place(BlockNr block) const { return storage_ + block.value() * payload_bytes_; }
  Errno read(BlockNr block, std::span<std::byte> payload) override;
  Errno write(BlockNr block, std::span<const std::byte> payload) override;

  const uint32_t payload_bytes_;
  std::byte* storage_;
};

/// The file is made as large as the device; what it has is overwritten. An error of the host and a transfer that is too
/// short are both -EIO.
class FileDisk final : public BlockDevice {
 public:
  /// What open(2), ftruncate(2) or mmap(2) say.
  [[nodiscard]] static Result<sync::Box<FileDisk>> open(std::string_view name, std::string_view path, PageCount blocks,
                                                        uint32_t payload_bytes);
  /// Of an open file, which this owns from now on, and a view of all of it.
  struct Opened {
    int fd;
    const std::byte* view;
  };
  FileDisk(std::string_view name, Opened opened, PageCount blocks, uint32_t payload_bytes)
      : BlockDevice(name, blocks), opened_(opened), payload_bytes_(payload_bytes) {}
  ~FileDisk();
  [[nodiscard]] Errno flush() override;
  [[nodiscard]] const std::byte* peek_block(BlockNr block) const override {
    return opened_.view + block.value() * payload_bytes_;
  }

 private:
  Errno read(BlockNr block, std::span<std::byte> payload) override;
  bool read_run(BlockNr first, std::span<PageRead> pages) override;
  Errno write(BlockNr block, std::span<const std::byte> payload) override;

  const Opened opened_;
  const uint32_t payload_bytes_;
};

}  // namespace quire::fs
