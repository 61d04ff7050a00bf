// swapoff: brings every page of a swap area back and tears the area down.
//
// Order (SEMANTICS S2.2): take the area off the list; stop parking slots; try_to_unuse until inuse_pages is 0: tmpfs,
// address spaces, slots that only the swap cache holds; kill the device references, wait for readers and references;
// free the maps. It returns 0 with all data readable, or an error with the area as usable as before. Linux:
// mm/swapfile.c sys_swapoff()
#pragma once

#include "fs/tmpfs.h"
#include "rmap/mapped_range.h"
#include "swap/areas.h"

namespace quire::reclaim {

/// Whether a signal for the calling process is pending: not 0.
using SignalPending = sync::Atomic<uint32_t, "signal_pending">;

/// -EINVAL: not active; -EINTR: `signal` came first; -ENOMEM. Sleeps.
[[nodiscard]] base::Errno swapoff(rmap::Environment& env, fs::TmpFs& tmpfs, const swap::SwapBackend& device,
                                  const SignalPending& signal);

}  // namespace quire::reclaim
