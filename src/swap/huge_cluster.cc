// Huge clusters: the slots of a huge page as one, for the PMD swap entries that map them (the series of 2018).
//
// A PMD reference counts in each of the bytes, so a PMD swap mapping can become PTEs without taking a reference, hence
// without needing room in a count. A cluster is huge from its allocation until
//   a folio of it in the swap cache is split            split_swap_cluster(split)
//   no huge page can be had to read it into             split_swap_cluster(keep)
//   its last PMD mapping goes and nothing is cached     drop_pmd_reference(), split_swap_cluster_map()
//   its cache bits go and it has no PMD mapping         put_huge_cache_bits()
// Nobody goes and looks for the PMD mappings that are left then: each is split by whoever uses it next, who learns of
// it by -ENOTDIR. What is not huge can be huge again only after all its slots were free, so never under such a mapping.
#include "swap/areas.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::swap {

using base::Defect;
using sync::Failure;

bool SwapAreas::in_huge_cluster(SwapEntry entry) {
  if (!huge_clusters()) return false;
  ClusterInfo& ci = info(entry).cluster(entry.offset());
  sync::Guard guard(ci.lock);
  return ci.huge;
}

// One PMD reference is taken back from slots that have it already. The cluster's lock is held.
void SwapAreas::undo_duplicate_locked(SwapArea& area, SwapOffset first, PageCount pages) const {
  for (uint64_t i = 0; i < pages.value(); ++i) {
    SwapOffset slot = first + PageCount(i);
    MapByte& byte = *area.map_from(slot);
    Result<CountByte> before = minus_reference_locked(area, slot, CountByte(byte.load()));
    if (!before) sync::bug(Failure::swap_count, "swap count underflow");
    byte.store(before->byte());
  }
}

// Linux (series of 2018): mm/swapfile.c __swap_duplicate_cluster()
Errno SwapAreas::swap_duplicate(SwapEntry& entry, PageCount size) {
  QUIRE_FUNC();
  if (entry.none() || entry.type().value() >= areas_.size()) return Errno::einval;
  SwapArea& area = info(entry);
  SwapOffset first = entry.offset();
  if (first.value() >= area.max_.load(sync::Order::relaxed)) return Errno::einval;
  QUIRE_ASSERT(first == first.align_down(size), "a huge swap entry that is not the first of its cluster");
  ClusterInfo& ci = area.cluster(first);
  sync::Guard guard(ci.lock);
  // A PMD mapping can be had of a huge cluster only. D0-9b counts one all the same.
  if (!ci.huge && !defects_.has(Defect::D0_9b)) return Errno::enotdir;
  for (uint64_t i = 0; i < size.value(); ++i) {
    MapByte& byte = *area.map_from(first + PageCount(i));
    Result<CountByte> after = plus_reference_locked(area, first + PageCount(i), CountByte(byte.load()));
    if (after) {
      byte.store(after->byte());
      continue;
    }
    QUIRE_REACHED("swap_duplicate: a slot in the middle of a huge cluster is full");
    bool one_too_many = defects_.has(Defect::D0_8b);
    if (!defects_.has(Defect::D0_8a)) undo_duplicate_locked(area, first, PageCount(one_too_many ? i + 1 : i));
    entry = entry + PageCount(i);
    return after.error();
  }
  ci.count += 1;
  QUIRE_POINT("take PMD reference", "slots {}..{}, count {}", first.value(), first.value() + size.value() - 1,
              ci.count.get());
  return Errno::ok;
}

// Linux (series of 2018): mm/swapfile.c split_swap_cluster()
Errno SwapAreas::split_swap_cluster(SwapEntry entry, WhileCached cached) {
  QUIRE_FUNC();
  SwapArea* area = get_swap_device(entry);
  if (area == nullptr) return Errno::einval;
  Errno error = Errno::ok;
  {
    ClusterInfo& ci = area->cluster(entry.offset());
    sync::Guard guard(ci.lock);
    if (ci.huge && cached == WhileCached::keep && area->swap_map(entry.offset()).has_cache()) {
      error = Errno::eexist;
    } else if (ci.huge) {
      ci.huge = false;
      ci.count = static_cast<uint32_t>(area->cluster_slots().value());
      QUIRE_POINT("cluster split", "slot {}", entry.offset().value());
    }
  }
  put_swap_device(*area);
  return error;
}

// Linux (series of 2018): mm/swapfile.c split_swap_cluster_map()
Errno SwapAreas::split_swap_cluster_map(SwapEntry entry) {
  QUIRE_FUNC();
  SwapArea* area = get_swap_device(entry);
  if (area == nullptr) return Errno::ebusy;
  {
    auto slots = static_cast<uint32_t>(area->cluster_slots().value());
    ClusterInfo& ci = area->cluster(entry.offset());
    sync::Guard guard(ci.lock);
    // Before the look at whether somebody else has split it: then this mapping is not counted any more.
    if (defects_.has(Defect::D0_5) && (!ci.huge || ci.count <= slots))
      sync::bug(Failure::bug, "split_swap_cluster_map: the cluster is not huge");
    if (!ci.huge) {
      QUIRE_REACHED("split_swap_cluster_map: split already");
    } else {
      ci.count -= 1;
      SwapOffset first = entry.offset().align_down(area->cluster_slots());
      if (ci.count == slots && !area->swap_map(first).has_cache()) ci.huge = false;
      QUIRE_POINT("PMD swap mapping split", "slot {}, count {}", first.value(), ci.count.get());
    }
  }
  put_swap_device(*area);
  return Errno::ok;
}

// Linux (series of 2018): mm/swapfile.c __swap_duplicate(), SWAP_HAS_CACHE of a cluster
Errno SwapAreas::swapcache_prepare(SwapEntry entry, PageCount size) {
  QUIRE_FUNC();
  SwapArea& area = info(entry);
  ClusterInfo& ci = area.cluster(entry.offset());
  sync::Guard guard(ci.lock);
  if (!ci.huge) return Errno::enotdir;
  MapByte* map = area.map_from(entry.offset());
  // Of a huge cluster all slots have it or none.
  Result<CountByte> first = CountByte(map[0].load()).plus_cache();
  if (!first) return first.error();
  for (uint64_t i = 0; i < size.value(); ++i) {
    Result<CountByte> with = CountByte(map[i].load()).plus_cache();
    QUIRE_ASSERT(with.ok(), "a part of a huge cluster is in the swap cache");
    map[i].store(with->byte());
  }
  QUIRE_POINT("claim cache", "slots {}..{}", entry.offset().value(), entry.offset().value() + size.value() - 1);
  return Errno::ok;
}

// Linux (series of 2018): mm/swap_state.c __read_swap_cache_async(), its huge part
Result<FolioRef> SwapAreas::read_huge_swap_cache(SwapEntry entry, PageCount size, phys::Gfp gfp) {
  QUIRE_FUNC();
  SwapArea* area = get_swap_device(entry);
  if (area == nullptr) return FolioRef();
  cache::SwapCache& cached = swap_cache(entry);
  Result<FolioRef> fresh = FolioRef();
  for (;;) {
    if (FolioRef folio = cached.get_folio(entry.offset())) {
      fresh = std::move(folio);
      break;
    }
    Order order(static_cast<unsigned>(__builtin_ctzll(size.value())));
    if (!*fresh) fresh = folios_.alloc(gfp.without_retry(), order);
    if (!fresh) break;
    Errno error = swapcache_prepare(entry, size);
    if (error == Errno::ok) {
      (*fresh)->init_flags(FolioFlag::swapbacked);
      (*fresh)->lock();
      cached.add(**fresh, entry);
      swap_read_folio(**fresh, entry);
      break;
    }
    if (error == Errno::eexist) {
      sync::retry_point("swapcache_prepare, a huge cluster");
      continue;
    }
    fresh = error == Errno::enotdir ? Result<FolioRef>(error) : FolioRef();
    break;
  }
  put_swap_device(*area);
  return fresh;
}

// The slot is one of a huge cluster: all of it is read, or the cluster is split. Ok: look again. -EEXIST: wait.
// Linux (series of 2018): mm/swap_state.c __read_swap_cache_async()
Errno SwapAreas::read_or_split_huge(SwapEntry entry, phys::Gfp gfp) {
  PageCount size = info(entry).cluster_slots();
  SwapEntry first = entry.align_down(size);
  Result<FolioRef> whole = read_huge_swap_cache(first, size, gfp);
  if (whole || whole.error() == Errno::enotdir) return Errno::ok;
  QUIRE_REACHED("read_swap_cache_async: no huge page for a huge cluster");
  return split_swap_cluster(first, WhileCached::keep);
}

// A byte that was exactly 1 says BAD until the slot is really free: nobody may find it, nor may swapoff wait for a
// folio there. Linux (series of 2018): mm/swapfile.c swap_free_cluster()
SwapAreas::HugeLeft SwapAreas::drop_pmd_reference(SwapArea& area, SwapEntry entry, PageCount size) {
  uint64_t freed = 0;
  uint64_t cache_only = 0;
  {
    ClusterInfo& ci = area.cluster(entry.offset());
    sync::Guard guard(ci.lock);
    if (!ci.huge) return HugeLeft::not_huge;
    MapByte* map = area.map_from(entry.offset());
    bool cached = CountByte(map[0].load()).has_cache();
    QUIRE_ASSERT(ci.count > size.value(), "a PMD swap mapping that nobody counted");
    ci.count -= 1;
    for (uint64_t i = 0; i < size.value(); ++i) {
      if (CountByte(map[i].load()) == CountByte(1)) {
        map[i].store(CountByte::kBad);
        ++freed;
      } else if (swap_entry_free_locked(area, entry.offset() + PageCount(i), Drop::reference).cache_only()) {
        ++cache_only;
      }
    }
    if (ci.count == size.value() && !cached) ci.huge = false;
    QUIRE_ASSERT(freed == 0 || !ci.huge, "a slot of a huge cluster is free");
    QUIRE_POINT("put PMD reference", "slots {}..{}, {} free", entry.offset().value(),
                entry.offset().value() + size.value() - 1, freed);
  }
  if (freed == size.value()) {
    sync::Guard guard(area.si_lock_);
    swap_entry_range_free(area, entry, size);
  } else if (freed > 0) {
    free_bad_slots(area, entry, size);
  }
  return cache_only == size.value() ? HugeLeft::cache_only : HugeLeft::other;
}

// Those of the cluster that drop_pmd_reference() has marked. They are this task's, and are not parked.
void SwapAreas::free_bad_slots(SwapArea& area, SwapEntry entry, PageCount size) {
  for (uint64_t i = 0; i < size.value(); ++i) {
    SwapEntry slot = entry + PageCount(i);
    if (area.swap_map(slot.offset()).bad()) swapcache_free_entries({&slot, 1});
  }
}

// Linux (series of 2018): mm/swapfile.c swap_free()
void SwapAreas::swap_free(SwapEntry entry, PageCount size) {
  QUIRE_FUNC();
  if (drop_pmd_reference(info(entry), entry, size) != HugeLeft::not_huge) return;
  for (uint64_t i = 0; i < size.value(); ++i) swap_free(entry + PageCount(i));
}

// Linux (series of 2018): mm/swapfile.c free_swap_and_cache()
FreeOutcome SwapAreas::free_swap_and_cache(SwapEntry entry, PageCount size, FreeCaller caller) {
  QUIRE_FUNC();
  SwapArea* area = get_swap_device(entry);
  if (area == nullptr) return FreeOutcome::no_device;
  HugeLeft left = drop_pmd_reference(*area, entry, size);
  if (left == HugeLeft::not_huge) {
    QUIRE_REACHED("free_swap_and_cache: the cluster is huge no more");
    for (uint64_t i = 0; i < size.value(); ++i) (void)free_swap_and_cache(entry + PageCount(i), caller);
  } else if (left == HugeLeft::cache_only) {
    try_to_reclaim_swap(*area, entry);
  }
  put_swap_device(*area);
  return FreeOutcome::freed;
}

// The folio of all slots has left the swap cache. false: the slots are to be looked at one by one.
// Linux (series of 2018): mm/swapfile.c put_swap_page()
bool SwapAreas::put_huge_cache_bits(SwapArea& area, SwapEntry entry, PageCount pages) {
  ClusterInfo& ci = area.cluster(entry.offset());
  sync::Guard guard(ci.lock);
  if (!ci.huge) return false;
  if (ci.count > pages.value() && !defects_.has(Defect::D0_13)) {
    MapByte* map = area.map_from(entry.offset());
    for (uint64_t i = 0; i < pages.value(); ++i) {
      Result<CountByte> without = CountByte(map[i].load()).minus_cache();
      QUIRE_ASSERT(without.ok() && !without->free(),
                   "a huge cluster with a PMD mapping has a slot without a reference");
      map[i].store(without->byte());
    }
    QUIRE_POINT("huge cluster leaves the cache", "slot {}", entry.offset().value());
    return true;
  }
  // No PMD mapping: from here on it is a cluster as any other, freed as a whole or slot by slot.
  ci.huge = false;
  ci.count = static_cast<uint32_t>(pages.value());
  return false;
}

}  // namespace quire::swap
