// TmpFs: the file system whose pages live in the page cache or in swap, and nowhere else.
//
// What an index of a file holds, and who changes it:
//   hole -> folio: fault, write, fallocate      folio -> value (slot): writepage      value -> folio:
//   shmem_swapin_folio folio or value -> hole: truncation, hole punch, eviction (shmem_undo_range)
// I1  alloced = folios + values of the index (st_blocks is 8 times that) at quiescent points
// I2  swapped = values of the index; swapped > 0 => the inode is on the list that swapoff visits
// I3  no index holds a folio and a value at once
// Locks: i_rwsem (writers of size and layout) > folio lock > shmem_swaplist_mutex > i_mmap_rwsem; info lock and i_pages
// inside everything. Linux: mm/shmem.c
//
//   TmpfsInode* inode = tmpfs.create_inode();      // one reference, no name: as memfd_create
//   inode->ftruncate(4096);
//   inode->put();                                  // the last reference evicts it
#pragma once

#include <cstddef>
#include <span>

#include "cache/mapping.h"
#include "rmap/mapped_range.h"
#include "sync/wait.h"

namespace quire::fs {

using base::Errno;
using base::FileIndex;
using base::PageCount;
using base::Range;
using base::Result;
using base::SwapEntry;
using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using cache::Mapping;

class TmpFs;

/// What the caller of shmem_get_folio() is about to do. Linux: enum sgp_type
enum class Sgp : uint8_t {
  read,    ///< a hole stays a hole; nothing beyond the end
  cache,   ///< allocate; nothing beyond the end (faults)
  write,   ///< allocate, also beyond the end
  falloc,  ///< as write, and the contents may stay undefined (not uptodate)
};

/// A locked folio, or empty for a hole that stays one.
struct ShmemFolio {
  FolioRef folio;
  LockedFolio locked;  ///< after `folio`: unlocked first
};

enum class PunchMode : uint8_t { allocate, allocate_keep_size, punch_hole };

class TmpfsInode final : public rmap::FileBacking {
 public:
  explicit TmpfsInode(TmpFs& fs);
  TmpfsInode(const TmpfsInode&) = delete;
  TmpfsInode& operator=(const TmpfsInode&) = delete;

  void get() override { references_.add(1); }
  void put() override;
  [[nodiscard]] Errno punch_hole(uint64_t offset, uint64_t bytes) override {
    return fallocate(PunchMode::punch_hole, offset, bytes);
  }

  /// Bytes.
  [[nodiscard]] uint64_t size() const { return size_.load(); }
  /// In units of 512 bytes. Linux: shmem_getattr()
  [[nodiscard]] uint64_t st_blocks();

  /// Linux: shmem_setattr() with ATTR_SIZE
  [[nodiscard]] Errno ftruncate(uint64_t bytes);
  /// -EINVAL for an empty range; -ENOMEM. Linux: shmem_fallocate()
  [[nodiscard]] Errno fallocate(PunchMode mode, uint64_t offset, uint64_t bytes);
  /// Bytes read; short at the end of the file. Linux: shmem_file_read_iter()
  [[nodiscard]] Result<uint64_t> pread(std::span<std::byte> to, uint64_t offset);
  /// Bytes written. Linux: shmem_file_write_iter(), generic_perform_write()
  [[nodiscard]] Result<uint64_t> pwrite(std::span<const std::byte> from, uint64_t offset);

  [[nodiscard]] uint64_t peek_size() const { return size_.peek(); }
  [[nodiscard]] int peek_references() const { return references_.peek(); }
  /// I1 to I3, and what Mapping::check() says.
  void check(sync::CheckReport& report) const;

  /// List of all inodes: TmpFs's.
  TmpfsInode* next_inode = nullptr;
  TmpfsInode* previous_inode = nullptr;

 private:
  friend class TmpFs;

  TmpFs& fs_;
  cache::Mapping mapping_;
  sync::RwSemaphore<sync::LockClass::i_rwsem> i_rwsem_;
  sync::Atomic<int32_t, "inode->i_count"> references_{1};
  sync::Atomic<uint64_t, "inode->i_size"> size_{0};
  /// The range that is being punched, 0 for none: faults into it wait. Linux: inode->i_private, struct shmem_falloc
  sync::Atomic<uint64_t, "shmem_falloc"> falloc_{0};
  sync::SpinLock<sync::LockClass::shmem_info_lock> info_lock_;
  sync::Plain<int32_t, "info->alloced"> alloced_{0};
  /// Changed under info_lock_, looked at by swapoff without it.
  sync::Atomic<int32_t, "info->swapped"> swapped_{0};
  /// How many swapoffs look at the inode: it must not be freed.
  sync::Atomic<uint32_t, "info->stop_eviction"> stop_eviction_{0};
  /// Changed under shmem_swaplist_mutex, looked at by eviction without it.
  sync::Atomic<uint32_t, "info->swaplist"> on_swaplist_{0};
  TmpfsInode* swaplist_next_ = nullptr;
  TmpfsInode* swaplist_previous_ = nullptr;
};

class TmpFs final : public cache::MappingOps {
 public:
  TmpFs(rmap::Environment& env, unsigned index_bits) : env_(env), index_bits_(index_bits) {}
  ~TmpFs();
  TmpFs(const TmpFs&) = delete;
  TmpFs& operator=(const TmpFs&) = delete;

  /// A file without a name, empty, with one reference.
  [[nodiscard]] TmpfsInode& create_inode();

  // MappingOps
  [[nodiscard]] cache::FaultResult fault(Mapping& mapping, FileIndex index) override;
  [[nodiscard]] cache::WriteOutcome writepage(Mapping& mapping, Folio& folio, cache::WriteReason reason) override;
  [[nodiscard]] PageCount size_pages(const Mapping& mapping) const override;

  /// Step 6b of swapoff: brings in every page of every file whose value entry names `area`. Sleeps.
  /// Linux: mm/shmem.c shmem_unuse()
  [[nodiscard]] Errno shmem_unuse(swap::SwapArea& area);

  /// Calls visit(const TmpfsInode&) for each: at quiescent points.
  template <typename Visit>
  void peek_inodes(Visit visit) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    for (const TmpfsInode* inode = inodes_.peek(); inode != nullptr; inode = inode->next_inode) visit(*inode);
  }
  void check(sync::CheckReport& report) const;

 private:
  friend class TmpfsInode;
  /// The folio of `index`, brought in or made as `sgp` says. -EINVAL: beyond the end; -EIO, -ENOMEM.
  [[nodiscard]] Result<ShmemFolio> shmem_get_folio(TmpfsInode& inode, FileIndex index, Sgp sgp);
  /// A new folio in place of a hole; -EEXIST: no hole any more.
  [[nodiscard]] Result<ShmemFolio> shmem_alloc_and_add_folio(TmpfsInode& inode, FileIndex index);
  /// The folio in place of the value `entry`; -EEXIST: it is something else by now.
  [[nodiscard]] Result<ShmemFolio> shmem_swapin_folio(TmpfsInode& inode, FileIndex index, SwapEntry entry);
  [[nodiscard]] Errno shmem_swapin_locked(TmpfsInode& inode, FileIndex index, SwapEntry entry, Folio& folio);
  [[nodiscard]] static bool shmem_confirm_swap(TmpfsInode& inode, FileIndex index, SwapEntry entry);
  void shmem_set_folio_swapin_error(TmpfsInode& inode, FileIndex index, SwapEntry entry, Folio& folio);
  /// Whether `index` is being punched; if so, returns when it is not any more.
  [[nodiscard]] static bool shmem_falloc_wait(TmpfsInode& inode, FileIndex index);
  void shmem_recalc_inode(TmpfsInode& inode, int alloced, int swapped);

  /// Bytes [from, to); kToEnd: for ever.
  static constexpr uint64_t kToEnd = ~uint64_t{0};
  enum class Undo : uint8_t { everything, unused_fallocated };
  void shmem_undo_range(TmpfsInode& inode, uint64_t from, uint64_t to, Undo undo);
  [[nodiscard]] int undo_locked_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo);
  [[nodiscard]] int undo_all_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo);
  [[nodiscard]] bool undo_entry(TmpfsInode& inode, Mapping::Found& found, Undo undo, int& swaps_freed);
  void zero_partial(TmpfsInode& inode, FileIndex index, uint64_t from, uint64_t to);
  [[nodiscard]] int shmem_free_swap(Mapping& mapping, FileIndex index, SwapEntry entry);
  void truncate_inode_folio(Mapping& mapping, Folio& folio);
  void shmem_punch_hole(TmpfsInode& inode, uint64_t offset, uint64_t end);
  [[nodiscard]] Errno shmem_allocate(TmpfsInode& inode, PunchMode mode, uint64_t offset, uint64_t end);

  [[nodiscard]] Errno visit_for_unuse(TmpfsInode& inode, swap::SwapArea& area) QUIRE_REQUIRES(swaplist_mutex_);
  [[nodiscard]] Errno shmem_unuse_inode(TmpfsInode& inode, swap::SwapArea& area);
  [[nodiscard]] bool move_to_swap(TmpfsInode& inode, Folio& folio);
  void add_to_swaplist(TmpfsInode& inode) QUIRE_REQUIRES(swaplist_mutex_);
  void del_from_swaplist(TmpfsInode& inode) QUIRE_REQUIRES(swaplist_mutex_);
  void shmem_evict_inode(TmpfsInode& inode);

  rmap::Environment& env_;
  const unsigned index_bits_;
  sync::Mutex<sync::LockClass::shmem_swaplist_mutex> swaplist_mutex_;
  sync::Plain<TmpfsInode*, "shmem_swaplist"> swaplist_ QUIRE_GUARDED_BY(swaplist_mutex_){nullptr};
  /// All inodes, for check() and dump().
  sync::SpinLock<sync::LockClass::i_lock> inodes_lock_;
  sync::Plain<TmpfsInode*, "s_inodes"> inodes_ QUIRE_GUARDED_BY(inodes_lock_){nullptr};
};

/// What stands for a page that could not be read back. Linux: make_poisoned_swp_entry()
[[nodiscard]] constexpr SwapEntry swapin_error_entry() { return {base::SwapType(0xff), base::SwapOffset(1)}; }

}  // namespace quire::fs
