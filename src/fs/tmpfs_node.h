// TmpfsNode: what a file, a directory, a symlink and a whiteout of a mounted tmpfs have in common: a place in the list
// of its mount, and extended attributes that count against the space for inodes.
//
// Locks: the list's links under TmpfsMount's inodes_lock; attributes under the inode's i_rwsem.
// Linux: mm/shmem.c struct shmem_inode_info
#pragma once

#include "fs/tmpfs_mount.h"
#include "fs/xattrs.h"

namespace quire::fs {

class TmpfsNode {
 public:
  TmpfsNode(TmpfsMount* mount, Inode& inode);
  TmpfsNode(const TmpfsNode&) = delete;
  TmpfsNode& operator=(const TmpfsNode&) = delete;

  /// nullptr: of a file that is in no mount.
  [[nodiscard]] TmpfsMount* mount() const { return mount_; }
  [[nodiscard]] Inode& node_inode() const { return inode_; }
  [[nodiscard]] virtual TmpfsDirectory* node_directory() { return nullptr; }
  /// Pages that count and are in no index.
  [[nodiscard]] virtual int64_t peek_pages() const { return 0; }

 protected:
  /// The inode goes: gives back what it had of the mount's space.
  ~TmpfsNode();
  /// -ENOSPC. Linux: mm/shmem.c shmem_xattr_handler_set()
  [[nodiscard]] Errno set_xattr(std::string_view name, std::span<const std::byte> value, XattrSet how);
  [[nodiscard]] Errno remove_xattr(std::string_view name);
  /// ctime is now.
  virtual void stamp_ctime() = 0;

  Xattrs xattrs_;

 private:
  friend class TmpfsMount;
  TmpfsMount* const mount_;
  Inode& inode_;
  TmpfsNode* next_ = nullptr;
  TmpfsNode* previous_ = nullptr;
  mutable uint32_t names_ = 0;  ///< for TmpfsMount::check(): how many were met
};

/// The same, as the base of each kind of inode.
template <typename Base>
class TmpfsNamed : public Base, public TmpfsNode {
 public:
  [[nodiscard]] Result<uint64_t> getxattr(std::string_view name, std::span<std::byte> value) override {
    Errno error = xattr_resolve_name(name);
    if (error != Errno::ok) return error;
    return xattrs_.get(name, value);
  }
  [[nodiscard]] Errno setxattr(std::string_view name, std::span<const std::byte> value, XattrSet how) override {
    return set_xattr(name, value, how);
  }
  [[nodiscard]] Errno removexattr(std::string_view name) override { return remove_xattr(name); }
  [[nodiscard]] Errno listxattr(XattrVisitor& visitor) override {
    xattrs_.list(visitor);
    return Errno::ok;
  }

 protected:
  /// `args` are the base's.
  template <typename... Args>
  explicit TmpfsNamed(TmpfsMount* mount, Args&&... args)
      : Base(std::forward<Args>(args)...), TmpfsNode(mount, static_cast<Inode&>(*this)) {}
  ~TmpfsNamed() = default;

  void stamp_ctime() override {
    Timestamp now = mount()->now();
    Inode::change_attributes([&](Attributes& a) { a.ctime = now; });
  }
};

}  // namespace quire::fs
