// folio_clear_dirty_for_io(): the first step of every writeback of a page.
#pragma once

#include "rmap/mkclean.h"

namespace quire::fs {

/// Whether `folio`, which is locked, has to be written; it is clean from now on, in page tables too. What is stored
/// after this makes an entry dirty again. Linux: mm/page-writeback.c folio_clear_dirty_for_io()
[[nodiscard]] inline bool folio_clear_dirty_for_io(rmap::Environment& env, cache::Folio& folio) {
  if (rmap::folio_mkclean(env, folio)) folio.set(cache::FolioFlag::dirty);
  return folio.test_and_clear(cache::FolioFlag::dirty);
}

}  // namespace quire::fs
