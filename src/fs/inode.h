// Inode: what a machine and its processes need of any file, whatever file system it is of.
//
// One reference per descriptor, per mapping, per system call in flight, and one per name. The last put() evicts it.
// Locks: i_rwsem (writers of size and layout), from outside mmap_lock and the folio lock; i_size is read without it.
// Linux: include/linux/fs.h struct inode
//
//   Inode& file = tmpfs.create_inode();
//   file.ftruncate(4096);
//   file.put();
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "cache/mapping.h"
#include "fs/byte_range.h"
#include "rmap/mapped_range.h"
#include "sync/check_report.h"

namespace quire::fs {

using base::Errno;
using base::PageCount;
using base::Result;
using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using cache::Mapping;

enum class PunchMode : uint8_t { allocate, allocate_keep_size, punch_hole };

class Inode : public rmap::FileBacking {
 public:
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;

  void get() final { references_.add(1); }
  void put() final {
    int32_t before = references_.fetch_sub(1);
    QUIRE_ASSERT(before > 0, "an inode reference was dropped twice");
    if (before == 1) evict();
  }

  [[nodiscard]] Errno punch_hole(uint64_t offset, uint64_t bytes) final {
    return fallocate(PunchMode::punch_hole, offset, bytes);
  }

  /// Bytes.
  [[nodiscard]] uint64_t size() const { return size_.load(); }
  /// In units of 512 bytes. Linux: generic_fillattr()
  [[nodiscard]] virtual uint64_t st_blocks() = 0;
  /// -EFBIG, -EIO. Linux: fs/open.c do_truncate()
  [[nodiscard]] virtual Errno ftruncate(uint64_t bytes) = 0;
  /// -EINVAL for an empty range; -EFBIG, -ENOMEM, -EOPNOTSUPP. Linux: fs/open.c vfs_fallocate()
  [[nodiscard]] virtual Errno fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) = 0;
  /// Bytes read; short at the end of the file. -EIO if the first page cannot be read. Linux: f_op->read_iter
  [[nodiscard]] virtual Result<uint64_t> pread(std::span<std::byte> to, uint64_t offset) = 0;
  /// Bytes written. Linux: f_op->write_iter
  [[nodiscard]] virtual Result<uint64_t> pwrite(std::span<const std::byte> from, uint64_t offset) = 0;
  /// What was written, also through mappings, is in the store; -EIO once for each failure to write. Linux: f_op->fsync
  [[nodiscard]] virtual Errno fsync() = 0;
  /// Whether it may be mapped MAP_SHARED only.
  [[nodiscard]] virtual bool shared_only() const { return false; }

  [[nodiscard]] uint64_t peek_size() const { return size_.peek(); }
  [[nodiscard]] int peek_references() const { return references_.peek(); }
  virtual void check(sync::CheckReport& report) const = 0;

 protected:
  Inode(cache::MappingOps& ops, unsigned index_bits) : FileBacking(mapping_), mapping_(ops, this, index_bits) {}
  ~Inode() = default;
  /// The last reference is gone: frees the inode. Sleeps. Linux: fs/inode.c evict()
  virtual void evict() = 0;

  cache::Mapping mapping_;
  sync::RwSemaphore<sync::LockClass::i_rwsem> i_rwsem_;
  sync::Atomic<uint64_t, "inode->i_size"> size_{0};

 private:
  sync::Atomic<int32_t, "inode->i_count"> references_{1};
};

/// The inode that a mapping of this room belongs to.
[[nodiscard]] inline Inode& host_of(const Mapping& mapping) { return *static_cast<Inode*>(mapping.host()); }

}  // namespace quire::fs
