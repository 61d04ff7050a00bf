// Pressure: how the allocator asks for memory back. Implemented by reclaim.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "phys/gfp.h"

namespace quire::phys {

/// What came of an allocation that cannot be had.
enum class OomOutcome : uint8_t {
  fail,   ///< -ENOMEM for whoever asked
  retry,  ///< memory was taken from somebody, or is about to be given back: worth another look
};

class Pressure {
 public:
  /// Tries to free `wanted` pages within what `gfp` allows; may sleep. Returns how many were freed, 0 for no progress.
  /// Called with no lock of phys held. Linux: mm/vmscan.c try_to_free_pages()
  virtual base::PageCount try_to_free_pages(Gfp gfp, base::PageCount wanted) = 0;

  /// Moves pages so that free ones lie together; returns how many moved. Sleeps; called with no lock of phys held.
  /// Linux: mm/compaction.c try_to_compact_pages()
  virtual base::PageCount try_to_compact_pages() { return base::PageCount(0); }

  /// The zone of `node` fell below its low watermark. Called with no lock of phys held; does not sleep.
  /// Linux: mm/vmscan.c wakeup_kswapd()
  virtual void wakeup_kswapd(unsigned node) { (void)node; }

  /// Nothing more can be reclaimed. Sleeps; called with no lock of phys held. Linux: mm/oom_kill.c out_of_memory()
  virtual OomOutcome out_of_memory(base::Order order) {
    (void)order;
    return OomOutcome::fail;
  }

 protected:
  ~Pressure() = default;
};

}  // namespace quire::phys
