// Pressure: how the allocator asks for memory back. Implemented by reclaim.
#pragma once

#include "base/types.h"
#include "phys/gfp.h"

namespace quire::phys {

class Pressure {
 public:
  /// Tries to free `wanted` pages within what `gfp` allows; may sleep. Returns how many were freed, 0 for no progress.
  /// Called with no lock of phys held. Linux: mm/vmscan.c try_to_free_pages()
  virtual base::PageCount try_to_free_pages(Gfp gfp, base::PageCount wanted) = 0;

  /// Moves pages so that free ones lie together; returns how many moved. Sleeps; called with no lock of phys held.
  /// Linux: mm/compaction.c try_to_compact_pages()
  virtual base::PageCount try_to_compact_pages() { return base::PageCount(0); }

 protected:
  ~Pressure() = default;
};

}  // namespace quire::phys
