// rmap_walk(): from a folio to the entries that map it.
//
// RmapHold keeps the way to the ranges open while the folio (locked) is not mapped for a moment: during a migration no
// entry is left that would keep the AnonVma. for_each_mapping() then finds the entries of one range: a huge page's PMD
// entry, or PTEs: present, migration or device entries whose frame is of the folio.
// Locks: takes anon_vma_rwsem or i_mmap_rwsem shared, inside them pmd_lock or PTL. Sleeps.
// Linux: mm/rmap.c rmap_walk(), mm/page_vma_mapped.c page_vma_mapped_walk()
//
//   RmapHold(env, folio).walk([&](MappedRange& range) {
//     return for_each_mapping(range, Extent::of(folio), on_pmd, on_pte);
//   });
#pragma once

#include <algorithm>

#include "rmap/mapped_range.h"

namespace quire::rmap {

using pgtable::LeafTable;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;
using pgtable::Pmd;
using pgtable::Pte;
using pgtable::PteBit;
using pgtable::PteKind;

enum class Walk : uint8_t { go_on, stop };

class RmapHold {
 public:
  /// `folio` is locked. Holds nothing if an anonymous folio is not mapped.
  RmapHold(Environment& env, const Folio& folio);
  ~RmapHold() {
    if (anon_vma_ != nullptr) env_.anon_vmas.put(*anon_vma_);
  }
  RmapHold(const RmapHold&) = delete;
  RmapHold& operator=(const RmapHold&) = delete;

  /// Calls visit(MappedRange&) -> Walk for each range that may map the folio, a parent's before that of the child into
  /// which it is being copied.
  template <typename Visit>
  void walk(Visit visit) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    if (anon_vma_ != nullptr) {
      sync::SharedGuard guard(anon_vma_->rwsem());
      AnonRanges::walk(anon_vma_->ranges, indexes_,
                       [&](AnonVmaChain& chain) { return visit(chain.range) == Walk::go_on; });
    } else if (mapping_ != nullptr) {
      sync::SharedGuard guard(mapping_->i_mmap_rwsem);
      FileRanges::walk(mapping_->i_mmap, indexes_, [&](MappedRange& range) { return visit(range) == Walk::go_on; });
    }
  }

 private:
  Environment& env_;
  AnonVma* anon_vma_ = nullptr;
  cache::Mapping* mapping_ = nullptr;
  /// Of the folio when it was met: where it is looked for also after it was replaced.
  Range<FileIndex> indexes_;
};

/// Where a folio is in its file or tree, and in RAM; read while it is locked, good until it moves.
struct Extent {
  Range<FileIndex> indexes;
  Range<Pfn> frames;
  [[nodiscard]] static Extent of(const Folio& folio) {
    return {Range<FileIndex>::of(folio.index(), folio.pages()), Range<Pfn>::of(folio.pfn(), folio.pages())};
  }
  /// Whether `pte` is of one of the frames, present or not.
  [[nodiscard]] bool maps(Pte pte) const {
    return pte.has_pfn() && pte.kind() != PteKind::hwpoison && frames.contains(pte.pfn());
  }
};

/// Calls on_pmd(LeafTable&, VirtPage first) -> Walk where a PMD entry maps the extent at the moment, no lock held;
/// then, if there are PTEs by now, on_pte(LockedPageTable&, VirtPage, Pte) -> Walk for each that does.
template <typename OnPmd, typename OnPte>
Walk for_each_mapping(MappedRange& range, const Extent& extent, OnPmd on_pmd, OnPte on_pte) {
  Range<FileIndex> common = range.indexes().intersection(extent.indexes);
  if (common.empty()) return Walk::go_on;
  Walk walk = Walk::go_on;
  const pgtable::PageTables& tables = range.space().tables;
  tables.for_each_leaf(Range<VirtPage>::of(range.page_of(common.start()), common.size()),
                       [&](LeafTable* leaf, Range<VirtPage> part) {
                         if (leaf == nullptr || walk == Walk::stop) return;
                         if (extent.frames.size() > PageCount(1)) {
                           Pmd pmd = leaf->pmd();
                           if (pmd.is_huge() && extent.maps(pmd.entry()))
                             walk = on_pmd(*leaf, tables.leaf_range(part.start()).start());
                           if (walk == Walk::stop) return;
                         }
                         LockedPageTable table(*leaf);
                         if (!table) return;
                         for (VirtPage page = part.start(); page < part.limit() && walk == Walk::go_on; ++page)
                           if (Pte pte = table.get(page); extent.maps(pte)) walk = on_pte(table, page, pte);
                       });
  return walk;
}

}  // namespace quire::rmap
