// The arena: one contiguous piece of memory at a fixed address, in which a whole explored machine lives.
//
// Layout: one heap region for the set-up and one for each task (so that an address depends on a task's own history
// alone, never on the interleaving), then the stacks, each above a page nobody may touch. Memory is never handed out
// twice in an execution. Which bytes are alive is kept outside, at 8-byte granularity.
#pragma once

#include <cstddef>
#include <cstdint>

#include "explore/clock.h"
#include "explore/fiber.h"

namespace quire::explore {

class Arena {
 public:
  static constexpr std::size_t kMainBytes = 4U << 20;
  static constexpr std::size_t kTaskBytes = 256U << 10;
  static constexpr std::size_t kStackBytes = kStacksCanBeCopied ? 16U << 10 : 128U << 10;
  static constexpr std::size_t kMainStackBytes = 256U << 10;
  static constexpr std::size_t kGuardBytes = 4096;
  /// Regions and stacks 0..kTasksMax-1 are the tasks'; kMain is the set-up's and the final check's.
  static constexpr unsigned kMain = kTasksMax;
  static constexpr std::size_t kHeapBytes = kMainBytes + kTasksMax * kTaskBytes;
  static constexpr std::size_t kBytes =
      kHeapBytes + kTasksMax * (kStackBytes + kGuardBytes) + kMainStackBytes + kGuardBytes;

  /// Maps the arena at the first free one of a few fixed addresses. Aborts with a message if there is none.
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] std::byte* region(unsigned index) const {
    return index == kMain ? base_ : base_ + kMainBytes + index * kTaskBytes;
  }
  [[nodiscard]] static constexpr std::size_t region_bytes(unsigned index) {
    return index == kMain ? kMainBytes : kTaskBytes;
  }
  [[nodiscard]] Stack stack(unsigned index) const;

  [[nodiscard]] bool contains(const void* p) const { return offset(p) < kBytes; }
  [[nodiscard]] bool on_heap(const void* p) const { return offset(p) < kHeapBytes; }
  [[nodiscard]] bool in_guard(const void* p) const;
  [[nodiscard]] std::size_t offset(const void* p) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(p) - base_);
  }

  /// Whether the heap byte at `p` belongs to a live allocation; stacks and memory elsewhere are always alive.
  [[nodiscard]] bool alive(const void* p) const { return !on_heap(p) || alive_[offset(p) / kGranule] != 0; }
  void set_alive(const void* p, std::size_t bytes, uint8_t alive);

 private:
  static constexpr std::size_t kGranule = 8;
  std::byte* base_ = nullptr;
  uint8_t* alive_ = nullptr;
};

}  // namespace quire::explore
