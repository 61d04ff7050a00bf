// Mapping: the pages of one file: index -> folio, or the swap entry of a page that tmpfs has swapped out.
//
// The state of an index, and what changes it (always under i_pages, for folios also under their lock):
//   none -> folio: add_folio        folio -> none: remove_folio
//   folio -> value: replace_folio   value -> folio: add_folio with `expected`    value -> none: take_value
//   value of an order above 0 -> values of order 0: split_value        folio -> another with its contents: move_folio
//
// I1  a folio at index i has mapping() == this and index() == i (for every page of a large folio the same head)
// I2  nr_pages = pages held by folios in the index; values are not counted
// I3  the index holds one reference to a folio per page of it
// I4  of a file system that writes back: a dirty folio has the tag dirty; the tag writeback <=> it is under writeback
// Locks: i_pages (shared for look-ups; spins) and i_mmap_rwsem for the mapped ranges; both made here. A look-up takes
// its reference under i_pages, so it never meets a freed folio. Linux: include/linux/fs.h struct address_space
//
//   FolioRef folio = mapping.get_folio(index);            // then lock it and compare folio->mapping()
//   bool mine = mapping.replace_value(index, entry);      // shmem_free_swap: only one caller gets true
#pragma once

#include <span>

#include "base/result.h"
#include "cache/errseq.h"
#include "cache/folios.h"
#include "cache/index_entry.h"
#include "cache/mapping_flags.h"
#include "cache/mapping_ops.h"
#include "cache/radix_tree.h"
#include "sync/check_report.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::rmap {
class MappedRange;
}

namespace quire::cache {

using base::Errno;
using base::Result;

/// Pages of many files that have the tags. Linux: NR_FILE_DIRTY, NR_WRITEBACK
struct WritebackCounts {
  sync::Atomic<uint64_t, "NR_FILE_DIRTY"> dirty{0};
  sync::Atomic<uint64_t, "NR_WRITEBACK"> writeback{0};
};

class Mapping {
 public:
  /// `bits` of the index per level; `host`: the file system's inode.
  Mapping(MappingOps& ops, void* host, unsigned bits, MappingFlags::Form form = MappingFlags::Form::separate)
      : ops_(ops), host_(host), flags_(form), index_(bits) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] MappingOps& ops() const { return ops_; }
  [[nodiscard]] void* host() const { return host_; }

  /// What an index holds; a folio comes with a reference.
  struct Found {
    FileIndex index;
    IndexEntry entry;
    FolioRef folio;
    /// The first index behind it. The folio need not be locked: a large one is at a multiple of its size.
    [[nodiscard]] FileIndex after() const {
      PageCount pages = folio ? folio->pages() : entry.order().pages();
      return index.align_down(pages) + pages;
    }
  };

  /// Puts `folio` (locked, not in any mapping) at its pages' indexes if each of them holds `expected` (none, or the
  /// value it replaces: the first index `expected`, each later one the next slot); takes one reference per page.
  /// -EEXIST if one does not, or is part of a value that is larger than the folio; -ENOMEM (fail point "slab"). Linux:
  /// mm/shmem.c shmem_add_to_page_cache(), mm/filemap.c filemap_add_folio()
  [[nodiscard]] Errno add_folio(Folio& folio, FileIndex index, IndexEntry expected = {});
  /// Takes `folio` (locked, in this mapping) out and clears its mapping. The caller puts the index's references, one
  /// per page. Linux: mm/filemap.c filemap_remove_folio()
  void remove_folio(Folio& folio);
  /// `to` (locked, in no mapping, as many pages) takes the places of `from` (locked, in this mapping), if nobody but
  /// the index and `references` of the caller's has that: then those are left. Linux: mm/migrate.c
  /// folio_migrate_mapping()
  [[nodiscard]] bool move_folio(Folio& from, Folio& to, int references);
  /// The large `folio` (locked, in this mapping, not mapped) is split into pages, each at its index, if nobody but the
  /// index and one reference of the caller's has it. Pages beyond the end of the file, but the first, leave it.
  /// Linux: mm/huge_memory.c __split_huge_page()
  [[nodiscard]] bool split_folio(Folio& folio);
  /// `to` (locked, large, in no mapping) takes the places of `from` (each locked, of one page, in this mapping, at
  /// ascending indexes), if nobody but the index and one reference of the caller's has them.
  /// Linux: mm/khugepaged.c collapse_file()
  [[nodiscard]] bool collapse_folios(std::span<Folio* const> from, Folio& to);
  /// Takes `folio` out and leaves one value of its order, from `entry` on; the caller puts the references.
  /// Linux: mm/shmem.c shmem_delete_from_page_cache()
  void replace_folio(Folio& folio, SwapEntry entry);
  /// Takes the value out that has `expected` at `index`, if it has: all of its pages, or this one alone if some are not
  /// in `range` (what is left is split). The pages taken; none: it is something else by now.
  /// Linux: mm/shmem.c shmem_free_swap()
  [[nodiscard]] base::Range<FileIndex> take_value(FileIndex index, SwapEntry expected, base::Range<FileIndex> range);
  /// From the value `expected` to another, of one page; false if the index no longer holds it. What it was a part of is
  /// split. Linux: mm/shmem.c shmem_set_folio_swapin_error()
  [[nodiscard]] bool replace_value(FileIndex index, SwapEntry expected, SwapEntry desired);
  /// The value that has `expected` at `index`, if it has, becomes values of one page each. Linux: mm/shmem.c
  /// shmem_split_large_entry()
  void split_value(FileIndex index, SwapEntry expected);

  /// The folio at `index`, or empty (also for a value). Linux: mm/filemap.c filemap_get_folio()
  [[nodiscard]] FolioRef get_folio(FileIndex index);
  /// Folio or value at `index`. Linux: mm/filemap.c filemap_get_entry()
  [[nodiscard]] Found get_entry(FileIndex index);
  /// The folio at `index`, held; empty if there is none. Sleeps. Linux: mm/filemap.c filemap_lock_folio()
  [[nodiscard]] HeldFolio lock_folio(FileIndex index);
  /// The same; if there is none, a new one allocated with `gfp`, not uptodate and on no list yet. The mask is the
  /// caller's and nobody else's: a file system that must not be entered again asks without FS here, and never changes
  /// what others use. -ENOMEM. For file systems whose index holds folios only. Sleeps. Linux: mm/filemap.c
  /// __filemap_get_folio() with FGP_LOCK and FGP_CREAT
  [[nodiscard]] Result<HeldFolio> find_or_create_folio(Folios& folios, FileIndex index, phys::Gfp gfp);
  /// The first entries in `range`, at most found.size(); a large folio appears once. Returns how many.
  /// Linux: mm/filemap.c find_get_entries()
  [[nodiscard]] std::size_t find_get_entries(base::Range<FileIndex> range, std::span<Found> found);

  // --- writeback (cache/mapping_writeback.cc); only for file systems that write back
  // The folio is dirty: it, and its place, which is how writeback finds it. Whether it was not. It may have left the
  // file meanwhile: then it is marked alone. Linux: mm/page-writeback.c filemap_dirty_folio()
  bool filemap_dirty_folio(Folio& folio);
  /// `folio` (locked, in this mapping, cleared for I/O) is being written: what its place says follows, and what was to
  /// be written no more is. Linux: folio_start_writeback()
  void start_writeback(Folio& folio);
  /// Somebody may have truncated it, but for the reference of whoever writes it. Linux: folio_end_writeback()
  void end_writeback(Folio& folio);
  /// What is dirty in `range` now is to be written, and nothing that becomes dirty later: an integrity writeback ends
  /// although others go on writing. Linux: tag_pages_for_writeback()
  void tag_pages_for_writeback(base::Range<FileIndex> range);
  /// The first folios in `range` that have the tag. Linux: mm/filemap.c filemap_get_folios_tag()
  [[nodiscard]] std::size_t find_get_folios_tag(base::Range<FileIndex> range, IndexTag tag, std::span<Found> found);
  /// Linux: mapping_tagged()
  [[nodiscard]] bool tagged(IndexTag tag);
  [[nodiscard]] bool peek_tagged(IndexTag tag) const { return index_.peek_tagged_from(0, tag).has_value(); }
  /// Where a cyclic writeback goes on. Linux: mapping->writeback_index
  [[nodiscard]] FileIndex writeback_index() const { return FileIndex(writeback_index_.load(sync::Order::relaxed)); }
  void set_writeback_index(FileIndex index) { writeback_index_.store(index.value(), sync::Order::relaxed); }

  /// What was to be written, and could not be: everybody who has the file open will hear of it, and who asks the flags
  /// next. Nothing for `ok`; -ENOSPC is one flag, anything else the other. Linux: include/linux/pagemap.h
  /// mapping_set_error()
  void set_error(Errno error);
  [[nodiscard]] Errseq& wb_err() { return wb_err_; }
  [[nodiscard]] MappingFlags& flags() { return flags_; }
  [[nodiscard]] const MappingFlags& flags() const { return flags_; }

  /// Counted besides, by everybody's pages; before the first page. Linux: struct bdi_writeback, its stat
  void set_counts(WritebackCounts* counts) { counts_ = counts; }
  /// Where errors are recorded besides, for all files of a file system; before the first error. Linux: sb->s_wb_err
  void set_sb_wb_err(Errseq* errors) { sb_wb_err_ = errors; }

  /// Linux: mapping->nrpages
  [[nodiscard]] PageCount nr_pages() const { return PageCount(nr_pages_.load(sync::Order::relaxed)); }
  [[nodiscard]] PageCount peek_nr_pages() const { return PageCount(nr_pages_.peek()); }

  /// The mapped ranges of the file, an interval tree of rmap's.
  using MapLock = sync::RwSemaphore<sync::LockClass::i_mmap_rwsem>;
  MapLock i_mmap_rwsem;
  rmap::MappedRange* i_mmap QUIRE_GUARDED_BY(i_mmap_rwsem) = nullptr;

  /// What `index` holds: at quiescent points.
  [[nodiscard]] IndexEntry peek_entry(FileIndex index) const {
    auto at = index_.peek_from(index.value());
    return at && at->index == index.value() ? IndexEntry::from_word(at->word) : IndexEntry();
  }
  /// Calls visit(FileIndex, IndexEntry) for every entry: at quiescent points.
  template <typename Visit>
  void peek_entries(Visit visit) const {
    for (auto at = index_.peek_from(0); at; at = index_.peek_from(at->index + 1))
      visit(FileIndex(at->index), IndexEntry::from_word(at->word));
  }
  /// I1 to I4.
  void check(sync::CheckReport& report) const;

 private:
  [[nodiscard]] Found found_at(RadixTree::Found at);
  [[nodiscard]] bool all_hold_locked(base::Range<FileIndex> range, IndexEntry expected, Order order) const;
  void split_value_locked(FileIndex index, IndexEntry value);
  void tag_locked(const Folio& folio, IndexTag tag);
  void untag_locked(FileIndex index, IndexTag tag);
  void untag_locked(const Folio& folio, IndexTag tag);
  void check_tags(FileIndex index, const Folio& folio, sync::CheckReport& report) const;

  MappingOps& ops_;
  void* const host_;
  WritebackCounts* counts_ = nullptr;
  Errseq* sb_wb_err_ = nullptr;
  sync::Atomic<uint64_t, "mapping->writeback_index"> writeback_index_{0};
  MappingFlags flags_;
  Errseq wb_err_;
  sync::RwLock<sync::LockClass::i_pages_lock> i_pages_;
  RadixTree index_;
  sync::Atomic<uint64_t, "mapping->nrpages"> nr_pages_{0};
};

}  // namespace quire::cache
