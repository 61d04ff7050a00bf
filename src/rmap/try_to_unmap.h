// try_to_unmap(): takes a folio out of every page table, so that it can be written out, thrown away, or given up.
//
// For an anonymous folio (in the swap cache) each present entry becomes a swap entry with a reference of its own; for a
// page of a file it becomes none; for a page that has failed (hwpoison) an entry that says so. A huge mapping is split
// first, unless it can become one swap entry (ThpSwap::pmd). The folio is locked, so no entry for it can appear
// meanwhile; the caller looks at folio.mapped() to see whether all went: not if a mapping is met whose pages stay
// (mlock). Sleeps (anon_vma_rwsem or i_mmap_rwsem; inside them pmd_lock and page_table_lock). Linux: mm/rmap.c
#pragma once

#include "rmap/mapped_range.h"

namespace quire::rmap {

/// What to leave behind where a page with the flag hwpoison was mapped.
enum class UnmapPoison : uint8_t {
  as_others,  ///< the page's contents are of no more use, or fine (TTU_IGNORE_HWPOISON)
  mark,       ///< an hwpoison entry: whoever comes is told
};

/// Whether mappings whose pages stay (mlock) keep them here.
enum class Mlocked : uint8_t {
  keep,
  unmap,  ///< they get them back at once, or the pages have failed (TTU_IGNORE_MLOCK)
};

struct Unmap {
  UnmapPoison poison = UnmapPoison::as_others;
  Mlocked mlocked = Mlocked::keep;
};

void try_to_unmap(Environment& env, Folio& folio, Unmap how = {});

}  // namespace quire::rmap
