#include "fs/block_bitmap.h"

#include <bit>

namespace quire::fs {

BlockBitmap::BlockBitmap(PageCount blocks)
    : blocks_(blocks), free_(blocks.value()), words_((blocks.value() + kBits - 1) / kBits) {}

// The device's end if there is none.
BlockNr BlockBitmap::first_free(BlockNr from) const {
  uint64_t at = from.value();
  while (at < blocks_.value()) {
    uint64_t free_bits = ~words_[at / kBits] >> (at % kBits);
    if (free_bits != 0)
      return BlockNr(std::min(at + static_cast<uint64_t>(std::countr_zero(free_bits)), blocks_.value()));
    at = (at / kBits + 1) * kBits;
  }
  return BlockNr(blocks_.value());
}

std::optional<base::Range<BlockNr>> BlockBitmap::allocate(BlockNr goal, PageCount wanted) {
  QUIRE_ASSERT(wanted != PageCount(0));
  sync::Guard guard(lock_);
  if (free_.get() == 0) return std::nullopt;
  const BlockNr end(blocks_.value());
  BlockNr start = first_free(goal);
  if (start == end) start = first_free(BlockNr(0));
  BlockNr limit = start;
  while (limit < end && limit - start < wanted && !used(limit)) {
    flip(limit);
    ++limit;
  }
  base::Range<BlockNr> run{start, limit};
  free_ = free_.get() - run.size().value();
  return run;
}

void BlockBitmap::release(base::Range<BlockNr> blocks) {
  sync::Guard guard(lock_);
  free_ = free_.get() + blocks.size().value();
  for (BlockNr block : blocks) {
    QUIRE_ASSERT(used(block), "a block was freed twice");
    flip(block);
  }
}

PageCount BlockBitmap::free() {
  sync::Guard guard(lock_);
  return PageCount(free_.get());
}

void BlockBitmap::check(sync::CheckReport& report) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  uint64_t clear = 0;
  for (BlockNr block : base::Range<BlockNr>(BlockNr(0), BlockNr(blocks_.value()))) clear += used(block) ? 0 : 1;
  report.expect(clear == free_.peek(), sync::Failure::check, "block bitmap I1: {} blocks free, counted as {}", clear,
                free_.peek());
}

}  // namespace quire::fs
