// try_to_unmap(): takes a folio out of every page table, so that it can be written out or thrown away.
//
// For an anonymous folio (in the swap cache) each present entry becomes a swap entry with a reference of its own; for a
// page of a file it becomes none. The folio is locked, so no entry for it can appear meanwhile; the caller looks at
// folio.mapped() to see whether all went. Sleeps (anon_vma_rwsem or i_mmap_rwsem; inside them page_table_lock).
// Linux: mm/rmap.c
#pragma once

#include "rmap/mapped_range.h"

namespace quire::rmap {

void try_to_unmap(Environment& env, Folio& folio);

}  // namespace quire::rmap
