// BlockFs: a small file system with a store behind the page cache: named files in one flat directory.
//
// A file exists as long as its name, or somebody, keeps it. What an index of a file holds:
//   hole of the cache -> folio, read from the store: fault, pread, pwrite      folio -> hole: reclaim when clean,
//   truncation, hole punch, invalidation. Its pages are never swapbacked (RSS class FILE).
// A folio is newer than the store while it is dirty, or while an entry of a page table is: fsync and reclaim write it.
//
// The store is memory with room for everything, or a device with extents (fs/extent_store.h), which can be full.
//
// I1  a cached page that is uptodate, clean, and not mapped is what the store has
// I2  the index holds folios only, no values
// Locks: directory, i_rwsem (writers of size and layout) > invalidate_lock (shared: filling the cache; exclusive:
// removing pages for truncation and hole punch) > folio lock > i_mmap_rwsem; i_lock of the store inside everything.
// Linux: mm/filemap.c, mm/truncate.c, mm/page-writeback.c; the order of steps as in fs/ext4/inode.c
//
//   Result<BlockInode*> file = block_fs.open("f", Create::yes);     // one reference
//   (*file)->pwrite(bytes, 0), (*file)->fsync();
#pragma once

#include <string_view>

#include <variant>

#include "fs/bdi_writeback.h"
#include "fs/extent_store.h"
#include "fs/inode.h"
#include "fs/page_store.h"
#include "fs/writeback.h"

namespace quire::fs {

class BlockFs;

/// What open() does about a name that is not there, or is. Linux: O_CREAT, O_EXCL
enum class Create : uint8_t { no, yes, must };

class BlockInode final : public Inode {
 public:
  BlockInode(BlockFs& fs, std::string_view name);

  [[nodiscard]] std::string_view name() const { return store_.name(); }

  // Inode
  /// Counts what takes room: a page that was never written out may have no block yet.
  [[nodiscard]] uint64_t st_blocks() override { return store_.stored() * (base::kPageSize / 512); }
  [[nodiscard]] Errno ftruncate(uint64_t bytes) override;
  [[nodiscard]] Errno fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) override;
  [[nodiscard]] Result<uint64_t> pread(std::span<std::byte> to, uint64_t offset) override {
    return filemap_read(to, offset, nullptr);
  }
  [[nodiscard]] Result<uint64_t> pwrite(std::span<const std::byte> from, uint64_t offset) override;
  [[nodiscard]] Errno fsync(Range<FileIndex> range) override { return filemap_write_and_wait(mapping_, range); }
  void sync_filesystem() override;
  [[nodiscard]] cache::Errseq* s_wb_err() override;
  [[nodiscard]] uint32_t ra_pages() const override;
  [[nodiscard]] Result<uint64_t> pread_ahead(std::span<std::byte> to, uint64_t offset, FileReadahead& ra) override {
    return filemap_read(to, offset, &ra);
  }
  void mmap_readahead(FileReadahead& ra, FileIndex index, rmap::ReadAdvice advice) override;
  void force_readahead(Range<FileIndex> range) override;
  /// I1, I2, and what Mapping::check() says.
  void check(sync::CheckReport& report) const override;

  /// List of all inodes: BlockFs's, under its inodes_lock.
  BlockInode* next_inode = nullptr;
  BlockInode* previous_inode = nullptr;

 private:
  friend class BlockFs;
  void evict() override;
  /// Has its name still, and a reference for that; under the directory's lock.
  bool linked_ = true;

  // fs/block_read.cc
  enum class Fill : uint8_t { read, overwrite };
  [[nodiscard]] Result<HeldFolio> filemap_read_folio(FileIndex index, Fill fill);
  [[nodiscard]] Result<FolioRef> filemap_get_pages(FileIndex index);
  [[nodiscard]] cache::FaultResult filemap_fault(FileIndex index);
  [[nodiscard]] Result<uint64_t> filemap_read(std::span<std::byte> to, uint64_t offset, FileReadahead* ra);

  // fs/block_readahead.cc
  struct ReadRun;
  void read_run(ReadRun& run);
  [[nodiscard]] Errno add_to_run(ReadRun& run, FileIndex index, Gfp gfp);
  void page_cache_ra(const ReadaheadWindow& window);
  [[nodiscard]] uint64_t cached_before(FileIndex index, uint64_t max);
  [[nodiscard]] uint64_t next_miss(FileIndex index, uint64_t max);
  void sync_readahead(FileReadahead& ra, FileIndex index, uint64_t wanted);
  void async_readahead(FileReadahead& ra, Folio& folio, FileIndex index, uint64_t wanted);
  void read_ahead(FileReadahead& ra, FileIndex index, uint64_t wanted);

  // fs/block_write.cc
  /// Room for a page that is about to be written to, if this is when it gets some: -ENOSPC.
  [[nodiscard]] Errno allocate_at_write(FileIndex index);
  [[nodiscard]] Result<HeldFolio> write_begin(FileIndex index, Fill fill);
  [[nodiscard]] Errno write_part(std::span<const std::byte> from, uint64_t offset);
  [[nodiscard]] Errno writepage(Folio& folio, WritebackControl& wbc);
  [[nodiscard]] Errno get_block(FileIndex index);
  [[nodiscard]] Errno write_out(Folio& folio, FileIndex index);
  [[nodiscard]] Errno launder_folio(Folio& folio);

  /// With their folios in the cache, what a truncation or a hole punch takes a part of only.
  struct PartialPages {
    FolioRef folios[2];
    unsigned count = 0;
  };
  [[nodiscard]] Result<PartialPages> read_partial_pages(ByteRange bytes);
  void dirty_partial_pages(PartialPages& pages);

  using Storage = std::variant<PageStore, ExtentStore>;
  [[nodiscard]] static Storage make_storage(BlockFs& fs, std::string_view name);

  BlockFs& fs_;
  Storage storage_;
  FileStore& store_;
  WbInode wb_inode_{mapping_};  ///< on no list if the file system has no flusher
  /// Linux: mapping->invalidate_lock
  sync::RwSemaphore<sync::LockClass::invalidate_lock> invalidate_lock_;
};

class BlockFs final : public cache::MappingOps {
 public:
  static constexpr std::size_t kNameMax = 255;

  /// `volume`: where its pages are stored; nullptr: in memory, with room for everything. `wb`: who writes them back;
  /// nullptr: whoever syncs or reclaims. `ra_pages`: what is read ahead at once; 0: nothing.
  BlockFs(rmap::Environment& env, unsigned index_bits, BlockVolume* volume = nullptr, BdiWriteback* wb = nullptr,
          uint32_t ra_pages = 0)
      : env_(env), index_bits_(index_bits), volume_(volume), wb_(wb), ra_pages_(ra_pages) {}
  /// Nobody has a file open.
  ~BlockFs();
  BlockFs(const BlockFs&) = delete;
  BlockFs& operator=(const BlockFs&) = delete;

  /// The file of that name with one more reference. -ENOENT (also: the name is empty or has a slash), -EEXIST,
  /// -ENAMETOOLONG. Sleeps. Linux: fs/namei.c open_last_lookups()
  [[nodiscard]] Result<BlockInode*> open(std::string_view name, Create create);
  /// The name goes; the file too, if nobody has it open. -ENOENT. Sleeps. Linux: fs/namei.c do_unlinkat()
  [[nodiscard]] Errno unlink(std::string_view name);
  /// Writes what is dirty of every file, and waits for it. What could not be written is told by the files and by
  /// s_wb_err. Sleeps. Linux: fs/sync.c sync_filesystem()
  void sync_filesystem();

  // MappingOps
  [[nodiscard]] cache::FaultResult fault(Mapping& mapping, FileIndex index) override;
  [[nodiscard]] Errno writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) override;
  [[nodiscard]] Result<HeldFolio> find_or_create(Mapping& mapping, FileIndex index, Gfp gfp) override;
  [[nodiscard]] Errno writepages(Mapping& mapping, WritebackControl& wbc) override;
  bool dirty_folio(Mapping& mapping, Folio& folio) override;
  [[nodiscard]] Errno page_mkwrite(Mapping& mapping, Folio& folio) override;
  void balance_dirty_pages(Mapping&) override {
    if (wb_ != nullptr) wb_->balance_dirty_pages();
  }
  [[nodiscard]] PageCount size_pages(const Mapping& mapping) const override;
  [[nodiscard]] Errno launder_folio(Mapping& mapping, Folio& folio) override;
  [[nodiscard]] bool error_remove_folio(Mapping& mapping, Folio& folio) override;

  /// Calls visit(const BlockInode&) for each, the newest first: at quiescent points.
  template <typename Visit>
  void peek_inodes(Visit visit) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    for (const BlockInode* inode = inodes_.peek(); inode != nullptr; inode = inode->next_inode) visit(*inode);
  }
  void check(sync::CheckReport& report) const;

 private:
  friend class BlockInode;

  rmap::Environment& env_;
  const unsigned index_bits_;
  BlockVolume* const volume_;
  BdiWriteback* const wb_;
  const uint32_t ra_pages_;  ///< Linux: bdi->ra_pages
  [[nodiscard]] BlockInode* lookup(std::string_view name) QUIRE_REQUIRES(directory_lock_);
  void remove_inode(BlockInode& inode);
  [[nodiscard]] InodeRef inode_after(Inode* inode);

  /// The directory's.
  sync::RwSemaphore<sync::LockClass::i_rwsem> directory_lock_;
  /// Linux: s_inode_list_lock
  sync::SpinLock<sync::LockClass::i_lock> inodes_lock_;
  sync::Plain<BlockInode*, "s_inodes"> inodes_ QUIRE_GUARDED_BY(inodes_lock_){nullptr};
  cache::Errseq s_wb_err_;
};

}  // namespace quire::fs
