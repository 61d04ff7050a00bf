#include "swap/slot_pool.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"

namespace quire::swap {
namespace {
constexpr unsigned kWordBits = 64;
constexpr unsigned kNoList = 0;
constexpr unsigned kFreeList = 1;
constexpr unsigned list_of_order(unsigned order) { return 2 + order; }
}  // namespace

namespace {
std::size_t words_of(const SlotPool::Options& o) { return (o.slots + kWordBits - 1) / kWordBits; }
std::size_t clusters_of(const SlotPool::Options& o) { return ((o.slots - 1) >> o.cluster_shift) + 1; }
std::size_t currents_of(const SlotPool::Options& o) { return std::size_t{o.cpus} * SlotPool::kOrders; }
}  // namespace

std::size_t SlotPool::room_for(const Options& options) {
  return sync::Room::bytes_for<uint64_t>(words_of(options)) + sync::Room::bytes_for<Cluster>(clusters_of(options)) +
         sync::Room::bytes_for<uint32_t>(currents_of(options));
}

SlotPool::Box SlotPool::make(const Options& options) {
  QUIRE_ASSERT(options.slots > 0 && options.cpus > 0);
  return sync::make_roomy<SlotPool>(room_for(options), options);
}

SlotPool::SlotPool(sync::Room room, const Options& options)
    : room_bytes_(room_for(options)),
      slots_(options.slots),
      cluster_shift_(options.cluster_shift),
      nr_free_(options.slots),
      free_(room.take<uint64_t>(words_of(options))),
      clusters_(room.take<Cluster>(clusters_of(options))),
      current_(room.take<uint32_t>(currents_of(options))) {
  std::fill(current_.begin(), current_.end(), kNone);
  std::fill(std::begin(heads_), std::end(heads_), kNone);
  for (uint32_t slot = 0; slot < slots_; ++slot) free_[slot / kWordBits] |= uint64_t{1} << (slot % kWordBits);
  uint32_t cluster_slots = 1U << cluster_shift_;
  for (auto c = static_cast<uint32_t>(clusters_.size()); c-- > 0;) {
    clusters_[c].usable = clusters_[c].nr_free = std::min(cluster_slots, slots_ - (c << cluster_shift_));
    move_to_list(c, kFreeList);
  }
}

void SlotPool::retire(uint32_t slot) {
  nr_free_ -= 1;
  uint64_t bit = uint64_t{1} << (slot % kWordBits);
  QUIRE_ASSERT((free_[slot / kWordBits] & bit) != 0, "a slot in use was retired");
  free_[slot / kWordBits] &= ~bit;
  Cluster& c = clusters_[cluster_of(slot)];
  --c.usable;
  --c.nr_free;
  file(cluster_of(slot));
}

void SlotPool::move_to_list(uint32_t cluster, unsigned list) {
  Cluster& c = clusters_[cluster];
  if (c.list == list) return;
  if (c.list != kNoList) {
    if (c.next != kNone) clusters_[c.next].previous = c.previous;
    if (c.previous != kNone)
      clusters_[c.previous].next = c.next;
    else
      heads_[c.list] = c.next;
  }
  c.list = static_cast<uint8_t>(list);
  c.previous = kNone;
  c.next = kNone;
  if (list == kNoList) return;
  c.next = heads_[list];
  if (c.next != kNone) clusters_[c.next].previous = cluster;
  heads_[list] = cluster;
}

/// Puts a cluster on the list that it belongs to now.
void SlotPool::file(uint32_t cluster) {
  const Cluster& c = clusters_[cluster];
  if (c.nr_free == 0)
    move_to_list(cluster, kNoList);
  else if (c.nr_free == c.usable)
    move_to_list(cluster, kFreeList);
  else
    move_to_list(cluster, list_of_order(c.order));
}

std::optional<uint32_t> SlotPool::find_run(uint32_t cluster, base::Order order) const {
  uint32_t begin = cluster << cluster_shift_;
  uint32_t end = std::min(begin + (1U << cluster_shift_), slots_);
  auto run = static_cast<uint32_t>(order.pages().value());
  if (run == 1) {
    for (uint32_t slot = begin; slot < end;) {
      uint64_t word = free_[slot / kWordBits] >> (slot % kWordBits);
      if (word != 0) {
        slot += static_cast<uint32_t>(std::countr_zero(word));
        return slot < end ? std::optional(slot) : std::nullopt;
      }
      slot = (slot / kWordBits + 1) * kWordBits;
    }
    return std::nullopt;
  }
  for (uint32_t first = begin; first + run <= end; first += run) {
    uint32_t slot = first;
    while (slot < first + run && peek_is_free(slot)) ++slot;
    if (slot == first + run) return first;
  }
  return std::nullopt;
}

std::optional<uint32_t> SlotPool::take_from(uint32_t cluster, base::Order order) {
  Cluster& c = clusters_[cluster];
  if (c.nr_free < order.pages().value()) return std::nullopt;
  bool unused = c.nr_free == c.usable;
  if (!unused && order > base::Order(0) && c.order != order.value()) return std::nullopt;
  std::optional<uint32_t> first = find_run(cluster, order);
  if (!first) return std::nullopt;
  if (unused) c.order = static_cast<uint8_t>(order.value());
  auto run = static_cast<uint32_t>(order.pages().value());
  for (uint32_t slot = *first; slot < *first + run; ++slot)
    free_[slot / kWordBits] &= ~(uint64_t{1} << (slot % kWordBits));
  c.nr_free -= run;
  nr_free_ -= run;
  file(cluster);
  return first;
}

// Linux: mm/swapfile.c cluster_alloc_swap_entry()
std::optional<uint32_t> SlotPool::take(base::CpuId cpu, base::Order order) {
  if (nr_free_ < order.pages().value()) return std::nullopt;
  if (order.value() >= kOrders || order.value() > cluster_shift_) return std::nullopt;
  uint32_t& current = current_[cpu.value() * kOrders + order.value()];
  if (current != kNone)
    if (auto first = take_from(current, order)) return first;
  auto from_list = [&](unsigned list) -> std::optional<uint32_t> {
    for (uint32_t c = heads_[list]; c != kNone; c = clusters_[c].next)
      if (auto first = take_from(c, order)) {
        current = c;
        return first;
      }
    return std::nullopt;
  };
  if (auto first = from_list(kFreeList)) return first;
  if (auto first = from_list(list_of_order(order.value()))) return first;
  if (order > base::Order(0)) return std::nullopt;
  for (unsigned other = kOrders; other-- > 1;)
    if (auto first = from_list(list_of_order(other))) return first;
  return std::nullopt;
}

std::optional<uint32_t> SlotPool::take_emptied(uint32_t slot) {
  Cluster& c = clusters_[cluster_of(slot)];
  uint32_t slots = 1U << cluster_shift_;
  if (c.nr_free != slots) return std::nullopt;
  uint32_t first = cluster_of(slot) << cluster_shift_;
  for (uint32_t i = first; i < first + slots; ++i) free_[i / kWordBits] &= ~(uint64_t{1} << (i % kWordBits));
  c.nr_free = 0;
  nr_free_ -= slots;
  file(cluster_of(slot));
  return first;
}

void SlotPool::put(uint32_t first, uint32_t count) {
  nr_free_ += count;
  Cluster& c = clusters_[cluster_of(first)];
  for (uint32_t slot = first; slot < first + count; ++slot) {
    uint64_t bit = uint64_t{1} << (slot % kWordBits);
    QUIRE_ASSERT((free_[slot / kWordBits] & bit) == 0, "a free slot was freed");
    QUIRE_ASSERT(cluster_of(slot) == cluster_of(first), "slots of two clusters were freed together");
    free_[slot / kWordBits] |= bit;
  }
  c.nr_free += count;
  file(cluster_of(first));
}

void SlotPool::check(sync::CheckReport& report) const {
  uint32_t total = 0;
  for (uint32_t c = 0; c < clusters_.size(); ++c) {
    uint32_t free = 0;
    uint32_t end = std::min((c + 1) << cluster_shift_, slots_);
    for (uint32_t slot = c << cluster_shift_; slot < end; ++slot) free += peek_is_free(slot) ? 1 : 0;
    report.expect(free == clusters_[c].nr_free, sync::Failure::swap_count,
                  "cluster {}: nr_free {} but {} slots are free", c, clusters_[c].nr_free, free);
    unsigned list = free == 0 ? kNoList : free == clusters_[c].usable ? kFreeList : list_of_order(clusters_[c].order);
    report.expect(clusters_[c].list == list, sync::Failure::swap_count, "cluster {} is on list {} instead of {}", c,
                  clusters_[c].list, list);
    total += free;
  }
  report.expect(total == nr_free_.peek(), sync::Failure::swap_count, "{} free slots but {} counted", total,
                nr_free_.peek());
}

}  // namespace quire::swap
