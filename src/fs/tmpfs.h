// TmpFs: the file system whose pages live in the page cache or in swap, and nowhere else.
//
// What an index of a file holds, and who changes it:
//   hole -> folio: fault, write, fallocate      folio -> value (slot): writepage      value -> folio:
//   shmem_swapin_folio folio or value -> hole: truncation, hole punch, eviction (shmem_undo_range)
// I1  alloced = folios + values of the index (st_blocks is 8 times that) at quiescent points
// I2  swapped = values of the index; swapped > 0 => the inode is on the list that swapoff visits
// I3  no index holds a folio and a value at once; an entry of the vector (fs/swap_vector.h) may be older than a folio
// I4  a folio that is clean and not mapped may be dropped: it has zeros only
// Locks: i_rwsem (writers of size and layout) > folio lock > shmem_swaplist_mutex > i_mmap_rwsem; info lock and i_pages
// inside everything. Linux: mm/shmem.c
//
//   TmpfsInode* inode = tmpfs.create_inode();      // one reference, no name: as memfd_create
//   inode->ftruncate(4096);
//   inode->put();                                  // the last reference evicts it
#pragma once

#include <optional>

#include "fs/falloc.h"
#include "fs/swap_vector.h"
#include "fs/tmpfs_node.h"

namespace quire::fs {

using base::SwapEntry;

class TmpFs;

/// What the caller of shmem_get_folio() is about to do. Linux: enum sgp_type
enum class Sgp : uint8_t {
  read,    ///< a hole stays a hole, and what is allocated only is one; nothing beyond the end
  cache,   ///< allocate; nothing beyond the end (faults)
  write,   ///< allocate, also beyond the end
  falloc,  ///< as write, and the contents may stay undefined (not uptodate)
};

/// A locked folio, or empty for a hole that stays one.
using ShmemFolio = HeldFolio;

class TmpfsInode final : public TmpfsNamed<Inode> {
 public:
  /// In no mount.
  explicit TmpfsInode(TmpFs& fs);
  TmpfsInode(TmpFs& fs, TmpfsMount& mount, const Attributes& attributes);
  /// What stat() says of a file that has no name: anybody's, of whoever has made it, now. Linux: mm/memfd.c,
  /// mm/shmem.c shmem_file_setup()
  void own_without_name(const Credentials& who, Timestamp now);

  // Inode
  [[nodiscard]] uint64_t st_blocks() override;
  [[nodiscard]] Errno ftruncate(uint64_t bytes) override;
  [[nodiscard]] Errno fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) override;
  [[nodiscard]] Result<uint64_t> pread(std::span<std::byte> to, uint64_t offset) override;
  [[nodiscard]] Result<uint64_t> pwrite(std::span<const std::byte> from, uint64_t offset) override;
  [[nodiscard]] Result<uint64_t> append(std::span<const std::byte> from) override;
  [[nodiscard]] Result<uint64_t> seek(Seek what, uint64_t offset) override;
  [[nodiscard]] int64_t peek_pages() const override { return alloced_.peek(); }
  /// The page cache and swap are all there is. Linux: fs/libfs.c noop_fsync()
  [[nodiscard]] Errno fsync(Range<FileIndex>) override { return Errno::ok; }
  /// Calls visit(SwapEntry) for each page that is in swap although a newer one is cached: at quiescent points.
  template <typename Visit>
  void peek_vector(Visit visit) const {
    vector_.peek_entries(visit);
  }
  /// I1 to I4, and what Mapping::check() says.
  void check(sync::CheckReport& report) const override;

  /// List of all inodes: TmpFs's.
  TmpfsInode* next_inode = nullptr;
  TmpfsInode* previous_inode = nullptr;

 private:
  friend class TmpFs;
  void evict() override;
  [[nodiscard]] Result<uint64_t> write_locked(std::span<const std::byte> from, uint64_t offset)
      QUIRE_REQUIRES(i_rwsem_);

  TmpFs& fs_;
  SwapVector vector_;  ///< empty but under a stacked file system that goes around tmpfs
  FallocSlot falloc_;  ///< faults into a hole that is being punched wait
  sync::SpinLock<sync::LockClass::shmem_info_lock> info_lock_;
  sync::Plain<int32_t, "info->alloced"> alloced_{0};
  /// Changed under info_lock_, looked at by swapoff without it.
  sync::Atomic<int32_t, "info->swapped"> swapped_{0};
  /// How many swapoffs look at the inode: it must not be freed.
  sync::Atomic<uint32_t, "info->stop_eviction"> stop_eviction_{0};
  /// 1: on the list; 2: it was, and a swapoff that looked at it then may not be done with it; 0: never. Changed under
  /// shmem_swaplist_mutex, looked at by eviction without it.
  sync::Atomic<uint32_t, "info->swaplist"> on_swaplist_{kNeverOnSwaplist};
  static constexpr uint32_t kNeverOnSwaplist = 0;
  static constexpr uint32_t kOnSwaplist = 1;
  static constexpr uint32_t kOffSwaplist = 2;
  TmpfsInode* swaplist_next_ = nullptr;
  TmpfsInode* swaplist_previous_ = nullptr;
};

class TmpFs final : public cache::MappingOps {
 public:
  /// What of a file is in swap: values of its index only; or of a vector beside it too, as in 2007.
  enum class SwapForm : uint8_t { index, vector };

  TmpFs(rmap::Environment& env, unsigned index_bits, SwapForm form = SwapForm::index)
      : env_(env), index_bits_(index_bits), swap_form_(form) {}
  ~TmpFs();
  TmpFs(const TmpFs&) = delete;
  TmpFs& operator=(const TmpFs&) = delete;

  /// A file without a name, empty, with one reference. Linux: shmem_file_setup()
  [[nodiscard]] TmpfsInode& create_inode();
  /// A file of a mount, which has set an inode aside for it.
  [[nodiscard]] TmpfsInode& create_inode(TmpfsMount& mount, const Attributes& attributes);

  // MappingOps
  [[nodiscard]] cache::FaultResult fault(Mapping& mapping, FileIndex index) override;
  [[nodiscard]] Errno writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) override;
  [[nodiscard]] Result<HeldFolio> find_or_create(Mapping& mapping, FileIndex index, Gfp gfp) override;
  [[nodiscard]] PageCount size_pages(const Mapping& mapping) const override;
  [[nodiscard]] bool can_writeback() const override { return false; }
  [[nodiscard]] bool error_remove_folio(Mapping& mapping, Folio& folio) override;

  [[nodiscard]] Result<HeldFolio> find_or_create_around(Mapping& mapping, FileIndex index, Gfp gfp) override;

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
  /// A mask for new pages; none: what the file's mapping says when one is needed. Linux: mapping_gfp_mask()
  using Mask = std::optional<Gfp>;
  [[nodiscard]] static Gfp mask_of(const TmpfsInode& inode, Mask mask) {
    return mask ? *mask : inode.mapping_.flags().gfp_mask();
  }
  /// The folio of `index`, brought in or made as `sgp` says. -EINVAL: beyond the end; -EIO, -ENOMEM, -ENOSPC.
  [[nodiscard]] Result<ShmemFolio> shmem_get_folio(TmpfsInode& inode, FileIndex index, Sgp sgp, Mask mask = {});
  /// A new folio in place of a hole; -EEXIST: no hole any more; -ENOSPC.
  [[nodiscard]] Result<ShmemFolio> shmem_alloc_and_add_folio(TmpfsInode& inode, FileIndex index, Gfp gfp);
  [[nodiscard]] Result<ShmemFolio> shmem_alloc_folio(TmpfsInode& inode, FileIndex index, Gfp gfp);
  /// The folio in place of the value `entry`; -EEXIST: it is something else by now.
  [[nodiscard]] Result<ShmemFolio> shmem_swapin_folio(TmpfsInode& inode, FileIndex index, SwapEntry entry,
                                                      Mask mask = {});
  [[nodiscard]] Errno shmem_swapin_locked(TmpfsInode& inode, FileIndex index, SwapEntry entry, Folio& folio);
  [[nodiscard]] static bool shmem_confirm_swap(TmpfsInode& inode, FileIndex index, SwapEntry entry);
  void shmem_set_folio_swapin_error(TmpfsInode& inode, FileIndex index, SwapEntry entry, Folio& folio);
  /// D3-19: what is in swap at `index` is gone.
  void forget_swapped(TmpfsInode& inode, FileIndex index);
  void shmem_recalc_inode(TmpfsInode& inode, int alloced, int swapped);
  TmpfsInode& add_inode(TmpfsInode& inode);

  enum class Undo : uint8_t { everything, unused_fallocated };
  void shmem_undo_range(TmpfsInode& inode, ByteRange bytes, Undo undo);
  [[nodiscard]] int undo_locked_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo);
  [[nodiscard]] int undo_all_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo);
  enum class UndoStep : uint8_t {
    done,
    changed,  ///< something else is there by now, or somebody else has it for a moment: look again
    split,    ///< it was a part of something that is split now: look again
  };
  [[nodiscard]] UndoStep undo_entry(TmpfsInode& inode, Mapping::Found& found, Range<FileIndex> range, Undo undo,
                                    int& swaps_freed);
  void zero_partial(TmpfsInode& inode, FileIndex index, uint64_t from, uint64_t to);
  [[nodiscard]] int shmem_free_swap(Mapping& mapping, FileIndex index, SwapEntry entry, Range<FileIndex> range);
  void shmem_punch_hole(TmpfsInode& inode, ByteRange bytes);
  [[nodiscard]] Errno shmem_allocate(TmpfsInode& inode, PunchMode mode, ByteRange bytes);

  [[nodiscard]] Errno visit_for_unuse(TmpfsInode& inode, swap::SwapArea& area) QUIRE_REQUIRES(swaplist_mutex_);
  [[nodiscard]] Errno shmem_unuse_inode(TmpfsInode& inode, swap::SwapArea& area);
  [[nodiscard]] bool move_to_swap(TmpfsInode& inode, Folio& folio);
  [[nodiscard]] bool move_to_swap_or_split(TmpfsInode& inode, Folio& folio);
  void move_back_from_swap(TmpfsInode& inode, Folio& folio, FileIndex index);
  void add_to_swaplist(TmpfsInode& inode) QUIRE_REQUIRES(swaplist_mutex_);
  void del_from_swaplist(TmpfsInode& inode) QUIRE_REQUIRES(swaplist_mutex_);
  void shmem_evict_inode(TmpfsInode& inode);

  // fs/shmem_vector.cc
  void free_vector_entry(TmpfsInode& inode, SwapEntry entry);
  void free_stale_entry(TmpfsInode& inode, FileIndex index);
  void undo_vector(TmpfsInode& inode, Range<FileIndex> range);
  void unuse_vector(TmpfsInode& inode, const swap::SwapArea& area);
  void vector_first(TmpfsInode& inode, FileIndex index);

  rmap::Environment& env_;
  const unsigned index_bits_;
  const SwapForm swap_form_;
  sync::Mutex<sync::LockClass::shmem_swaplist_mutex> swaplist_mutex_;
  sync::Plain<TmpfsInode*, "shmem_swaplist"> swaplist_ QUIRE_GUARDED_BY(swaplist_mutex_){nullptr};
  /// All inodes, for check() and dump().
  sync::SpinLock<sync::LockClass::i_lock> inodes_lock_;
  sync::Plain<TmpfsInode*, "s_inodes"> inodes_ QUIRE_GUARDED_BY(inodes_lock_){nullptr};
};

/// What stands for a page that could not be read back. Linux: make_poisoned_swp_entry()
[[nodiscard]] constexpr SwapEntry swapin_error_entry() { return {base::SwapType(0xff), base::SwapOffset(1)}; }

}  // namespace quire::fs
