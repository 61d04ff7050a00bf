// folio_mkclean(): before a page of a file is written out, what programs have stored through page tables is taken note
// of, and the next store made to fault.
//
// Each entry that maps the folio in a shared mapping loses its dirty and its writable bit under the page-table lock. A
// store after that goes through do_wp_page() and makes the entry dirty again, so that it is written next time. The
// folio is locked, so no entry for it can appear meanwhile. Sleeps (i_mmap_rwsem; inside it page_table_lock). Linux:
// mm/rmap.c
//
//   if (rmap::folio_mkclean(env, folio)) folio.set(FolioFlag::dirty);
#pragma once

#include "rmap/mapped_range.h"

namespace quire::rmap {

/// Whether any entry was dirty. Linux: folio_mkclean()
[[nodiscard]] bool folio_mkclean(Environment& env, Folio& folio);

}  // namespace quire::rmap
