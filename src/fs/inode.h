// Inode: what a machine and its processes need of any file, whatever file system it is of.
//
// One reference per descriptor, per mapping, per system call in flight, and one per name. The last put() evicts it.
// What only some have is behind a question: directory() is nullptr but for a directory (directory.h), super() is
// nullptr for a file that is in no directory of any mount: a memfd, a file of the flat directory. Such a file keeps the
// attributes it was made with.
// Locks: i_rwsem (writers of size, layout, names and extended attributes), from outside mmap_lock and the folio lock;
// i_size is read without it. i_lock: attributes. Linux: include/linux/fs.h struct inode
//
//   Inode& file = tmpfs.create_inode();
//   file.ftruncate(4096);
//   file.put();
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "cache/mapping.h"
#include "fs/attributes.h"
#include "fs/byte_range.h"
#include "fs/readahead.h"
#include "rmap/mapped_range.h"
#include "sync/check_report.h"

namespace quire::fs {

using base::Errno;
using base::PageCount;
using base::Result;
using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;
using cache::HeldFolio;
using cache::LockedFolio;
using cache::Mapping;
using cache::WritebackControl;
using phys::Gfp;

enum class PunchMode : uint8_t { allocate, allocate_keep_size, punch_hole };
/// What lseek() looks for. Linux: SEEK_DATA, SEEK_HOLE
enum class Seek : uint8_t { data, hole };

class Directory;
class SuperBlock;

/// What listxattr() tells of each name.
class XattrVisitor {
 public:
  virtual void visit(std::string_view name) = 0;

 protected:
  ~XattrVisitor() = default;
};

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

  /// One more unless it is being evicted: for who found it on a list that holds no reference. Linux: igrab()
  [[nodiscard]] bool get_unless_zero() {
    int32_t seen = references_.load();
    while (seen > 0)
      if (references_.compare_exchange(seen, seen + 1)) return true;
    return false;
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
  /// The same at the end of the file, wherever that is by then. Linux: IOCB_APPEND
  [[nodiscard]] virtual Result<uint64_t> append(std::span<const std::byte> from) { return pwrite(from, size()); }
  /// What was written to the pages of `range`, also through mappings, is in the store or could not be written. The
  /// error of this writing; what it has recorded for everybody is File::fsync()'s business (fs/file.h).
  /// Linux: f_op->fsync
  [[nodiscard]] virtual Errno fsync(Range<FileIndex> range) = 0;
  // Readahead (fs/readahead.h); file systems whose pages are nowhere else have none.
  /// Pages at most in one window; 0: off.
  [[nodiscard]] virtual uint32_t ra_pages() const { return 0; }
  /// pread() by an open file, of which `ra` is.
  [[nodiscard]] virtual Result<uint64_t> pread_ahead(std::span<std::byte> to, uint64_t offset, FileReadahead& ra) {
    (void)ra;
    return pread(to, offset);
  }
  virtual void mmap_readahead(FileReadahead& ra, FileIndex index, rmap::ReadAdvice advice) {
    (void)ra, (void)index, (void)advice;
  }
  /// The pages of `range` that are in the file are read, as far as there is memory. Sleeps. Linux:
  /// force_page_cache_readahead()
  virtual void force_readahead(Range<FileIndex> range) { (void)range; }
  /// What is dirty of its whole file system is written, and waited for. Sleeps. Linux: fs/sync.c sync_filesystem()
  virtual void sync_filesystem() {}
  /// Errors of writeback of any file of its file system; nullptr: nobody keeps them. Linux: sb->s_wb_err
  [[nodiscard]] virtual cache::Errseq* s_wb_err() { return nullptr; }
  /// Before a program that may write has it open, or a mapping that may be stored to; a stacked file system copies it
  /// up. Sleeps. -ENOSPC, -ENOMEM, -EIO. Linux: fs/overlayfs/file.c ovl_open()
  [[nodiscard]] virtual Errno open_for_write() { return Errno::ok; }
  /// The first byte at `offset` or after it that is data, or in a hole; the end of the file is a hole. -ENXIO: none, or
  /// `offset` is not in the file. A file system that does not know says that all is data. Linux: f_op->llseek
  [[nodiscard]] virtual Result<uint64_t> seek(Seek what, uint64_t offset);
  /// Whether it may be mapped MAP_SHARED only.
  [[nodiscard]] virtual bool shared_only() const { return false; }

  // Names, attributes and extended attributes; namei.h asks for permission and locks before.
  /// The mount it is of.
  [[nodiscard]] SuperBlock* super() const { return super_; }
  [[nodiscard]] uint64_t ino() const { return ino_; }
  [[nodiscard]] virtual Directory* directory() { return nullptr; }
  /// Where a symlink leads; -EINVAL: it is none. Stays valid while the caller has a reference. Linux: i_op->get_link
  [[nodiscard]] virtual Result<std::string_view> readlink() { return Errno::einval; }
  /// What stat() says of its size. Linux: i_op->getattr
  [[nodiscard]] virtual uint64_t st_size() { return size(); }
  /// Linux: i_op->getattr
  [[nodiscard]] virtual Attributes getattr();
  /// As asked for, and ctime. The caller holds i_rwsem exclusively. Linux: i_op->setattr
  [[nodiscard]] virtual Errno setattr(const SetAttributes& what);
  /// The length of the value, which goes to `value` if there is room (no room at all: the length only). -ENODATA,
  /// -ERANGE, -EOPNOTSUPP. The caller holds i_rwsem. Linux: xattr_handler->get
  [[nodiscard]] virtual Result<uint64_t> getxattr(std::string_view name, std::span<std::byte> value);
  /// -ENODATA, -EEXIST, -ENOSPC, -ENOMEM, -EOPNOTSUPP. The caller holds i_rwsem exclusively. Linux: xattr_handler->set
  [[nodiscard]] virtual Errno setxattr(std::string_view name, std::span<const std::byte> value, XattrSet how);
  /// -ENODATA, -EOPNOTSUPP. The caller holds i_rwsem exclusively.
  [[nodiscard]] virtual Errno removexattr(std::string_view name);
  /// Calls visit for each name. The caller holds i_rwsem. Linux: i_op->listxattr
  [[nodiscard]] virtual Errno listxattr(XattrVisitor& visitor);
  /// Of an inode in a mount: atime is now, if it is older than the others or than a day. Linux: fs/inode.c
  /// touch_atime()
  void touch_atime();
  /// mtime and ctime are now. Linux: fs/inode.c file_update_time()
  void update_time();
  /// Names more or less, and ctime is now. Linux: inc_nlink(), drop_nlink(), inode_set_ctime_current()
  void change_nlink(int delta);
  [[nodiscard]] const Attributes& peek_attributes() const QUIRE_NO_THREAD_SAFETY_ANALYSIS { return attributes_.peek(); }

  using Rwsem = sync::RwSemaphore<sync::LockClass::i_rwsem>;
  [[nodiscard]] Rwsem& i_rwsem() { return i_rwsem_; }
  [[nodiscard]] uint64_t peek_size() const { return size_.peek(); }
  [[nodiscard]] int peek_references() const { return references_.peek(); }
  virtual void check(sync::CheckReport& report) const = 0;

 protected:
  Inode(cache::MappingOps& ops, unsigned index_bits,
        cache::MappingFlags::Form form = cache::MappingFlags::Form::separate)
      : FileBacking(mapping_), mapping_(ops, this, index_bits, form) {}
  /// Of a mount.
  Inode(cache::MappingOps& ops, unsigned index_bits, SuperBlock& super, uint64_t ino, const Attributes& attributes)
      : FileBacking(mapping_), mapping_(ops, this, index_bits), super_(&super), ino_(ino), attributes_(attributes) {}
  ~Inode() = default;
  /// The last reference is gone: frees the inode. Sleeps. Linux: fs/inode.c evict()
  virtual void evict() = 0;

  /// Calls change(Attributes&) under the lock.
  template <typename Change>
  void change_attributes(Change change) {
    sync::Guard guard(i_lock_);
    change(attributes_.mutate());
  }
  cache::Mapping mapping_;
  Rwsem i_rwsem_;
  sync::Atomic<uint64_t, "inode->i_size"> size_{0};

 private:
  SuperBlock* const super_ = nullptr;
  const uint64_t ino_ = 0;
  sync::RwLock<sync::LockClass::i_lock> i_lock_;
  sync::Plain<Attributes, "inode->i_mode"> attributes_ QUIRE_GUARDED_BY(i_lock_){Attributes{}};
  sync::Atomic<int32_t, "inode->i_count"> references_{1};
};

/// An inode with one reference, or none.
class InodeRef {
 public:
  InodeRef() = default;
  /// Takes over a reference.
  explicit InodeRef(Inode* inode) : inode_(inode) {}
  InodeRef(InodeRef&& other) noexcept : inode_(std::exchange(other.inode_, nullptr)) {}
  InodeRef& operator=(InodeRef&& other) noexcept {
    if (this != &other) {
      reset();
      inode_ = std::exchange(other.inode_, nullptr);
    }
    return *this;
  }
  ~InodeRef() { reset(); }
  /// A reference more.
  [[nodiscard]] static InodeRef of(Inode& inode) {
    inode.get();
    return InodeRef(&inode);
  }
  explicit operator bool() const { return inode_ != nullptr; }
  Inode* operator->() const { return inode_; }
  Inode& operator*() const { return *inode_; }
  [[nodiscard]] Inode* get() const { return inode_; }
  /// The reference is the caller's from now on.
  [[nodiscard]] Inode* release() { return std::exchange(inode_, nullptr); }
  /// Sleeps if it was the last reference.
  void reset() {
    if (Inode* inode = std::exchange(inode_, nullptr)) inode->put();
  }

 private:
  Inode* inode_ = nullptr;
};

/// The inode that a mapping of this room belongs to.
[[nodiscard]] inline Inode& host_of(const Mapping& mapping) { return *static_cast<Inode*>(mapping.host()); }

}  // namespace quire::fs
