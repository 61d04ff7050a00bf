// SwapArea: one swap device: its slots, their counts, and the references that keep it from being torn down.
//
// States (flags): unused -> USED (being set up) -> USED|WRITEOK (swapon) -> USED (swapoff has begun; back to WRITEOK if
// it fails) -> unused. The object itself is never freed, only reused; what swapoff frees is swap_map, cluster_info, the
// pool of free slots, the swap cache and the continuations of counts.
//
// I1  count of a slot (its byte and what continues it) = its references in page tables (or tmpfs's one) and HAS_CACHE
// <=> a folio is cached there
//     (or, for a moment, is about to be, or the slot is parked); byte 0 <=> free in the pool
// I4  inuse_pages = slots whose byte is neither 0 nor bad. Bad are the header, the bad pages of the device, and the
// slots
//     of clusters that wait to be discarded or are being discarded (swap/discard.h)
// Who may look at the maps: the holder of a reference (get_swap_device); somebody inside an RCU reader who began while
// the area was live (any spin lock); swapoff. A count byte changes under its cluster_lock; si_lock protects flags and
// pool. Linux: include/linux/swap.h struct swap_info_struct
#pragma once

#include "base/types.h"
#include "cache/swap_cache.h"
#include "swap/backend.h"
#include "swap/continuation.h"
#include "swap/count_byte.h"
#include "swap/discard.h"
#include "swap/slot_cache.h"
#include "swap/slot_pool.h"
#include "sync/atomic.h"
#include "sync/check_report.h"
#include "sync/lock.h"
#include "sync/percpu_ref.h"
#include "sync/plain.h"
#include "sync/wait.h"

namespace quire::swap {

using base::CpuId;
using base::Order;
using base::SwapEntry;
using base::SwapType;

class SwapAreas;

/// The lock of the count bytes of neighbouring slots, and whether they are one huge page's. Linux: struct
/// swap_cluster_info
///
/// I3  huge => all slots are in use, all or none of them have HAS_CACHE, and count = slots + PMD swap mappings
/// A PMD swap mapping counts in each byte too, so that becoming PTEs needs no room in any of them. A cluster that is
/// huge no more may still have PMD mappings: nobody looked for them (swap/huge_cluster.cc).
struct ClusterInfo {
  using Lock = sync::SpinLock<sync::LockClass::cluster_lock>;
  Lock lock;
  sync::Plain<uint32_t, "ci->count"> count{0};  ///< slots in use; of a huge cluster its PMD swap mappings besides
  sync::Plain<uint32_t, "ci->order"> order{0};  ///< the smallest of the allocations since it was empty
  sync::Plain<bool, "ci->flags"> huge{false};   ///< Linux (to 6.11): CLUSTER_FLAG_HUGE
};

using MapByte = sync::Atomic<uint8_t, "swap_map">;

class SwapArea {
 public:
  SwapArea(SwapType type, unsigned cluster_shift);
  ~SwapArea();
  SwapArea(const SwapArea&) = delete;
  SwapArea& operator=(const SwapArea&) = delete;

  [[nodiscard]] SwapType type() const { return type_; }
  [[nodiscard]] SwapEntry entry(SwapOffset slot) const { return {type_, slot}; }
  /// Slots with a page, parked ones included. The store that makes it 0 lets swapoff go on.
  [[nodiscard]] PageCount inuse_pages() const { return PageCount(inuse_pages_.load()); }
  /// The count byte of `slot`, without the lock. For holders of a reference.
  [[nodiscard]] CountByte swap_map(SwapOffset slot) const { return CountByte(map_from(slot)->load()); }
  /// Only while live: the device behind it.
  [[nodiscard]] SwapBackend& backend() const { return *backend_.get(); }

  [[nodiscard]] PageCount peek_inuse_pages() const { return PageCount(inuse_pages_.peek()); }
  [[nodiscard]] PageCount peek_max() const { return PageCount(max_.peek()); }
  [[nodiscard]] PageCount peek_pages() const { return PageCount(pages_.peek()); }
  [[nodiscard]] int peek_priority() const { return priority_; }
  [[nodiscard]] CountByte peek_swap_map(SwapOffset slot) const {
    return CountByte(swap_map_.peek()[slot.value()].peek());
  }
  /// All references to `slot`, those counted in continuation pages too.
  [[nodiscard]] uint64_t peek_references(SwapOffset slot) const {
    return continuations_.peek()->peek_references(slot, peek_swap_map(slot));
  }
  /// Of the cluster of `slot`: whether it is huge, and what it counts.
  [[nodiscard]] bool peek_huge_cluster(SwapOffset slot) const { return peek_cluster(slot).huge.peek(); }
  [[nodiscard]] uint32_t peek_cluster_count(SwapOffset slot) const { return peek_cluster(slot).count.peek(); }
  [[nodiscard]] PageCount cluster_slots() const { return Order(cluster_shift_).pages(); }
  /// nullptr while not live.
  [[nodiscard]] const Continuations* peek_continuations() const { return continuations_.peek(); }
  [[nodiscard]] const cache::SwapCache* peek_swap_cache() const { return swap_cache_.peek(); }
  [[nodiscard]] bool peek_live() const { return (flags_.peek() & kWriteOk) != 0; }
  [[nodiscard]] const SwapBackend* peek_backend() const { return backend_.peek(); }
  /// I4, and I1 as far as it is known here: bytes, pool and swap cache agree.
  void check(sync::CheckReport& report, const SlotCache& parked) const;

 private:
  friend class SwapAreas;
  static constexpr uint32_t kUsed = 1;
  static constexpr uint32_t kWriteOk = 2;

  /// The cluster of `slot`.
  [[nodiscard]] ClusterInfo& cluster(SwapOffset slot) const {
    return cluster_info_.load(sync::Order::relaxed)[slot.value() >> cluster_shift_];
  }
  [[nodiscard]] const ClusterInfo& peek_cluster(SwapOffset slot) const {
    return cluster_info_.peek()[slot.value() >> cluster_shift_];
  }
  /// The count bytes from `slot` on.
  [[nodiscard]] MapByte* map_from(SwapOffset slot) const { return swap_map_.load(sync::Order::relaxed) + slot.value(); }
  [[nodiscard]] Continuations& continuations() const { return *continuations_.load(sync::Order::relaxed); }
  /// What swapoff frees.
  struct Maps {
    MapByte* swap_map = nullptr;
    ClusterInfo* cluster_info = nullptr;
    SlotPool::Box pool;
    cache::SwapCache::Box swap_cache;
    Continuations::Box continuations;
    uint32_t max = 0;
  };
  [[nodiscard]] uint32_t clusters(uint32_t slots) const { return ((slots - 1) >> cluster_shift_) + 1; }
  void allocate_maps(SwapBackend& device, unsigned cpus, unsigned cache_shift, Continuations::Box continuations);
  [[nodiscard]] Maps detach_maps();
  void free_maps(Maps maps) const;
  void check_cluster(sync::CheckReport& report, uint32_t cluster, uint32_t used) const;
  static void release_users(sync::PercpuRef& users, void* area);

  const SwapType type_;
  const unsigned cluster_shift_;
  sync::PercpuRef users_;
  sync::Completion users_gone_;
  sync::SpinLock<sync::LockClass::si_lock> si_lock_;
  sync::Atomic<uint32_t, "si->flags"> flags_{0};
  sync::Atomic<uint32_t, "si->max"> max_{0};
  /// Slots that are neither the header nor bad pages.
  sync::Atomic<uint32_t, "si->pages"> pages_{0};
  sync::Atomic<uint32_t, "si->inuse_pages"> inuse_pages_{0};
  // Null while not live. Read without a lock, hence atomic.
  sync::Atomic<MapByte*, "si->swap_map"> swap_map_{nullptr};
  sync::Atomic<ClusterInfo*, "si->cluster_info"> cluster_info_{nullptr};
  sync::Atomic<cache::SwapCache*, "si->swap_cache"> swap_cache_{nullptr};
  sync::Atomic<Continuations*, "si->continuations"> continuations_{nullptr};
  sync::Plain<SwapBackend*, "si->backend"> backend_{nullptr};
  sync::Plain<SlotPool*, "si->pool"> pool_{nullptr};  ///< under si_lock
  /// Under si_lock: the first slots of clusters that wait to be discarded; announced by their number.
  sync::Vector<SwapOffset> discards_;
  sync::Plain<uint32_t, "si discard clusters"> discards_count_{0};
  SwapDiscard discard_ = SwapDiscard::none;  ///< constant while live
  int priority_ = 0;                         ///< under swap_lock
  /// The next in the list by priority; under swap_lock.
  sync::Plain<SwapArea*, "swap list"> next_{nullptr};
};

}  // namespace quire::swap
