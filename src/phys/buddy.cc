#include "phys/buddy.h"

namespace quire::phys {

Buddy::Buddy(base::PageCount frames, unsigned guard_minorder)
    : guard_minorder_(guard_minorder), records_(frames.value()) {
  heads_.fill(kNone);
}

void Buddy::link(uint32_t first, unsigned order) {
  FrameRecord& r = records_[first];
  r.state = FrameState::head;
  r.order = static_cast<uint8_t>(order);
  r.previous = kNone;
  r.next = heads_[order];
  if (r.next != kNone) records_[r.next].previous = first;
  heads_[order] = first;
}

void Buddy::unlink(uint32_t first) {
  FrameRecord& r = records_[first];
  if (r.next != kNone) records_[r.next].previous = r.previous;
  if (r.previous != kNone)
    records_[r.previous].next = r.next;
  else
    heads_[r.order] = r.next;
  r.state = FrameState::other;
}

// Linux: mm/page_alloc.c set_page_guard()
void Buddy::leave_over(uint32_t first, unsigned order) {
  if (order >= guard_minorder_) return link(first, order);
  records_[first].state = FrameState::guard;
  records_[first].order = static_cast<uint8_t>(order);
  guard_frames_ += 1U << order;
}

// Linux: mm/page_alloc.c page_is_buddy(), clear_page_guard()
bool Buddy::take_buddy(uint32_t first, unsigned order) {
  FrameRecord& r = records_[first];
  if (r.state == FrameState::other || r.order != order) return false;
  if (r.state == FrameState::head) {
    unlink(first);
    return true;
  }
  r.state = FrameState::other;
  guard_frames_ -= 1U << order;
  return true;
}

// Linux: mm/page_alloc.c __free_one_page()
void Buddy::add(uint32_t first, base::Order block) {
  unsigned order = block.value();
  QUIRE_ASSERT(first + (std::size_t{1} << order) <= records_.size(), "a block beyond the last frame");
  QUIRE_ASSERT((first & ((1U << order) - 1)) == 0, "a block that is not aligned");
  QUIRE_ASSERT(records_[first].state == FrameState::other, "a free block was freed");
  for (; order < kMaxOrder; ++order) {
    uint32_t buddy = first ^ (1U << order);
    if (buddy + (std::size_t{1} << order) > records_.size()) break;
    if (!take_buddy(buddy, order)) break;
    first &= ~(1U << order);
  }
  link(first, order);
}

// Linux: mm/page_alloc.c __rmqueue_smallest(), expand()
uint32_t Buddy::take(base::Order wanted) {
  unsigned order = wanted.value();
  while (order <= kMaxOrder && heads_[order] == kNone) ++order;
  if (order > kMaxOrder) return kNone;
  uint32_t first = heads_[order];
  unlink(first);
  while (order > wanted.value()) {
    --order;
    leave_over(first + (1U << order), order);
  }
  return first;
}

bool Buddy::has(base::Order order) const {
  for (unsigned o = order.value(); o <= kMaxOrder; ++o)
    if (heads_[o] != kNone) return true;
  return false;
}

// The rest of its block becomes free blocks again.
uint32_t Buddy::take_last(uint32_t after) {
  uint32_t head = static_cast<uint32_t>(records_.size());
  do {
    if (head-- == 0) return kNone;
  } while (records_[head].state != FrameState::head);
  unsigned order = records_[head].order;
  uint32_t last = head + (1U << order) - 1;
  if (last <= after) return kNone;
  unlink(head);
  records_[head].state = FrameState::other;
  for (; order > 0; head += 1U << order) {
    --order;
    link(head, order);
  }
  return last;
}

uint32_t Buddy::check(sync::CheckReport& report) const {
  uint32_t free = 0;
  for (uint32_t frame = 0; frame < records_.size();) {
    const FrameRecord& r = records_[frame];
    if (r.state != FrameState::head) {
      ++frame;
      continue;
    }
    uint32_t size = 1U << r.order;
    report.expect((frame & (size - 1)) == 0, sync::Failure::bug, "phys I3: free block {} of order {} is not aligned",
                  frame, r.order);
    uint32_t buddy = frame ^ size;
    bool mergeable = r.order < kMaxOrder && buddy + size <= records_.size() &&
                     records_[buddy].state == FrameState::head && records_[buddy].order == r.order;
    report.expect(!mergeable, sync::Failure::bug, "phys I2: blocks {} and {} are free buddies", frame, buddy);
    free += size;
    frame += size;
  }
  return free;
}

}  // namespace quire::phys
