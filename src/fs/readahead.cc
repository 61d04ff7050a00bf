#include "fs/readahead.h"

#include <algorithm>
#include <bit>

#include "sync/trace.h"

namespace quire::fs {
namespace {

constexpr uint32_t kMmapLotsaMiss = 100;  // Linux: MMAP_LOTSAMISS

// Linux: get_init_ra_size()
uint64_t first_size(uint64_t wanted, uint64_t max) {
  uint64_t size = std::bit_ceil(wanted);
  if (size <= max / 32) return size * 4;
  return size <= max / 4 ? size * 2 : max;
}

// Linux: get_next_ra_size()
uint64_t next_size(uint64_t size, uint64_t max) {
  if (size < max / 16) return 4 * size;
  return size <= max / 2 ? 2 * size : max;
}

}  // namespace

uint64_t FileReadahead::max_locked(const State& state) const {
  if (state.mode == ReadaheadMode::random) return 0;
  return state.mode == ReadaheadMode::sequential ? uint64_t{2} * pages_ : pages_;
}

uint64_t FileReadahead::max_pages() {
  sync::Guard guard(ra_lock_);
  return max_locked(state_.get());
}

void FileReadahead::set_mode(ReadaheadMode mode) {
  sync::Guard guard(ra_lock_);
  state_.mutate().mode = mode;
}

bool FileReadahead::wants_history(FileIndex index, uint64_t wanted) {
  sync::Guard guard(ra_lock_);
  const State& state = state_.get();
  uint64_t max = max_locked(state);
  return max != 0 && index != FileIndex(0) && wanted <= max && index.value() - state.previous > 1;
}

ReadaheadWindow FileReadahead::sync(FileIndex index, uint64_t wanted, uint64_t cached_before) {
  sync::Guard guard(ra_lock_);
  State& state = state_.mutate();
  uint64_t max = max_locked(state);
  ReadaheadWindow alone{index.value(), wanted, 0};
  if (max == 0) return alone;
  ReadaheadWindow& window = state.window;
  if (index == FileIndex(0) || wanted > max || index.value() - state.previous <= 1) {
    window = {index.value(), first_size(wanted, max), 0};
    window.async_size = window.size > wanted ? window.size - wanted : window.size / 2;
    return window;
  }
  // A short read somewhere says nothing of the next one.
  if (cached_before <= wanted) return alone;
  QUIRE_REACHED("page_cache_sync_ra: a stream has left its traces in the cache");
  if (cached_before >= index.value()) cached_before *= 2;
  window = {index.value(), std::min(cached_before + wanted, max), 1};
  return window;
}

ReadaheadWindow FileReadahead::async(FileIndex index, uint64_t wanted, uint64_t next_miss) {
  sync::Guard guard(ra_lock_);
  State& state = state_.mutate();
  uint64_t max = max_locked(state);
  if (max == 0) return {};
  ReadaheadWindow& window = state.window;
  if (index.value() == window.mark() && window.size != 0) {
    window.start += window.size;
    window.size = next_size(window.size, max);
  } else {
    QUIRE_REACHED("page_cache_async_ra: the mark of another stream");
    if (next_miss - index.value() > max) return {};
    window.start = next_miss;
    window.size = next_size(next_miss - index.value() + wanted, max);
  }
  window.async_size = window.size;
  return window;
}

ReadaheadWindow FileReadahead::around(FileIndex index) {
  sync::Guard guard(ra_lock_);
  State& state = state_.mutate();
  uint64_t max = max_locked(state);
  if (max == 0) return {};
  if (state.mmap_miss < kMmapLotsaMiss * 10) ++state.mmap_miss;
  if (state.mmap_miss > kMmapLotsaMiss) return {};
  state.window = {index.value() - std::min(index.value(), max / 2), max, max / 4};
  return state.window;
}

void FileReadahead::mmap_hit() {
  sync::Guard guard(ra_lock_);
  if (state_.get().mmap_miss != 0) --state_.mutate().mmap_miss;
}

void FileReadahead::note_read(FileIndex index) {
  sync::Guard guard(ra_lock_);
  state_.mutate().previous = index.value();
}

}  // namespace quire::fs
