// SuperBlock: one mounted file system: its root directory, what statfs() says, what is stamped on its inodes.
//
// A file system is mounted once and for the whole life of the machine, on a name of the root directory (namei.h); so a
// mount and its super block are the same thing here.
// Locks: s_vfs_rename_mutex, outside every i_rwsem: held while a rename has two parents, so that no directory changes
// its parent meanwhile. Linux: include/linux/fs.h struct super_block
#pragma once

#include "base/clock.h"
#include "base/types.h"
#include "sync/lock.h"

namespace quire::fs {

class Inode;

/// Linux: struct kstatfs
struct Statfs {
  uint64_t bsize = base::kPageSize;
  uint64_t blocks = 0;
  uint64_t bfree = 0;
  uint64_t files = 0;
  uint64_t ffree = 0;
  uint64_t namelen = 255;
};

enum class ReadOnly : uint8_t { no, yes };

class SuperBlock {
 public:
  explicit SuperBlock(base::Clock clock, ReadOnly read_only = ReadOnly::no) : clock_(clock), read_only_(read_only) {}
  SuperBlock(const SuperBlock&) = delete;
  SuperBlock& operator=(const SuperBlock&) = delete;

  /// A directory; lives as long as this.
  [[nodiscard]] virtual Inode& root() = 0;
  [[nodiscard]] virtual Statfs statfs() = 0;
  [[nodiscard]] bool read_only() const { return read_only_ == ReadOnly::yes; }
  [[nodiscard]] base::Timestamp now() const { return clock_.now(); }

  sync::Mutex<sync::LockClass::s_vfs_rename_mutex> s_vfs_rename_mutex;

 protected:
  ~SuperBlock() = default;

 private:
  const base::Clock clock_;
  const ReadOnly read_only_;
};

}  // namespace quire::fs
