// The inodes of a mounted tmpfs that have no pages: directories, symlinks, whiteouts.
//
// A directory keeps its names in order, and each has a cookie, which grows, so that a readdir() that goes on later
// meets each name once. A name holds one reference to its inode, and a directory one to its parent, also when it is
// dead. Locks: as directory.h says; parent_ also under s_vfs_rename_mutex. Linux: fs/libfs.c simple_*(), struct
// offset_ctx
#pragma once

#include "fs/directory.h"
#include "fs/tmpfs_node.h"

namespace quire::fs {

class TmpfsDirectory final : public TmpfsNamed<SpecialInode>, public Directory {
 public:
  /// `parent`: nullptr for the root, which is its own.
  TmpfsDirectory(TmpfsMount& mount, const Attributes& attributes, TmpfsDirectory* parent);

  // Directory
  [[nodiscard]] Directory* directory() override { return this; }
  [[nodiscard]] Inode& inode() override { return *this; }
  [[nodiscard]] Inode& parent() override {
    return parent_.get() == nullptr ? static_cast<Inode&>(*this) : *parent_.get();
  }
  [[nodiscard]] bool dead() override { return dead_; }
  [[nodiscard]] Result<InodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<InodeRef> create(std::string_view name, const NewInode& what) override;
  [[nodiscard]] Errno link(std::string_view name, Inode& inode) override;
  [[nodiscard]] Errno unlink(std::string_view name, Inode& victim) override;
  [[nodiscard]] Errno rmdir(std::string_view name, Inode& victim) override;
  [[nodiscard]] Errno rename(const Rename& rename) override;
  [[nodiscard]] Errno readdir(uint64_t cookie, DirectoryVisitor& visitor) override;

  [[nodiscard]] TmpfsDirectory* node_directory() override { return this; }
  /// At quiescent points: visit(name, Inode&).
  template <typename Visit>
  void peek_names(Visit visit) const {
    for (const auto& [name, entry] : names_) visit(std::string_view(name), *entry.inode);
  }
  /// Drops every name. Nobody else has the file system any more.
  void drop_names();

 private:
  struct Entry {
    Inode* inode;
    uint64_t cookie;
  };
  using Names = sync::Map<sync::String, Entry, std::less<>>;

  void evict() override;
  /// Takes over a reference.
  void add_name(std::string_view name, Inode& inode);
  /// The reference is the caller's.
  [[nodiscard]] InodeRef take_name(std::string_view name);
  void changed(int names);
  void adopt(TmpfsDirectory& child, TmpfsDirectory& from);
  void remove_replaced(std::string_view name, Inode& replaced);
  [[nodiscard]] Errno exchange(const Rename& rename, TmpfsDirectory& to);

  sync::Plain<TmpfsDirectory*, "dentry->d_parent"> parent_{nullptr};
  sync::Plain<bool, "S_DEAD"> dead_{false};
  /// Every access to the names announces this field.
  sync::Plain<uint64_t, "directory entries"> next_cookie_{kFirstCookie};
  Names names_;
  sync::Map<uint64_t, Names::iterator> by_cookie_;
  static constexpr uint64_t kFirstCookie = 3;  ///< behind "." and ".."
};

/// A symlink or a whiteout.
class TmpfsSpecial final : public TmpfsNamed<SpecialInode> {
 public:
  TmpfsSpecial(TmpfsMount& mount, const Attributes& attributes, std::string_view target);

  [[nodiscard]] Result<std::string_view> readlink() override;
  [[nodiscard]] uint64_t st_blocks() override;
  [[nodiscard]] int64_t peek_pages() const override { return pages_of(target_); }
  /// How many pages a target of that length takes. Linux: SHORT_SYMLINK_LEN
  [[nodiscard]] static int64_t pages_of(std::string_view target);

 private:
  void evict() override;
  const sync::String target_;
};

}  // namespace quire::fs
