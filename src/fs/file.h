// File: an open file: an inode, and what the one who opened it has heard of its errors.
//
// Made by open(); a descriptor, a copy of it in a child, a mapping, and a system call in flight hold one reference
// each. Mappings belong to it and not to the inode, so msync() reports to the same observer as fsync() of the
// descriptor. The last put() drops the inode's reference. I11 an error of the inode's writeback is reported once to
// each File that was open when it happened; to who opens later
//     only if nobody had heard of it by then
// Lock: f_lock for the sample, which tasks share. Linux: include/linux/fs.h struct file
//
//   File* file = sync::make_object<File>(inode);     // takes over a reference of the inode
//   Errno error = file->check_and_advance_wb_err();
//   file->put();
#pragma once

#include "fs/inode.h"

namespace quire::fs {

/// What an open file is for. Linux: file->f_mode, file->f_flags
struct FileMode {
  bool read = true;
  bool write = true;
  bool append = false;  ///< O_APPEND: writes go to the end of the file, wherever they were meant to go
};

class File final : public rmap::FileBacking {
 public:
  explicit File(Inode& inode, FileMode mode = {})
      : FileBacking(inode.mapping()),
        inode_(inode),
        mode_(mode),
        ra_(inode.ra_pages()),
        f_wb_err_(mapping().wb_err().sample()),
        f_sb_err_(inode.s_wb_err() == nullptr ? cache::Errseq::Sample{} : inode.s_wb_err()->sample()) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] Inode& inode() const { return inode_; }
  [[nodiscard]] const FileMode& mode() const { return mode_; }
  /// Where the next byte would be read: lseek() sets it, and tells it.
  [[nodiscard]] uint64_t position() const { return f_pos_.load(); }
  void set_position(uint64_t position) { f_pos_.store(position); }

  // FileBacking
  void get() override { references_.add(1); }
  void put() override {
    int32_t before = references_.fetch_sub(1);
    QUIRE_ASSERT(before > 0, "a reference to an open file was dropped twice");
    if (before == 1) release();
  }
  [[nodiscard]] Errno punch_hole(uint64_t offset, uint64_t bytes) override { return inode_.punch_hole(offset, bytes); }
  [[nodiscard]] bool may_write() const override { return mode_.write; }
  void read_ahead_of_fault(FileIndex index, rmap::ReadAdvice advice) override {
    if (ra_.on()) inode_.mmap_readahead(ra_, index, advice);
  }

  /// Inode::pread(), and what is read ahead meanwhile is this file's guess. Sleeps.
  [[nodiscard]] Result<uint64_t> pread(std::span<std::byte> to, uint64_t offset) {
    return ra_.on() ? inode_.pread_ahead(to, offset, ra_) : inode_.pread(to, offset);
  }
  /// Linux: POSIX_FADV_*
  enum class Advice : uint8_t { normal, random, sequential, will_need, dont_need, no_reuse };
  /// `bytes` 0: to the end. Where nothing is written back it is all the same. Sleeps. Linux: mm/fadvise.c
  /// generic_fadvise()
  void fadvise(Advice advice, uint64_t offset, uint64_t bytes);

  /// The error of writeback that this file has not heard of yet, if there is one. Linux: mm/filemap.c
  /// file_check_and_advance_wb_err(); with the flags of 2007 filemap_check_errors()
  [[nodiscard]] Errno check_and_advance_wb_err();
  /// What was written to `range` of the file, also through mappings, is in the store when it returns. -EIO, -ENOSPC:
  /// once. Sleeps. Linux: fs/sync.c vfs_fsync_range()
  [[nodiscard]] Errno fsync(Range<FileIndex> range);
  /// What sync_file_range() does, in this order. Linux: SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE, _WAIT_AFTER
  enum class SyncStep : uint8_t { wait_before = 1, write = 2, wait_after = 4 };
  /// `steps`: bits of SyncStep. With all of them what is written is everything that was dirty, with less what can be
  /// written without waiting. -EIO, -ENOSPC. Sleeps. Linux: fs/sync.c sync_file_range()
  [[nodiscard]] Errno sync_file_range(Range<FileIndex> range, unsigned steps);
  /// What is dirty of its file system is in the store when it returns. -EIO, -ENOSPC: once, of any of its files.
  /// Sleeps. Linux: fs/sync.c syncfs()
  [[nodiscard]] Errno syncfs();

 private:
  void release();

  Inode& inode_;
  const FileMode mode_;
  sync::Atomic<uint64_t, "file->f_pos"> f_pos_{0};
  FileReadahead ra_;
  sync::SpinLock<sync::LockClass::f_lock> f_lock_;
  /// Stored under f_lock, looked at without.
  sync::Atomic<cache::Errseq::Sample, "file->f_wb_err"> f_wb_err_;
  cache::Errseq::Sample f_sb_err_ QUIRE_GUARDED_BY(f_lock_);
  sync::Atomic<int32_t, "file->f_count"> references_{1};
};

/// An open file with one reference, or none. Linux: fdget(), fdput()
class FileRef {
 public:
  FileRef() = default;
  /// Takes over a reference.
  explicit FileRef(File* file) : file_(file) {}
  FileRef(FileRef&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
  FileRef& operator=(FileRef&&) = delete;
  ~FileRef() {
    if (file_ != nullptr) file_->put();
  }
  explicit operator bool() const { return file_ != nullptr; }
  File* operator->() const { return file_; }
  File& operator*() const { return *file_; }
  [[nodiscard]] File* get() const { return file_; }
  [[nodiscard]] Inode& inode() const { return file_->inode(); }
  /// The reference is the caller's from now on.
  [[nodiscard]] File* release() { return std::exchange(file_, nullptr); }

 private:
  File* file_ = nullptr;
};

}  // namespace quire::fs
