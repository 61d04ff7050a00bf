// Huge pages in page tables: one PMD entry for the 2^pmd_order pages of a folio.
//
// A PMD mapping is one mapping and one reference of the folio, and counts with all its pages in the RSS counters. Of a
// folio mapped so, anon_exclusive is said by its first page; when the mapping is split into PTEs each page says it for
// itself. Linux: mm/huge_memory.c
//
// A PMD swap entry becomes PTE swap entries of the same slots, which are counted already (swap/huge_cluster.cc).
//
//   if (leaf.pmd().is_huge()) split_huge_pmd(space, leaf, page);
#pragma once

#include "rmap/mapped_range.h"

namespace quire::rmap {

enum class HugeSplit : uint8_t {
  nothing,  ///< it was not huge
  into_ptes,
  taken_away,  ///< what is mapped there now was mapped afterwards
};

/// The PMD entry around `at`, if huge, becomes a table of PTEs that map the same pages, with the same rights; a file's
/// is just taken away, since the next access finds the page again. Takes pmd_lock. Linux: __split_huge_pmd()
HugeSplit split_huge_pmd(MappedSpace& space, pgtable::LeafTable& leaf, VirtPage at);
/// The same with the lock held.
HugeSplit split_huge_pmd_locked(MappedSpace& space, pgtable::LockedPmd& pmd, VirtPage at);

}  // namespace quire::rmap
