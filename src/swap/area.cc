#include "swap/area.h"

#include <new>
#include <utility>

namespace quire::swap {
namespace {
template <typename T>
T* allocate_array(std::size_t count) {
  auto* array = static_cast<T*>(sync::allocate(count * sizeof(T), alignof(T)));
  for (std::size_t i = 0; i < count; ++i) new (&array[i]) T();
  return array;
}
template <typename T>
void free_array(T* array, std::size_t count) {
  if (array == nullptr) return;
  for (std::size_t i = 0; i < count; ++i) array[i].~T();
  sync::deallocate(array, count * sizeof(T), alignof(T));
}
}  // namespace

SwapArea::SwapArea(SwapType type, unsigned cluster_shift)
    : type_(type), cluster_shift_(cluster_shift), users_(release_users, this) {}

SwapArea::~SwapArea() {
  free_maps({swap_map_.peek(), cluster_info_.peek(), SlotPool::Box(pool_.peek()),
             cache::SwapCache::Box(swap_cache_.peek()), Continuations::Box(continuations_.peek()), max_.peek()});
}

void SwapArea::release_users(sync::PercpuRef& /*users*/, void* area) {
  static_cast<SwapArea*>(area)->users_gone_.complete();
}

void SwapArea::allocate_maps(SwapBackend& device, unsigned cpus, unsigned cache_shift,
                             Continuations::Box continuations) {
  auto slots = static_cast<uint32_t>(device.pages().value());
  auto* map = allocate_array<MapByte>(slots);
  map[0].init(CountByte::kBad);
  SlotPool::Box pool = SlotPool::make({.slots = slots, .cluster_shift = cluster_shift_, .cpus = cpus});
  pool->retire(0);
  uint32_t good = slots - 1;
  for (SwapOffset bad : device.bad_pages()) {
    if (bad.value() >= slots || map[bad.value()].peek() == CountByte::kBad) continue;
    map[bad.value()].init(CountByte::kBad);
    pool->retire(bad.value());
    --good;
  }
  discards_.reserve(clusters(slots));
  swap_map_.store(map, sync::Order::relaxed);
  cluster_info_.store(allocate_array<ClusterInfo>(clusters(slots)), sync::Order::relaxed);
  pool_ = pool.release();
  swap_cache_.store(cache::SwapCache::make(PageCount(slots), cache_shift).release(), sync::Order::relaxed);
  continuations_.store(continuations.release(), sync::Order::relaxed);
  inuse_pages_.store(0, sync::Order::relaxed);
  pages_.store(good, sync::Order::relaxed);
  max_.store(slots, sync::Order::release);
}

SwapArea::Maps SwapArea::detach_maps() {
  return {swap_map_.exchange(nullptr),
          cluster_info_.exchange(nullptr),
          SlotPool::Box(std::exchange(pool_.mutate(), nullptr)),
          cache::SwapCache::Box(swap_cache_.exchange(nullptr)),
          Continuations::Box(continuations_.exchange(nullptr)),
          max_.exchange(0)};
}

void SwapArea::free_maps(Maps maps) const {
  free_array(maps.swap_map, maps.max);
  free_array(maps.cluster_info, clusters(maps.max));
}

// I3 as far as it is known here, and the cluster's part of I4.
void SwapArea::check_cluster(sync::CheckReport& report, uint32_t cluster, uint32_t used) const {
  using sync::Failure;
  const ClusterInfo& ci = cluster_info_.peek()[cluster];
  uint32_t count = ci.count.peek();
  if (!ci.huge.peek()) {
    report.expect(count == used, Failure::swap_count, "I4: cluster {} counts {} of {} used slots", cluster, count,
                  used);
    return;
  }
  report.expect(used == cluster_slots().value() && count >= used, Failure::swap_count,
                "I3: huge cluster {} counts {} and has {} used slots", cluster, count, used);
  SwapOffset first(cluster << cluster_shift_);
  for (uint64_t i = 1; i < used; ++i)
    report.expect(peek_swap_map(first + PageCount(i)).has_cache() == peek_swap_map(first).has_cache(),
                  Failure::swap_count, "I3: a part of huge cluster {} is in the swap cache", cluster);
}

void SwapArea::check(sync::CheckReport& report, const SlotCache& parked) const {
  using sync::Failure;
  if (swap_map_.peek() == nullptr) {
    report.expect(inuse_pages_.peek() == 0, Failure::swap_count, "I4: area {} is gone with inuse_pages {}",
                  type_.value(), inuse_pages_.peek());
    return;
  }
  report.expect(users_.peek_references() == 0, Failure::leak, "a device reference of area {} is left", type_.value());
  const SlotPool& pool = *pool_.peek();
  const cache::SwapCache& cached = *swap_cache_.peek();
  pool.check(report);
  cached.check(report);
  uint32_t used = 0;
  for (uint32_t c = 0; c < clusters(max_.peek()); ++c) {
    uint32_t used_here = 0;
    for (uint32_t i = c << cluster_shift_; i < max_.peek() && (i >> cluster_shift_) == c; ++i) {
      SwapOffset slot(i);
      CountByte byte = peek_swap_map(slot);
      if (byte.bad()) continue;
      used_here += byte.free() ? 0 : 1;
      report.expect(byte.free() == pool.peek_is_free(i), Failure::swap_count, "I1: slot {} has byte {:#x} and is {}", i,
                    byte.byte(), pool.peek_is_free(i) ? "free" : "not free");
      bool has_folio = cached.peek(slot) != nullptr;
      bool is_parked = !has_folio && byte.cache_only() && parked.peek_parked(entry(slot));
      report.expect(byte.has_cache() == (has_folio || is_parked), Failure::swap_count,
                    "I2: slot {} has byte {:#x} and {} folio in the swap cache", i, byte.byte(),
                    has_folio ? "a" : "no");
      continuations_.peek()->check(report, slot, byte);
    }
    check_cluster(report, c, used_here);
    used += used_here;
  }
  report.expect(used == inuse_pages_.peek(), Failure::swap_count, "I4: inuse_pages {} but {} slots are used",
                inuse_pages_.peek(), used);
}

}  // namespace quire::swap
