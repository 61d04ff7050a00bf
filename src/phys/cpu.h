// this_cpu(): the CPU whose lists to prefer. Natively only a hint, for the thread may move at once: what it selects has
// a lock of its own.
#pragma once

#include <sched.h>

#include "base/types.h"
#include "sync/hook.h"

namespace quire::phys {

[[nodiscard]] inline base::CpuId this_cpu(unsigned cpus) {
  if (sync::Driver* d = sync::hook()) [[unlikely]]
    return base::CpuId(d->current_cpu() % cpus);
  int cpu = sched_getcpu();
  return base::CpuId(cpu < 0 ? 0 : static_cast<unsigned>(cpu) % cpus);
}

}  // namespace quire::phys
