// PercpuRef: a reference count that is cheap until it is killed.
//
// States: live (counted per CPU, never compared with zero) -> dead after kill() (try_get_live fails, the last put
// releases). Natively the count is kept in one cache line per slot of CPUs; kill() waits for a grace period, so that
// every get and put that saw the live state has ended, and adds the slots up. Explored it is one word whose live gets
// and puts commute. Linux: lib/percpu-refcount.c
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "sync/atomic.h"
#include "sync/heap.h"

namespace quire::sync {

class PercpuRef {
 public:
  using Release = void (*)(PercpuRef&, void* argument);

  /// Dead and at zero until reinit(). `release(argument)` is called by whoever brings a dead count to zero.
  PercpuRef(Release release, void* argument) : release_(release), argument_(argument) {}
  ~PercpuRef();
  PercpuRef(const PercpuRef&) = delete;
  PercpuRef& operator=(const PercpuRef&) = delete;

  /// From dead and zero to live with one reference, which kill() drops. Needs that nobody uses it.
  void reinit();
  /// One more reference unless killed.
  [[nodiscard]] bool try_get_live();
  /// Drops a reference; releases when dead and last.
  void put();
  /// No try_get_live() succeeds from now on; drops the first reference. Natively waits for a grace period; sleeps.
  void kill();
  /// At quiescent points: references beyond the first, live or dead.
  [[nodiscard]] int64_t peek_references() const;
  [[nodiscard]] bool peek_dead() const { return (word_.load(std::memory_order_relaxed) & kDead) != 0; }

 private:
  static constexpr uint32_t kDead = 0x8000'0000;
  static constexpr unsigned kSlots = 8;
  struct alignas(64) Slot {
    std::atomic<int64_t> count{0};
  };
  void put_dead();

  /// kDead, and below it the count while explored or once dead.
  std::atomic<uint32_t> word_{kDead};
  Release release_;
  void* argument_;
  /// Native live counts; allocated by the first native reinit().
  std::array<Slot, kSlots>* slots_ = nullptr;
};

}  // namespace quire::sync
