#include "swap/slot_cache.h"

#include "phys/cpu.h"
#include "sync/trace.h"

namespace quire::swap {

// Linux: mm/swap_slots.c free_swap_slot()
SlotCache::Parking SlotCache::park(base::SwapEntry entry, Batch& batch) {
  if (cpus_.empty() || enabled_.load(sync::Order::relaxed) == 0) return Parking::refused;
  PerCpu& cache = cpus_[phys::this_cpu(cpus()).value()];
  sync::Guard guard(cache.lock);
  // disable() drains under this lock after it has cleared the flag: what is parked here now would stay.
  if (enabled_.load(sync::Order::relaxed) == 0) return Parking::refused;
  if (cache.count == kParkedMax) {
    batch.entries = cache.entries;
    batch.count = kParkedMax;
    cache.count = 0;
  }
  cache.entries[cache.count] = entry;
  ++cache.count.mutate();
  return Parking::parked;
}

// Linux: mm/swap_slots.c disable_swap_slots_cache_lock()
void SlotCache::disable() {
  mutex_.lock();
  enabled_.store(0);
}

// Linux: mm/swap_slots.c reenable_swap_slots_cache_unlock()
void SlotCache::enable() {
  enabled_.store(cpus_.empty() ? 0 : 1);
  mutex_.unlock();
}

// Linux: mm/swap_slots.c drain_slots_cache_cpu()
void SlotCache::drain(unsigned cpu, Batch& batch) {
  PerCpu& cache = cpus_[cpu];
  sync::Guard guard(cache.lock);
  batch.entries = cache.entries;
  batch.count = cache.count;
  cache.count = 0;
}

bool SlotCache::peek_parked(base::SwapEntry entry) const {
  for (const PerCpu& cache : cpus_)
    for (unsigned i = 0; i < cache.count.peek(); ++i)
      if (cache.entries[i] == entry) return true;
  return false;
}

}  // namespace quire::swap
