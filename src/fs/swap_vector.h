// SwapVector: pages of a tmpfs file that are in swap although the index has a cached page for them.
//
// The tmpfs of 2007 kept the swap entries of a file in a vector beside its page cache; an index was in one of the two.
// A stacked file system that takes a page of the file from the page cache alone (MappingOps::find_or_create_around())
// makes one where the vector has an entry: the page is in both, and what is cached is newer. With one index for both
// that cannot be said, so those entries, and only those, are here. Each counts as swapped, and keeps its slot.
//
// Whoever takes an entry out frees its slot: truncation; writepage, before the page gets another slot; swapoff.
// Lock: shmem_info_lock, around i_pages when an entry comes from the index. Linux: mm/shmem.c of 2.6.24,
// shmem_swp_entry(); the repair is of 2.6.25
#pragma once

#include <optional>

#include "cache/mapping.h"
#include "sync/lock.h"

namespace quire::fs {

class SwapVector {
 public:
  explicit SwapVector(unsigned bits) : entries_(bits) {}

  /// The value `entry` leaves the index and comes here; false: the index does not have it any more.
  [[nodiscard]] bool take_from(cache::Mapping& mapping, base::FileIndex index, base::SwapEntry entry) {
    sync::Guard guard(lock_);
    mapping.split_value(index, entry);
    base::Range<base::FileIndex> one{index, index.next()};
    if (mapping.take_value(index, entry, one).empty()) return false;
    (void)entries_.store(index.value(), cache::IndexEntry::of(entry).word());
    return true;
  }
  /// What `index` has here, which is the caller's from now on.
  [[nodiscard]] std::optional<base::SwapEntry> take(base::FileIndex index) {
    sync::Guard guard(lock_);
    return entry_of(entries_.store(index.value(), 0));
  }
  [[nodiscard]] std::optional<base::SwapEntry> find(base::FileIndex index) {
    sync::Guard guard(lock_);
    return entry_of(entries_.load(index.value()));
  }
  /// The first index of `range` that has one.
  [[nodiscard]] std::optional<base::FileIndex> find_from(base::Range<base::FileIndex> range) {
    sync::Guard guard(lock_);
    auto at = entries_.find_from(range.start().value());
    if (!at || !range.contains(base::FileIndex(at->index))) return std::nullopt;
    return base::FileIndex(at->index);
  }

  /// Calls visit(SwapEntry) for each: at quiescent points.
  template <typename Visit>
  void peek_entries(Visit visit) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    for (auto at = entries_.peek_from(0); at; at = entries_.peek_from(at->index + 1)) visit(*entry_of(at->word));
  }

 private:
  [[nodiscard]] static std::optional<base::SwapEntry> entry_of(uint64_t word) {
    if (word == 0) return std::nullopt;
    return cache::IndexEntry::from_word(word).swap();
  }

  sync::SpinLock<sync::LockClass::shmem_info_lock> lock_;
  cache::RadixTree entries_ QUIRE_GUARDED_BY(lock_);
};

}  // namespace quire::fs
