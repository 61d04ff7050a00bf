// Buddy: free blocks of 2^order frames; a pure data structure, the caller has the lock.
//
// One FrameRecord per frame, kept apart from the frame: links of the block's list in the block's first frame. A frame
// that is free elsewhere (per-CPU list) or allocated is none of this class's business but for its record, which the
// holder may use for a list of its own.
//
// With a guard order, what a split leaves over below that order is no free block but a guard: it is nobody's until its
// other half comes back. So with debug_pagealloc an overrun of an allocation hits pages that are not there.
// Linux: mm/page_alloc.c set_page_guard(), debug_guardpage_minorder
//
//   Buddy buddy(PageCount(16));   // nothing free yet
//   buddy.add(0, Order(4));
//   uint32_t frame = buddy.take(Order(0));
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"
#include "sync/check_report.h"
#include "sync/heap.h"

namespace quire::phys {

enum class FrameState : uint8_t {
  other,  ///< inside a free block, or not free here: the record's links are the holder's
  head,   ///< first frame of a free block
  guard,  ///< first frame of a block that is neither free nor anybody's
};

struct FrameRecord {
  uint32_t next = ~uint32_t{0};
  uint32_t previous = ~uint32_t{0};  ///< blocks only
  FrameState state = FrameState::other;
  uint8_t order = 0;  ///< of the block, in its head
};

class Buddy {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr unsigned kMaxOrder = 10;

  /// All frames count as allocated until added.
  explicit Buddy(base::PageCount frames, unsigned guard_minorder = 0);

  /// A block becomes free; merges with free buddies. `first` is a multiple of 2^order.
  void add(uint32_t first, base::Order order);
  /// The first frame of a block that is now allocated, or kNone. Splits the smallest that is big enough.
  [[nodiscard]] uint32_t take(base::Order order);

  /// Frames of guards; add() and take() change it.
  [[nodiscard]] uint32_t guard_frames() const { return guard_frames_; }
  /// Whether take(order) would find one.
  [[nodiscard]] bool has(base::Order order) const;

  /// The last free frame, now allocated, if it is behind `after`; else kNone.
  [[nodiscard]] uint32_t take_last(uint32_t after);

  [[nodiscard]] FrameRecord& record(uint32_t frame) { return records_[frame]; }
  [[nodiscard]] const FrameRecord& record(uint32_t frame) const { return records_[frame]; }
  /// At quiescent points: I2 and I3 of Frames. Returns the frames that are free here.
  uint32_t check(sync::CheckReport& report) const;

 private:
  void link(uint32_t first, unsigned order);
  void unlink(uint32_t first);
  void leave_over(uint32_t first, unsigned order);
  /// Whether it is a whole block that can be merged with; it is one no more.
  [[nodiscard]] bool take_buddy(uint32_t first, unsigned order);

  const unsigned guard_minorder_;
  uint32_t guard_frames_ = 0;
  sync::Vector<FrameRecord> records_;
  std::array<uint32_t, kMaxOrder + 1> heads_;
};

}  // namespace quire::phys
