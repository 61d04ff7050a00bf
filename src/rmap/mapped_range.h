// MappedRange: a stretch of an address space that maps a stretch of a file or of an anonymous tree, as seen from the
// pages.
//
// mm's Vma is one. A range is linked into its file's mapping (file_next), into its AnonVma (anon_next), or, being a
// private mapping of a file, into both. MappedSpace is what the reverse map needs of the address space around it. I1
// pages() changes only with mmap_lock held for writing and, of a linked range, under the locks of its lists I2  a
// linked range's address space and page tables exist: they are torn down only after unlinking Locks: links under
// i_mmap_rwsem or anon_vma_rwsem, from outside mmap_lock and the folio lock. Linux: mm/interval_tree.c
//
//   for (MappedRange* r = mapping.i_mmap_first; r != nullptr; r = r->file_next)
//     if (r->contains(index)) unmap(r->space(), r->page_of(index));
#pragma once

#include "base/defects.h"
#include "base/types.h"
#include "cache/mapping.h"
#include "pgtable/page_table.h"
#include "pgtable/tlb.h"
#include "rmap/anon_vma.h"
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

/// Keeps a mapped file alive; implemented by fs's inode. One reference per range and per open file.
class FileBacking {
 public:
  explicit FileBacking(cache::Mapping& mapping) : mapping_(mapping) {}
  [[nodiscard]] cache::Mapping& mapping() const { return mapping_; }
  /// The caller has a reference.
  virtual void get() = 0;
  /// The last one takes the file's pages with it; sleeps.
  virtual void put() = 0;

 protected:
  ~FileBacking() = default;

 private:
  cache::Mapping& mapping_;
};

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
  MappedRange(MappedSpace& space, Range<VirtPage> pages, FileIndex first_index)
      : space_(space), pages_(pages), first_index_(first_index) {}
  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

  [[nodiscard]] MappedSpace& space() const { return space_; }
  [[nodiscard]] const Range<VirtPage>& pages() const { return pages_.get(); }
  [[nodiscard]] FileIndex first_index() const { return first_index_; }
  [[nodiscard]] Range<FileIndex> indexes() const { return Range<FileIndex>::of(first_index_, pages().size()); }
  [[nodiscard]] FileIndex index_of(VirtPage page) const { return first_index() + (page - pages().start()); }
  /// `index` must be in indexes().
  [[nodiscard]] VirtPage page_of(FileIndex index) const { return pages().start() + (index - first_index()); }
  [[nodiscard]] const Range<VirtPage>& peek_pages() const { return pages_.peek(); }
  [[nodiscard]] FileIndex peek_index_of(VirtPage page) const { return first_index_ + (page - peek_pages().start()); }

  /// Removes the entries of `pages` as far as `details` says. Needs the file's i_mmap_rwsem or mmap_lock.
  /// Linux: mm/memory.c zap_page_range_single()
  virtual void zap(Range<VirtPage> pages, const ZapDetails& details) = 0;

  MappedRange* file_next = nullptr;
  MappedRange* file_previous = nullptr;
  MappedRange* anon_next = nullptr;
  MappedRange* anon_previous = nullptr;

 protected:
  ~MappedRange() = default;
  /// Keeps the pages before `at`; `upper`, not linked yet, has those from `at` on. Both are linked afterwards, and
  /// nobody who walks a list sees a moment in which a page is in neither. Sleeps. Linux: mm/vma.c vma_prepare(),
  /// vma_complete()
  void split_links(VirtPage at, MappedRange& upper, cache::Mapping* mapping, AnonVma* anon_vma);

 private:
  MappedSpace& space_;
  sync::Plain<Range<VirtPage>, "vma->vm_start"> pages_;
  const FileIndex first_index_;
};

/// Links `range` into the file's list. Sleeps. Linux: mm/mmap.c vma_link_file()
void link_file_range(cache::Mapping& mapping, MappedRange& range);
/// Linux: mm/mmap.c unlink_file_vma()
void unlink_file_range(cache::Mapping& mapping, MappedRange& range);
/// Links `range`, whose owner has got a reference to `anon_vma` for it. Sleeps. Linux: mm/rmap.c anon_vma_chain_link()
void link_anon_range(AnonVma& anon_vma, MappedRange& range);
/// Unlinks and puts the range's reference. Linux: mm/rmap.c unlink_anon_vmas()
void unlink_anon_range(AnonVmas& pool, AnonVma& anon_vma, MappedRange& range);

/// Zaps `indexes` in every range that maps them; markers stay. Sleeps; takes no folio lock.
/// Linux: mm/memory.c unmap_mapping_range()
void unmap_mapping_range(cache::Mapping& mapping, Range<FileIndex> indexes, EvenCows even_cows);
/// Zaps what maps `folio` (locked, in `mapping`), never a private copy. Linux: mm/memory.c unmap_mapping_folio()
void unmap_mapping_folio(cache::Mapping& mapping, Folio& folio);

}  // namespace quire::rmap
