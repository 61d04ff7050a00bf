// TmpfsMount: one mounted tmpfs: its limits, and the inodes that are in it.
//
// The pages of all mounts, and of files that are in none (memfd), are one TmpFs's: mounts share what swapoff visits.
// I1  used pages = what alloced of its files adds up to, and the pages of long symlinks, where pages are limited
// I2  free inode space + 1024 for each inode (and for each name but the first of one) + the space of extended
//     attributes = 1024 times nr_inodes, where inodes are limited
// I3  nlink of each inode agrees with the names that lead to it (directory.h I2)
// Locks: stat_lock for the limits, inside everything; inodes_lock for the list. Linux: mm/shmem.c struct
// shmem_sb_info
//
//   TmpfsMount mount(tmpfs, clock, {.size = PageCount(16), .nr_inodes = 8});
//   root.mount("tmp", mount);
#pragma once

#include "fs/special_inode.h"
#include "fs/super_block.h"

namespace quire::fs {

class TmpFs;
class TmpfsNode;
class TmpfsDirectory;

struct TmpfsOptions {
  PageCount size{0};       ///< 0: as many as there are
  uint64_t nr_inodes = 0;  ///< 0: as many as you like
  uint32_t mode = 01777;   ///< of the root
};

class TmpfsMount final : public SuperBlock {
 public:
  TmpfsMount(TmpFs& pages, base::Clock clock, const TmpfsOptions& options);
  /// Nobody has a file of it open, or maps one: those that still have names go now.
  ~TmpfsMount();

  [[nodiscard]] Inode& root() override;
  /// Linux: shmem_statfs()
  [[nodiscard]] Statfs statfs() override;

  /// Pages of a file, before they are there; false: no room. Linux: shmem_inode_acct_blocks()
  [[nodiscard]] bool acct_blocks(int64_t pages);
  void unacct_blocks(int64_t pages);
  /// False: no room. Linux: shmem_reserve_inode()
  [[nodiscard]] bool reserve_inode() { return take_space(kInodeSpace); }
  void free_inode() { give_space(kInodeSpace); }
  /// For extended attributes: bytes.
  [[nodiscard]] bool take_space(int64_t bytes);
  void give_space(int64_t bytes);
  [[nodiscard]] uint64_t next_ino() { return last_ino_.fetch_add(1, sync::Order::relaxed) + 1; }
  [[nodiscard]] uint64_t limit_pages() const { return options_.size.value(); }

  /// An inode of any kind, with one reference and no name. -ENOSPC. Linux: shmem_get_inode()
  [[nodiscard]] Result<InodeRef> make_inode(const NewInode& what, TmpfsDirectory* parent);
  [[nodiscard]] NoPages& no_pages() { return no_pages_; }
  void add(TmpfsNode& node);
  void remove(TmpfsNode& node);
  /// I1 to I3.
  void check(sync::CheckReport& report) const;

  static constexpr int64_t kInodeSpace = 1024;

 private:
  [[nodiscard]] int64_t check_names(sync::CheckReport& report) const;
  TmpFs& pages_;
  NoPages no_pages_;
  const TmpfsOptions options_;
  sync::SpinLock<sync::LockClass::stat_lock> stat_lock_;
  sync::Plain<int64_t, "sbinfo->used_blocks"> used_blocks_ QUIRE_GUARDED_BY(stat_lock_){0};
  sync::Plain<int64_t, "sbinfo->free_ispace"> free_ispace_ QUIRE_GUARDED_BY(stat_lock_);
  sync::Atomic<uint64_t, "sbinfo->next_ino"> last_ino_{0};
  sync::SpinLock<sync::LockClass::i_lock> inodes_lock_;
  sync::Plain<TmpfsNode*, "tmpfs s_inodes"> nodes_ QUIRE_GUARDED_BY(inodes_lock_){nullptr};
  TmpfsDirectory* root_;
};

}  // namespace quire::fs
