// SlotPool: which slots of a swap area are free, in clusters. A pure data structure; the caller has the lock.
//
// A cluster has 2^cluster_shift slots. CPUs allocate from a cluster each, so that they seldom share a cluster's lock. A
// cluster that is empty takes the order of the first allocation from it; it serves only that order until it is empty
// again. Order 0 falls back to clusters of other orders, and to those of other CPUs, when nothing else is left.
//
//   SlotPool::Box pool = SlotPool::make({.slots = 9, .cluster_shift = 2, .cpus = 2});
//   pool->retire(0);                          // the header
//   std::optional<uint32_t> slot = pool->take(CpuId(0), Order(0));
//   pool->put(*slot, 1);
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/types.h"
#include "sync/check_report.h"
#include "sync/heap.h"
#include "sync/plain.h"

namespace quire::swap {

class SlotPool {
 public:
  struct Options {
    uint32_t slots = 0;
    unsigned cluster_shift = 2;
    unsigned cpus = 1;
  };
  static constexpr unsigned kOrders = 10;

  using Box = sync::RoomyBox<SlotPool>;
  [[nodiscard]] static Box make(const Options& options);
  SlotPool(sync::Room room, const Options& options);
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;
  [[nodiscard]] std::size_t room_bytes() const { return room_bytes_; }

  /// `slot` is never handed out.
  void retire(uint32_t slot);
  /// 2^order neighbouring slots from a multiple of 2^order.
  [[nodiscard]] std::optional<uint32_t> take(base::CpuId cpu, base::Order order);
  /// All slots of the cluster of `slot`, if they are free and none is retired: its first.
  [[nodiscard]] std::optional<uint32_t> take_emptied(uint32_t slot);
  /// Gives `count` slots of one cluster back.
  void put(uint32_t first, uint32_t count);

  [[nodiscard]] uint32_t peek_free() const { return nr_free_.peek(); }
  [[nodiscard]] bool peek_is_free(uint32_t slot) const { return ((free_[slot / 64] >> (slot % 64)) & 1) != 0; }
  void check(sync::CheckReport& report) const;

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  struct Cluster {
    uint32_t next = kNone;
    uint32_t previous = kNone;
    uint32_t usable = 0;  ///< slots that are not retired
    uint32_t nr_free = 0;
    uint8_t order = 0;
    uint8_t list = 0;  ///< 0: none; 1: free; 2 + order: partly used
  };

  [[nodiscard]] static std::size_t room_for(const Options& options);
  [[nodiscard]] uint32_t cluster_of(uint32_t slot) const { return slot >> cluster_shift_; }
  [[nodiscard]] std::optional<uint32_t> take_from(uint32_t cluster, base::Order order);
  [[nodiscard]] std::optional<uint32_t> find_run(uint32_t cluster, base::Order order) const;
  void move_to_list(uint32_t cluster, unsigned list);
  void file(uint32_t cluster);

  const std::size_t room_bytes_;
  const uint32_t slots_;
  const unsigned cluster_shift_;
  /// Every access to the pool announces this field.
  sync::Plain<uint32_t, "si free slots"> nr_free_{0};
  uint32_t heads_[2 + kOrders];
  std::span<uint64_t> free_;  ///< one bit per slot
  std::span<Cluster> clusters_;
  std::span<uint32_t> current_;  ///< per CPU and order
};

}  // namespace quire::swap
