// for_each_folio(): the cached folios of a range, one after the other, each with a reference and not locked.
//
// A folio may have left the file when it is visited; the visitor locks it and compares its mapping. Values are passed
// over. Folios that come into the range behind the walk are not seen.
//
//   for_each_folio(mapping, range, [&](Folio& folio) { LockedFolio locked(folio); ... });
#pragma once

#include <span>

#include "cache/mapping.h"

namespace quire::fs {

/// Returns how many there were. Linux: mm/filemap.c find_get_entries(), filemap_get_folios()
template <typename Visit>
std::size_t for_each_folio(cache::Mapping& mapping, base::Range<base::FileIndex> range, Visit visit) {
  constexpr std::size_t kBatch = 8;
  cache::Mapping::Found batch[kBatch];
  std::size_t visited = 0;
  for (base::FileIndex index = range.start(); index < range.limit();) {
    std::size_t n = mapping.find_get_entries({index, range.limit()}, batch);
    for (cache::Mapping::Found& found : std::span(batch, n)) {
      index = found.after();
      if (!found.folio) continue;
      ++visited;
      visit(*found.folio);
      found.folio.reset();
    }
    if (n < kBatch) break;
  }
  return visited;
}

}  // namespace quire::fs
