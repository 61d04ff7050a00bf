#include "swap/slot_cache.h"

#include <algorithm>

#include "base/assert.h"
#include "phys/cpu.h"
#include "sync/trace.h"

namespace quire::swap {

SlotCache::SlotCache(unsigned cpus, unsigned size) : cpus_(cpus), enabled_(cpus > 0 ? 1 : 0) {
  QUIRE_ASSERT(size > 0 && size <= kParkedMax);
  for (PerCpu& cache : cpus_) cache.entries.resize(size);
}

void SlotCache::empty(PerCpu& cache, Batch& batch) {
  batch.count = cache.count;
  std::copy_n(cache.entries.begin(), batch.count, batch.entries.begin());
  cache.count = 0;
}

// Linux: mm/swap_slots.c free_swap_slot()
SlotCache::Parking SlotCache::park(base::SwapEntry entry, Batch& batch) {
  if (cpus_.empty() || enabled_.load(sync::Order::relaxed) == 0) return Parking::refused;
  PerCpu& cache = cpus_[phys::this_cpu(cpus()).value()];
  sync::Guard guard(cache.lock);
  // disable() drains under this lock after it has cleared the flag: what is parked here now would stay.
  if (enabled_.load(sync::Order::relaxed) == 0) return Parking::refused;
  if (cache.count == cache.entries.size()) empty(cache, batch);
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
  empty(cache, batch);
}

bool SlotCache::peek_parked(base::SwapEntry entry) const {
  for (const PerCpu& cache : cpus_)
    for (unsigned i = 0; i < cache.count.peek(); ++i)
      if (cache.entries[i] == entry) return true;
  return false;
}

}  // namespace quire::swap
