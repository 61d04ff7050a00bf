// SlotCache: freed slots parked per CPU, to be freed together (Linux up to 6.14).
//
// A parked slot has byte HAS_CACHE, no folio, and counts as in use. States: enabled (park() takes slots) -> disable()
// (parked ones are taken out with drain()) -> enable(). Locks: slots_free_lock of a CPU; swap_slots_cache_mutex from
// disable() to enable(). Linux: mm/swap_slots.c
#pragma once

#include <array>
#include <span>

#include "base/types.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::swap {

class SlotCache {
 public:
  static constexpr unsigned kParkedMax = 64;  ///< Linux SWAP_SLOTS_CACHE_SIZE
  /// Slots that were parked and are now the caller's to free.
  struct Batch {
    std::array<base::SwapEntry, kParkedMax> entries;
    unsigned count = 0;
    [[nodiscard]] std::span<const base::SwapEntry> span() const { return {entries.data(), count}; }
  };
  enum class Parking : uint8_t {
    refused,  ///< the caller frees the slot itself
    parked,   ///< and what is in the batch, if anything, is the caller's to free
  };

  /// 0 CPUs: never parks. `size`: slots per CPU, up to kParkedMax.
  SlotCache(unsigned cpus, unsigned size);

  /// A full cache is emptied into `batch` first.
  [[nodiscard]] Parking park(base::SwapEntry entry, Batch& batch);
  /// Waits for another disable() to be over; no slot is parked until enable().
  void disable() QUIRE_ACQUIRE(mutex_);
  void enable() QUIRE_RELEASE(mutex_);
  /// Everything parked by `cpu`.
  void drain(unsigned cpu, Batch& batch);

  /// Whether slots may be parked now, read without a lock. Linux: swap_slot_cache_enabled
  [[nodiscard]] bool enabled() const { return in_use() && enabled_.load(sync::Order::relaxed) != 0; }
  /// Whether there is such a cache at all.
  [[nodiscard]] bool in_use() const { return !cpus_.empty(); }
  [[nodiscard]] unsigned cpus() const { return static_cast<unsigned>(cpus_.size()); }
  [[nodiscard]] bool peek_parked(base::SwapEntry entry) const;

 private:
  struct PerCpu {
    sync::SpinLock<sync::LockClass::slots_free_lock> lock;
    sync::Plain<unsigned, "slots_ret"> count{0};
    sync::Vector<base::SwapEntry> entries;  ///< under lock; announced by `count`
  };
  static void empty(PerCpu& cache, Batch& batch);

  sync::Mutex<sync::LockClass::swap_slots_cache_mutex> mutex_;
  sync::Vector<PerCpu> cpus_;
  sync::Atomic<uint32_t, "use_swap_slot_cache"> enabled_;
};

}  // namespace quire::swap
