// UnionFs: a stacked file system: one writable upper layer over read-only lower ones, and a page cache of its own.
//
// A name is looked up from the top layer down. The first layer that has it decides; directories of one name are merged,
// down to the first that is opaque. A whiteout hides what is below it. Nothing is ever changed in a lower layer: what
// a program is about to change is copied up first, with its parents.
//
//   state of an inode: lower (no upper) -> upper: copy_up(), once
//   of a page of a file: hole of the cache -> U: fault, pread, pwrite (filled from the layer's file)      U -> hole:
//   reclaim when clean, truncation, hole punch, invalidation
// The layer's page l is at the same index of the real file's mapping, L. U is written by copying the whole of it to l.
//
// I1  a page U that is uptodate, clean and not mapped has what the real file has
// I2  a dirty page U is of an inode that has an upper
// I3  a real inode has one inode here, so that its pages are cached once, by whatever name it was found
// Locks: i_rwsem and folio lock of this file system, each before the same lock of a layer; never one of this after one
// of a layer. A layer's pages must be had with a folio lock held (tmpfs). Layers are changed by nobody else.
// Linux: unionfs 2.x for its pages; fs/overlayfs for names
//
//   UnionFs stacked(env, 6, clock, {&upper, {&lower}, 1}, {});
//   root_fs.mount("union", stacked);
#pragma once

#include <array>

#include "fs/directory.h"
#include "fs/inode.h"
#include "fs/writeback.h"
#include "sync/heap.h"

namespace quire::fs {

/// How reclaim gets a dirty page U out of memory.
enum class UnionWritepage : uint8_t {
  lower,  ///< copies it to l and calls writepage of the layer for l
  dirty,  ///< copies it to l, which is dirty then and has its own turn
};

/// How the page l is found for writepage.
enum class UnionFind : uint8_t {
  through,  ///< by the layer, which brings it back from swap first
  around,   ///< in the layer's page cache only, as in 2007: tmpfs has the page in two places then
};

struct UnionOptions {
  UnionWritepage writepage = UnionWritepage::lower;
  UnionFind find = UnionFind::through;
};

inline constexpr unsigned kLowersMax = 3;

/// What is mounted, topmost first.
struct UnionMount {
  SuperBlock* upper;
  std::array<SuperBlock*, kLowersMax> lowers;
  unsigned count;
};

/// Names of extended attributes that are the union's own, and shown to nobody.
inline constexpr std::string_view kUnionXattrs = "trusted.overlay.";
/// "y": nothing below this directory shows through it.
inline constexpr std::string_view kOpaqueXattr = "trusted.overlay.opaque";

/// The inodes of the layers that one inode here stands for, topmost first.
struct UnionLayers {
  InodeRef upper;
  std::array<InodeRef, kLowersMax> lowers;
  unsigned count = 0;
  [[nodiscard]] bool any() const { return upper || count != 0; }
  [[nodiscard]] Inode& top() const { return upper ? *upper : *lowers[0]; }
};

class UnionFs;

class UnionInode final : public Inode, public Directory {
 public:
  UnionInode(UnionFs& fs, UnionLayers layers, UnionInode* parent, std::string_view name);
  ~UnionInode();

  /// nullptr: nothing has been changed yet.
  [[nodiscard]] Inode* upper() const { return upper_.load(); }
  /// Has its contents and attributes.
  [[nodiscard]] Inode& real() const {
    Inode* up = upper();
    return up != nullptr ? *up : *lowers_[0];
  }
  /// Whether a directory has more than its upper one.
  [[nodiscard]] bool merged() const { return count_ != 0; }

  // Inode: contents (fs/union_io.cc)
  [[nodiscard]] uint64_t st_blocks() override { return real().st_blocks(); }
  /// Of a directory what the layer counts, whiteouts too. Linux: fs/overlayfs/inode.c ovl_getattr()
  [[nodiscard]] uint64_t st_size() override { return directory() != nullptr ? real().size() : size(); }
  [[nodiscard]] Errno ftruncate(uint64_t bytes) override;
  [[nodiscard]] Errno fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) override;
  [[nodiscard]] Result<uint64_t> pread(std::span<std::byte> to, uint64_t offset) override;
  [[nodiscard]] Result<uint64_t> pwrite(std::span<const std::byte> from, uint64_t offset) override;
  [[nodiscard]] Errno fsync(Range<FileIndex> range) override;
  [[nodiscard]] Result<uint64_t> seek(Seek what, uint64_t offset) override;
  [[nodiscard]] Errno open_for_write() override;
  void check(sync::CheckReport& report) const override;

  // Inode: attributes (fs/union_inode.cc)
  [[nodiscard]] Directory* directory() override;
  [[nodiscard]] Result<std::string_view> readlink() override { return real().readlink(); }
  [[nodiscard]] Attributes getattr() override;
  [[nodiscard]] Errno setattr(const SetAttributes& what) override;
  [[nodiscard]] Result<uint64_t> getxattr(std::string_view name, std::span<std::byte> value) override;
  [[nodiscard]] Errno setxattr(std::string_view name, std::span<const std::byte> value, XattrSet how) override;
  [[nodiscard]] Errno removexattr(std::string_view name) override;
  [[nodiscard]] Errno listxattr(XattrVisitor& visitor) override;

  // Directory (fs/union_lookup.cc, fs/union_change.cc)
  [[nodiscard]] Inode& inode() override { return *this; }
  [[nodiscard]] Result<InodeRef> lookup(std::string_view name) override;
  [[nodiscard]] Result<InodeRef> create(std::string_view name, const NewInode& what) override;
  [[nodiscard]] Errno link(std::string_view name, Inode& inode) override;
  [[nodiscard]] Errno unlink(std::string_view name, Inode& victim) override;
  [[nodiscard]] Errno rmdir(std::string_view name, Inode& victim) override;
  [[nodiscard]] Errno rename(const Rename& rename) override;
  [[nodiscard]] Errno readdir(uint64_t cookie, DirectoryVisitor& visitor) override;
  [[nodiscard]] Inode& parent() override { return *parent_.load(); }
  [[nodiscard]] bool dead() override { return dead_.get(); }

 private:
  friend class UnionFs;
  friend struct UnionRename;
  void evict() override;

  // fs/union_lookup.cc
  [[nodiscard]] Errno find(std::string_view name, UnionLayers& found) const;
  [[nodiscard]] Errno find_upper(std::string_view name, UnionLayers& found, bool& last) const;
  [[nodiscard]] bool lower_has(std::string_view name) const;
  [[nodiscard]] Errno check_empty();
  // fs/union_change.cc
  void set_parent(UnionInode& directory);
  [[nodiscard]] Errno ensure_name(UnionInode& directory, std::string_view name);
  void lost_name();
  void lost_directory();
  // fs/union_copy_up.cc
  [[nodiscard]] Errno copy_up();
  [[nodiscard]] Errno copy_up_into(Inode& directory);
  // fs/union_pages.cc
  [[nodiscard]] Errno fill(Folio& folio, FileIndex index) const;
  [[nodiscard]] Result<HeldFolio> read_folio(FileIndex index);
  [[nodiscard]] cache::FaultResult fault(FileIndex index);
  [[nodiscard]] Result<HeldFolio> find_lower_folio(FileIndex index) const;
  void copy_to_lower(Folio& from, Folio& to, FileIndex index, const WritebackControl& wbc) const;
  [[nodiscard]] Errno write_lower_folio(HeldFolio lower, WritebackControl& wbc) const;
  [[nodiscard]] Errno push_down(Folio& folio, WritebackControl& wbc) const;
  [[nodiscard]] Errno writepage(Folio& folio, WritebackControl& wbc);
  // fs/union_io.cc
  [[nodiscard]] Errno write_begin(uint64_t end);
  [[nodiscard]] Errno punch(ByteRange range);
  void drop_zeros(Range<FileIndex> range);

  UnionFs& fs_;
  const FileKind kind_;
  const Inode& key_;  ///< the first of its real inodes that it was found by
  /// Set once, under i_rwsem of the upper directory that it is made in.
  sync::Atomic<Inode*, "union->upper"> upper_;
  std::array<Inode*, kLowersMax> lowers_ = {};
  unsigned count_ = 0;
  /// Where it was found first; the same until it has an upper.
  UnionInode* const found_in_;
  const sync::String found_as_;
  /// Of a directory: where it is; with a reference. Changes under s_vfs_rename_mutex and its i_rwsem.
  sync::Atomic<UnionInode*, "union->parent"> parent_;
  sync::Plain<bool, "union->dead"> dead_{false};  ///< i_rwsem
  /// Set under UnionFs::inodes_lock_, before the table's reference goes.
  sync::Plain<bool, "union->unnamed"> unnamed_{false};
};

class UnionFs final : public SuperBlock, public cache::MappingOps {
 public:
  UnionFs(rmap::Environment& env, unsigned index_bits, base::Clock clock, const UnionMount& mount,
          const UnionOptions& options);
  /// Nobody has a file open.
  ~UnionFs();

  // SuperBlock
  [[nodiscard]] Inode& root() override { return *root_; }
  [[nodiscard]] Statfs statfs() override { return upper_super_.statfs(); }

  // MappingOps
  [[nodiscard]] cache::FaultResult fault(Mapping& mapping, FileIndex index) override;
  [[nodiscard]] Errno writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) override;
  [[nodiscard]] Errno writepages(Mapping& mapping, WritebackControl& wbc) override;
  bool dirty_folio(Mapping& mapping, Folio& folio) override;
  [[nodiscard]] Result<HeldFolio> find_or_create(Mapping& mapping, FileIndex index, Gfp gfp) override;
  [[nodiscard]] PageCount size_pages(const Mapping& mapping) const override;
  [[nodiscard]] Errno launder_folio(Mapping& mapping, Folio& folio) override;
  [[nodiscard]] bool error_remove_folio(Mapping& mapping, Folio& folio) override;

  /// Calls visit(const UnionInode&) for each, also those that have no name any more: at quiescent points.
  template <typename Visit>
  void peek_inodes(Visit visit) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    for (const auto& [real, inode] : inodes_)
      if (&inode->key_ == real) visit(*inode);
    for (const UnionInode* inode : unnamed_) visit(*inode);
  }
  void check(sync::CheckReport& report) const;

 private:
  friend class UnionInode;
  friend struct UnionRename;
  /// With a reference of the caller's. Linux: fs/overlayfs/inode.c ovl_get_inode()
  [[nodiscard]] InodeRef inode_for(UnionLayers layers, UnionInode& parent, std::string_view name);
  void remember(const Inode& real, UnionInode& inode);
  /// Its last name is gone.
  void forget(UnionInode& inode);
  /// One without a name is not open any more either.
  void forget_unnamed(const UnionInode& inode);
  /// What stat() says of a real inode that has one here, or will have.
  [[nodiscard]] uint64_t ino_of(const Inode& real);
  [[nodiscard]] uint64_t stamp(const Inode& real) const;
  /// An allocation that may enter file systems is as good as the reclaim it may begin: whoever must not wait for that
  /// is told by the order of locks, whether there is memory or not. Linux: might_alloc(), fs_reclaim_acquire()
  void might_alloc(Gfp gfp) {
    if (gfp.may_enter_fs()) sync::Guard guard(fs_reclaim_);
  }
  /// A name for what is about to get another.
  [[nodiscard]] sync::String temporary_name();

  rmap::Environment& env_;
  const unsigned index_bits_;
  const UnionOptions options_;
  SuperBlock& upper_super_;
  std::array<SuperBlock*, kLowersMax> lower_supers_;
  sync::Atomic<uint64_t, "union temporary names"> temporary_{0};
  sync::Mutex<sync::LockClass::fs_reclaim> fs_reclaim_;
  sync::SpinLock<sync::LockClass::i_lock> inodes_lock_;
  /// Every access to the map announces this field.
  sync::Plain<uint32_t, "union inodes"> inodes_changed_ QUIRE_GUARDED_BY(inodes_lock_){0};
  /// Real inode -> inode here, which has one reference for all of its entries.
  sync::Map<const Inode*, UnionInode*> inodes_ QUIRE_GUARDED_BY(inodes_lock_);
  /// Without a name, and open or on the way out: their references are others'.
  sync::Vector<UnionInode*> unnamed_ QUIRE_GUARDED_BY(inodes_lock_);
  UnionInode* root_;
};

}  // namespace quire::fs
