// folio_referenced(): whether programs have used a folio since it was asked last.
//
// The accessed bits of all its entries are counted and cleared. What CPUs remember is not flushed, as on x86: a use
// through a translation that is remembered may pass unseen. The folio is locked. Sleeps (anon_vma_rwsem or
// i_mmap_rwsem; inside them pmd_lock and page_table_lock). Linux: mm/rmap.c folio_referenced()
//
//   if (rmap::folio_referenced(env, *locked) > 0) ...
#pragma once

#include "rmap/mapped_range.h"

namespace quire::rmap {

[[nodiscard]] int folio_referenced(Environment& env, Folio& folio);

}  // namespace quire::rmap
