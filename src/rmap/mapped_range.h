// MappedRange: a stretch of an address space that maps a stretch of a file or of an anonymous tree, as seen from the
// pages.
//
// mm's Vma is one. A range is linked into the tree of its file's mapping, into those of its AnonVmas
// (anon_vma_chain.h), or, being a private mapping of a file, into both. MappedSpace is what the reverse map needs of
// the address space around it.
// I1  pages() and first_index() change only with mmap_lock held for writing and, of a linked range, under the locks of
//     its trees
// I2  a linked range's address space and page tables exist: they are torn down only after unlinking
// Locks: links under i_mmap_rwsem or anon_vma_rwsem, inside mmap_lock and the folio lock. Linux: mm/interval_tree.c
//
//   FileRanges::walk(mapping.i_mmap, indexes, [&](MappedRange& range) {
//     range.zap(pages_of(range, indexes), details);
//     return true;
//   });
#pragma once

#include "base/defects.h"
#include "base/types.h"
#include "cache/mapping.h"
#include "pgtable/page_table.h"
#include "pgtable/tlb.h"
#include "rmap/anon_vma_chain.h"
#include "rmap/huge_zero.h"
#include "rmap/interval_tree.h"
#include "rmap/rss_counters.h"
#include "rmap/zap_details.h"
#include "swap/areas.h"

namespace quire::rmap {

using base::Errno;
using base::FileIndex;
using base::PageCount;
using base::Pfn;
using base::Range;
using base::VirtPage;
using cache::Folio;

/// How a mapping says that it is used. Linux: VM_RAND_READ, VM_SEQ_READ
enum class ReadAdvice : uint8_t { normal, random, sequential };

/// Keeps a mapped file alive; implemented by fs's inode. One reference per range and per open file.
class FileBacking {
 public:
  explicit FileBacking(cache::Mapping& mapping) : mapping_(mapping) {}
  [[nodiscard]] cache::Mapping& mapping() const { return mapping_; }
  /// The caller has a reference.
  virtual void get() = 0;
  /// The last one takes the file's pages with it; sleeps.
  virtual void put() = 0;
  /// Whether it is open for writing: may be shared with a mapping that can be written. Linux: FMODE_WRITE
  [[nodiscard]] virtual bool may_write() const { return true; }
  /// Before a fault looks for the page at `index`: it and others may be read ahead. Sleeps. Linux: mm/filemap.c
  /// do_sync_mmap_readahead(), do_async_mmap_readahead()
  virtual void read_ahead_of_fault(FileIndex index, ReadAdvice advice) { (void)index, (void)advice; }
  /// Zeroes `bytes` from `offset` on and frees the pages that are wholly in there; -EOPNOTSUPP. Sleeps.
  /// Linux: mm/madvise.c madvise_remove(), vfs_fallocate()
  [[nodiscard]] virtual Errno punch_hole(uint64_t offset, uint64_t bytes) {
    (void)offset, (void)bytes;
    return Errno::eopnotsupp;
  }

 protected:
  ~FileBacking() = default;

 private:
  cache::Mapping& mapping_;
};

/// What happens when nothing is left to reclaim: the allocation fails, or a process is killed.
enum class OomPolicy : uint8_t { fail, kill };

/// What all address spaces of a machine have in common; owned by the machine.
struct Environment {
  cache::Folios& folios;
  swap::SwapAreas& swap;
  AnonVmas& anon_vmas;
  pgtable::Tlbs& tlbs;
  base::DefectSet defects;
  base::Order thp_order;       ///< of a large anonymous folio
  pgtable::Geometry geometry;  ///< of page tables
  PunchedPoison punched_poison = PunchedPoison::keep_all;
  swap::ThpSwap thp_swap = swap::ThpSwap::pte;
  HugeZeroPage* huge_zero = nullptr;  ///< only if huge pages of zeros are mapped
  OomPolicy oom = OomPolicy::fail;
  PageCount fault_around{1};  ///< pages, a power of two; 1: a fault maps its page alone. Linux: fault_around_bytes

  /// A folio of this order is mapped by one PMD entry. Linux: HPAGE_PMD_ORDER
  [[nodiscard]] base::Order pmd_order() const { return base::Order(geometry.pte_bits); }
  [[nodiscard]] bool pmd_mappable(const Folio& folio) const { return folio.order() == pmd_order(); }
};

/// The part of an address space that page-table walks from below work on.
class MappedSpace : public swap::SwapUser {
 public:
  explicit MappedSpace(Environment& environment) : env(environment), tables(environment.geometry) {}
  MappedSpace(const MappedSpace&) = delete;
  MappedSpace& operator=(const MappedSpace&) = delete;

  Environment& env;
  pgtable::PageTables tables;
  pgtable::TlbSpace tlb;
  RssCounters rss;

  /// After entries of `pages` have lost rights, before anybody relies on it.
  void flush_tlb(Range<VirtPage> pages) { env.tlbs.flush_tlb_range(tlb, pages); }
  void flush_tlb(VirtPage page) { flush_tlb(Range<VirtPage>::of(page, PageCount(1))); }

 protected:
  ~MappedSpace() = default;
};

class MappedRange {
 public:
  /// Which pages, and the index of the first.
  struct Span {
    Range<VirtPage> pages;
    FileIndex first_index;
    [[nodiscard]] FileIndex index_of(VirtPage page) const { return first_index + (page - pages.start()); }
    [[nodiscard]] VirtPage page_of(FileIndex index) const { return pages.start() + (index - first_index); }
  };

  MappedRange(MappedSpace& space, const Span& span) : space_(space), span_(span) {}
  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

  [[nodiscard]] MappedSpace& space() const { return space_; }
  [[nodiscard]] const Span& span() const { return span_.get(); }
  [[nodiscard]] const Range<VirtPage>& pages() const { return span().pages; }
  /// Of an anonymous range: the number of its first page when it was made, kept when it moves (mremap).
  [[nodiscard]] FileIndex first_index() const { return span().first_index; }
  [[nodiscard]] Range<FileIndex> indexes() const { return indexes_of(span()); }
  [[nodiscard]] FileIndex index_of(VirtPage page) const { return span().index_of(page); }
  /// `index` must be in indexes().
  [[nodiscard]] VirtPage page_of(FileIndex index) const { return span().page_of(index); }
  [[nodiscard]] const Range<VirtPage>& peek_pages() const { return span_.peek().pages; }
  [[nodiscard]] FileIndex peek_index_of(VirtPage page) const { return span_.peek().index_of(page); }
  [[nodiscard]] static Range<FileIndex> indexes_of(const Span& span) {
    return Range<FileIndex>::of(span.first_index, span.pages.size());
  }

  /// Removes the entries of `pages` as far as `details` says. Needs the file's i_mmap_rwsem or mmap_lock.
  /// Linux: mm/memory.c zap_page_range_single()
  virtual void zap(Range<VirtPage> pages, const ZapDetails& details) = 0;
  /// Whether its pages stay in memory: they are not unmapped to be reclaimed. Linux: VM_LOCKED
  [[nodiscard]] bool mlocked() const { return mlocked_.load(sync::Order::relaxed) != 0; }

  IntervalLink<MappedRange> file_link;
  AnonChains anon_chains;

 protected:
  ~MappedRange() = default;
  enum class PagesStay : uint8_t { no, yes };
  void set_mlocked(PagesStay stay) { mlocked_.store(static_cast<uint8_t>(stay), sync::Order::relaxed); }

 private:
  friend class LockedTrees;
  MappedSpace& space_;
  sync::Plain<Span, "vma->vm_start"> span_;
  sync::Atomic<uint8_t, "VM_LOCKED"> mlocked_{0};
};

using FileRanges = IntervalTree<MappedRange, &MappedRange::file_link>;

/// The trees of a range, of the file and of the family of AnonVmas, either of which may be missing, locked for writing
/// while the object lives: a walk sees all that is done here, or nothing. Sleeps. Linux: mm/vma.c vma_prepare(),
/// vma_complete(); mm/mremap.c take_rmap_locks()
class LockedTrees {
 public:
  LockedTrees(cache::Mapping* mapping, AnonVma* anon_vma) QUIRE_NO_THREAD_SAFETY_ANALYSIS;
  ~LockedTrees() QUIRE_NO_THREAD_SAFETY_ANALYSIS;
  LockedTrees(const LockedTrees&) = delete;
  LockedTrees& operator=(const LockedTrees&) = delete;

  void link(MappedRange& range) QUIRE_NO_THREAD_SAFETY_ANALYSIS;
  void unlink(MappedRange& range) QUIRE_NO_THREAD_SAFETY_ANALYSIS;
  /// `range`, linked, is somewhere else from now on, or has another size.
  void resize(MappedRange& range, const MappedRange::Span& span);

 private:
  cache::Mapping* mapping_;
  AnonVma* anon_vma_;
};

/// Links `range` into the file's tree. Sleeps. Linux: mm/mmap.c vma_link_file()
void link_file_range(cache::Mapping& mapping, MappedRange& range);
/// Linux: mm/mmap.c unlink_file_vma()
void unlink_file_range(cache::Mapping& mapping, MappedRange& range);
/// Links `range` into the tree of each of its AnonVmas, of which it has one at least. Sleeps.
/// Linux: mm/rmap.c anon_vma_chain_link()
void link_anon_range(MappedRange& range);
/// Unlinks and drops the chains. Linux: mm/rmap.c unlink_anon_vmas()
void unlink_anon_range(AnonVmas& pool, MappedRange& range);

/// Zaps `indexes` in every range that maps them; markers stay. Sleeps; takes no folio lock.
/// Linux: mm/memory.c unmap_mapping_range()
void unmap_mapping_range(cache::Mapping& mapping, Range<FileIndex> indexes, EvenCows even_cows);
/// Zaps what maps `folio` (locked, in `mapping`), never a private copy. Linux: mm/memory.c unmap_mapping_folio()
void unmap_mapping_folio(cache::Mapping& mapping, Folio& folio);

}  // namespace quire::rmap
