#include "cache/swap_cache.h"

#include "sync/trace.h"

namespace quire::cache {

namespace {
std::size_t shards(PageCount slots, unsigned shard_shift) { return ((slots.value() - 1) >> shard_shift) + 1; }
}  // namespace

SwapCache::Box SwapCache::make(PageCount slots, unsigned shard_shift) {
  return sync::make_roomy<SwapCache>(room_for(slots.value(), shards(slots, shard_shift)), slots, shard_shift);
}

SwapCache::SwapCache(sync::Room room, PageCount slots, unsigned shard_shift)
    : shard_shift_(shard_shift),
      locks_(room.take<ShardLock>(shards(slots, shard_shift))),
      slots_(room.take<Slot>(slots.value())) {}

// Linux: mm/swap_state.c add_to_swap_cache()
void SwapCache::add(Folio& folio, SwapEntry entry) {
  QUIRE_FUNC();
  uint64_t pages = folio.pages().value();
  uint32_t first = entry.offset().value();
  folio.get(static_cast<int>(pages));
  set_words(folio, entry, folio.pages());
  folio.set(FolioFlag::swapcache);
  sync::Guard guard(lock_of(entry.offset()));
  for (uint64_t i = 0; i < pages; ++i) {
    auto& slot = slots_[first + i];
    QUIRE_ASSERT(slot.get() == nullptr, "two folios in the swap cache at one slot");
    slot = &folio;
  }
}

void SwapCache::erase(Folio& folio) {
  uint64_t pages = folio.pages().value();
  uint32_t first = folio.swap().offset().value();
  for (uint64_t i = 0; i < pages; ++i) {
    auto& slot = slots_[first + i];
    QUIRE_ASSERT(slot.get() == &folio, "a folio that is not in the swap cache at its slot");
    slot = nullptr;
  }
  folio.clear(FolioFlag::swapcache);
  for (uint64_t i = 0; i < pages; ++i) folio.folios().page(folio.pfn() + PageCount(i)).set_swap({});
}

void SwapCache::set_words(Folio& folio, SwapEntry entry, PageCount pages) {
  for (uint64_t i = 0; i < pages.value(); ++i)
    folio.folios().page(folio.pfn() + PageCount(i)).set_swap(entry + PageCount(i));
}

// Linux: mm/swap_state.c __delete_from_swap_cache()
void SwapCache::remove(Folio& folio) {
  sync::Guard guard(lock_of(folio.swap().offset()));
  erase(folio);
}

// Linux: mm/vmscan.c __remove_mapping()
bool SwapCache::try_remove(Folio& folio, int references) {
  sync::Guard guard(lock_of(folio.swap().offset()));
  if (!folio.ref_freeze(references + static_cast<int>(folio.pages().value()))) return false;
  bool clean = !folio.test(FolioFlag::dirty);
  if (clean) erase(folio);
  folio.ref_unfreeze(references + (clean ? 0 : static_cast<int>(folio.pages().value())));
  return clean;
}

bool SwapCache::move(Folio& from, Folio& to, int references, Words words) {
  auto pages = static_cast<int>(from.pages().value());
  SwapEntry entry = from.swap();
  sync::Guard guard(lock_of(entry.offset()));
  if (!from.ref_freeze(references + pages)) return false;
  erase(from);
  from.ref_unfreeze(references);
  to.get(pages);
  set_words(to, entry, words == Words::head ? PageCount(1) : to.pages());
  to.set(FolioFlag::swapcache);
  for (uint64_t i = 0; i < to.pages().value(); ++i) slots_[entry.offset().value() + i] = &to;
  return true;
}

bool SwapCache::split(Folio& folio) {
  uint64_t pages = folio.pages().value();
  uint32_t first = folio.swap().offset().value();
  sync::Guard guard(lock_of(folio.swap().offset()));
  if (!folio.ref_freeze(1 + static_cast<int>(pages))) return false;
  folio.folios().split(folio, 2);
  for (uint64_t i = 0; i < pages; ++i) slots_[first + i] = &folio.folios().page(folio.pfn() + PageCount(i));
  return true;
}

// Linux: mm/swap_state.c swap_cache_get_folio()
FolioRef SwapCache::get_folio(SwapOffset slot) {
  sync::SharedGuard guard(lock_of(slot));
  Folio* folio = slots_[slot.value()].get();
  return folio == nullptr ? FolioRef() : FolioRef::of(*folio);
}

void SwapCache::check(sync::CheckReport& report) const {
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const Folio* folio = slots_[i].peek();
    if (folio == nullptr) continue;
    SwapEntry at = folio->peek_swap();
    bool right = any(folio->peek_flags() & FolioFlag::swapcache) && at.offset() <= SwapOffset(i) &&
                 (SwapOffset(i) - at.offset()) < folio->pages() && folio->peek_refcount() > 0;
    report.expect(right, sync::Failure::swap_count, "swap cache I1: slot {} caches folio {} which has slot {}", i,
                  folio->pfn().value(), at.offset().value());
  }
}

}  // namespace quire::cache
