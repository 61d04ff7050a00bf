// SwapCache: slot of one swap area -> the folio that has the slot's page in memory.
//
// Made at swapon, freed by swapoff. A flat array of one word per slot, locked in shards of 2^shard_shift slots.
// I1  a folio at slot s has swap() of that slot (minus its page's place in it) and the flag swapcache; each page of a
//     large one has swap() of its own slot
// I2  the cache holds one reference to a folio per page of it
// Locks: i_pages of the shard (shared for look-ups; spins). The slots' count bytes are swap's: it sets HAS_CACHE before
// add() and clears it after remove(). Linux: mm/swap_state.c, swapper_spaces[]
#pragma once

#include "cache/folios.h"
#include "sync/atomic.h"
#include "sync/check_report.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::cache {

class SwapCache {
 public:
  /// Slots 0..slots-1; `shard_shift` at least the greatest order of a folio (14 in Linux).
  using Box = sync::RoomyBox<SwapCache>;
  [[nodiscard]] static Box make(PageCount slots, unsigned shard_shift);
  SwapCache(sync::Room room, PageCount slots, unsigned shard_shift);
  SwapCache(const SwapCache&) = delete;
  SwapCache& operator=(const SwapCache&) = delete;

  /// Puts `folio` (locked, not in the swap cache) at its slots from `entry` on, which must be empty; takes one
  /// reference per page, sets swap() and the flag. Linux: mm/swap_state.c add_to_swap_cache()
  void add(Folio& folio, SwapEntry entry);
  /// Takes `folio` (locked, in this cache) out; clears the flag. The caller puts the references.
  /// Linux: mm/swap_state.c __delete_from_swap_cache()
  void remove(Folio& folio);
  /// The same if `folio` is clean and has no more than `references` and the cache's: then those are dropped and
  /// `references` are left. Linux: mm/vmscan.c __remove_mapping()
  [[nodiscard]] bool try_remove(Folio& folio, int references);
  /// `to` (locked, in no cache, as many pages) takes the slots of `from` (locked, in this cache), if nobody but the
  /// cache and `references` of the caller's has that: then those are left. Linux: mm/migrate.c folio_migrate_mapping()
  enum class Words : uint8_t { all, head };
  /// `words`: which pages of `to` are told their slot; all but for a defect.
  [[nodiscard]] bool move(Folio& from, Folio& to, int references, Words words = Words::all);
  /// The large `folio` (locked, in this cache) is split into pages, each cached at its slot, if nobody but the cache
  /// and one reference of the caller's has it. Linux: mm/huge_memory.c __split_huge_page()
  [[nodiscard]] bool split(Folio& folio);
  /// The folio at `slot` with a reference, or empty. Linux: mm/swap_state.c swap_cache_get_folio(), filemap_get_folio()
  [[nodiscard]] FolioRef get_folio(SwapOffset slot);

  [[nodiscard]] const Folio* peek(SwapOffset slot) const { return slots_[slot.value()].peek(); }
  [[nodiscard]] PageCount slots() const { return PageCount(slots_.size()); }
  [[nodiscard]] std::size_t room_bytes() const { return room_for(slots_.size(), locks_.size()); }
  /// I1, and that the slots of one folio agree.
  void check(sync::CheckReport& report) const;

 private:
  void erase(Folio& folio);
  /// Each page's slot. Linux (to 6.5): page_private() of the pages of a huge page
  static void set_words(Folio& folio, SwapEntry entry, PageCount pages);

  using ShardLock = sync::RwLock<sync::LockClass::i_pages_lock>;
  using Slot = sync::Plain<Folio*, "swap_cache slot">;
  [[nodiscard]] static std::size_t room_for(std::size_t slots, std::size_t shards) {
    return sync::Room::bytes_for<ShardLock>(shards) + sync::Room::bytes_for<Slot>(slots);
  }
  [[nodiscard]] ShardLock& lock_of(SwapOffset slot) {
    unsigned shift = shard_shift_.get();
    return locks_[slot.value() >> shift];
  }

  /// Constant. Every access to the object announces this field first, so that a touch of a freed cache is found.
  const sync::Plain<unsigned, "swap cache"> shard_shift_;
  std::span<ShardLock> locks_;
  std::span<Slot> slots_;
};

}  // namespace quire::cache
