// SwapAreas: all swap of a machine: the areas, slots and their references, the swap cache, swap I/O, swapon and
// swapoff.
//
// The life of a slot (byte): free 0x00 -> folio_alloc_swap 0x40 -> add_to_swap: folio cached -> swap_duplicate 0x41..
// (or swap_shmem_alloc 0xff) -> swap_writepage -> delete_from_swap_cache 0x01.. (or 0xbf) -> read_swap_cache_async
// 0x41..
// -> swap_free 0x40 -> folio_free_swap 0x00. Who brings a byte to "nothing left" frees the slot.
//
// A caller that holds neither a reference of the device nor a page-table lock (an RCU reader) may use an entry only
// through get_swap_device(); after it, what was read before it must be read again. Locks taken: swap_lock > si_lock >
// cluster_lock > cont_lock; i_pages; slots_free_lock; see each function for what else it needs. Linux: mm/swapfile.c,
// mm/swap_state.c, mm/page_io.c, mm/swap_slots.c
//
//   areas.swapon(device);
//   if (areas.add_to_swap(*folio)) ...                    // folio locked
//   areas.free_swap_and_cache(entry, FreeCaller::page_table);
#pragma once

#include <optional>
#include <span>

#include "base/defects.h"
#include "base/result.h"
#include "cache/folios.h"
#include "swap/area.h"
#include "swap/readahead.h"
#include "swap/slot_cache.h"
#include "swap/swap_users.h"
#include "swap/thp_swap.h"

namespace quire::swap {

using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;

struct SwapOptions {
  unsigned areas_max = 2;      ///< Linux MAX_SWAPFILES
  unsigned cluster_shift = 2;  ///< a cluster has 2^n slots (9 in Linux with THP swap)
  unsigned cache_shift = 14;   ///< slots that share one lock of the swap cache: 2^n
  unsigned map_max = CountByte::kMax;
  unsigned cont_max = Continuations::kDigitMax;  ///< the greatest higher digit of a count
  enum class SlotCache : uint8_t { off, on } slot_cache = SlotCache::off;
  unsigned slot_cache_size = 64;  ///< slots parked per CPU
  ReadaheadOptions readahead = {};
  ThpSwap thp_swap = ThpSwap::pte;
};

/// Of split_swap_cluster(), when a folio is in the swap cache there.
enum class WhileCached : uint8_t { keep, split };

/// What add_swap_count_continuation() did.
enum class ContinuationOutcome : uint8_t {
  added,      ///< there is room for the next reference
  useless,    ///< somebody else was first, or moved on, or the device is going away: the page was freed again
  no_memory,  ///< -ENOMEM
};

/// What became of a scheduled discard.
enum class DiscardOutcome : uint8_t { nothing, discarded };

/// How swapon() uses a device.
struct SwaponSettings {
  /// Below 0: lower than every device before it. Linux: SWAP_FLAG_PREFER
  int priority = -1;
  SwapDiscard discard = SwapDiscard::none;
};

/// Who calls free_swap_and_cache(), which decides what protects it.
enum class FreeCaller : uint8_t {
  page_table,  ///< zap or MADV_FREE, with the page-table lock held: an RCU reader
  tmpfs,       ///< truncation, punch or eviction of a tmpfs file: nothing is held
};

/// What the caller of free_swap_and_cache() learns. Linux: its bool
enum class FreeOutcome : uint8_t { freed, no_device };

class SwapAreas {
 public:
  /// Linux MAX_SWAPFILES without any special entry type.
  static constexpr unsigned kAreasMax = 32;

  SwapAreas(const SwapOptions& options, cache::Folios& folios, const base::DefectSet& defects);
  ~SwapAreas();
  SwapAreas(const SwapAreas&) = delete;
  SwapAreas& operator=(const SwapAreas&) = delete;

  // --- swapon and swapoff (swap/swapon.cc, swap/swapoff.cc) ---------------------------------------------------------
  /// Makes `device` live as an area. -EBUSY: it is one already; -EPERM: no type left; -EINVAL: too small. Sleeps.
  [[nodiscard]] Errno swapon(SwapBackend& device, const SwaponSettings& settings = {});
  /// Whether an area uses `device`, be it not live yet or not any more.
  [[nodiscard]] bool in_use(const SwapBackend& device);
  /// Discards the clusters of `device` that wait for it; how many. Sleeps. Linux: swap_discard_work()
  uint64_t do_scheduled_discards(const SwapBackend& device);

  /// Steps 2 to 4: finds the live area of `device` (-EINVAL if none), and takes it off the list, so that no slot is
  /// allocated from now on; -ENOMEM if what it holds fits neither into RAM nor into the other areas, so that it would
  /// be in vain. One swapoff at a time per area: the second finds nothing.
  [[nodiscard]] Result<SwapArea*> start_swapoff(const SwapBackend& device);
  /// Step 5: no slot is parked from now until reenable_slot_cache(); those that are become free. Sleeps; held as a
  /// lock.
  void disable_slot_cache();
  void reenable_slot_cache();
  /// For step 6d: the first slot after `previous` (slot 0 to begin) that is neither free nor bad, or nothing.
  /// Linux: mm/swapfile.c find_next_to_unuse()
  [[nodiscard]] std::optional<SwapOffset> find_next_to_unuse(SwapArea& area, SwapOffset previous) const;
  /// Step 7: after a failure, live again. Linux: mm/swapfile.c reinsert_swap_info()
  void reinsert_swap_info(SwapArea& area);
  /// Step 8: no new reference; returns when every reference is dropped and every reader has ended. Sleeps.
  void kill_users_and_wait(SwapArea& area);
  /// Steps 9 to 11: does what discards are left; detaches and frees the maps, the pool and the swap cache; the type may
  /// be used again.
  void free_maps(SwapArea& area);

  /// Whether any area is live and has a free slot, read without a lock: worth trying to swap out.
  [[nodiscard]] bool total_swap_available() const;
  /// Whether any area that is live has a slot in use, read without a lock: pages may be in the swap cache.
  [[nodiscard]] bool any_slot_in_use() const;

  // --- references to a device (swap/device.cc) ----------------------------------------------------------------------
  /// The area of `entry` with a reference, or nullptr if it is being torn down or gone. Linux: get_swap_device()
  [[nodiscard]] SwapArea* get_swap_device(SwapEntry entry);
  void put_swap_device(SwapArea& area);
  /// The live area of `device` with a reference, or nullptr.
  [[nodiscard]] SwapArea* get_area_of(const SwapBackend& device);

  // --- slots (swap/allocate.cc, swap/duplicate.cc, swap/free.cc) ----------------------------------------------------
  /// 2^order slots for `folio`, bytes HAS_CACHE, first one aligned; -ENOMEM if none. Linux: folio_alloc_swap()
  [[nodiscard]] Result<SwapEntry> folio_alloc_swap(const Folio& folio);
  /// One more page-table reference. -EINVAL: no such slot, or tmpfs's; -ENOENT: free or bad; -ENOMEM: the count is
  /// full and add_swap_count_continuation() may help. The caller holds something that keeps the entry (a page table's
  /// lock, or the folio's). Linux: __swap_duplicate()
  [[nodiscard]] Errno swap_duplicate(SwapEntry entry);
  /// Brings a page for the next digit of the count of `entry`, after swap_duplicate() said -ENOMEM; unless there is no
  /// memory it is worth calling again. Sleeps if `gfp` may. Linux: mm/swapfile.c add_swap_count_continuation()
  [[nodiscard]] ContinuationOutcome add_swap_count_continuation(SwapEntry entry, phys::Gfp gfp);
  /// One more PMD reference to all `size` slots of a huge cluster from `entry` on. -ENOTDIR: it is no huge cluster any
  /// more; or as above for one of the slots, which `entry` names then, and nothing is changed.
  [[nodiscard]] Errno swap_duplicate(SwapEntry& entry, PageCount size);
  /// The slots (allocated, no references) become tmpfs's. Linux: swap_shmem_alloc()
  void swap_shmem_alloc(SwapEntry entry, PageCount pages);
  /// Claims HAS_CACHE for reading the page in. -EEXIST: somebody else has; -ENOENT: freed. Linux: swapcache_prepare()
  [[nodiscard]] Errno swapcache_prepare(SwapEntry entry);
  /// The same for all slots of a huge cluster. -ENOTDIR: it is none any more.
  [[nodiscard]] Errno swapcache_prepare(SwapEntry entry, PageCount size);
  /// Gives the claim back. Linux: swapcache_clear()
  void swapcache_clear(SwapArea& area, SwapEntry entry);
  /// Drops one reference; the caller holds the device. Linux: swap_free()
  void swap_free(SwapEntry entry);
  /// Drops one PMD reference to `size` slots, of a cluster that is, or was, huge.
  void swap_free(SwapEntry entry, PageCount size);
  /// Drops one reference and, if nobody but the swap cache is left, tries to free the folio too.
  [[nodiscard]] FreeOutcome free_swap_and_cache(SwapEntry entry, FreeCaller caller);
  [[nodiscard]] FreeOutcome free_swap_and_cache(SwapEntry entry, PageCount size, FreeCaller caller);
  /// The folio is no longer in the swap cache: HAS_CACHE off at its slots, which may free them. Linux: put_swap_folio()
  void put_swap_folio(const Folio& folio, SwapEntry entry);
  /// Takes `folio` (locked) out of the swap cache if no reference to its slots is left; it is dirty then.
  /// Not while storage is suspended. Linux: same
  bool folio_free_swap(Folio& folio);
  /// Whether any slot of the block that `entry` was allocated in has a reference, as far as the cluster knows: in a
  /// cluster of several orders only the slot itself is looked at. The caller holds the device.
  [[nodiscard]] bool swap_page_trans_huge_swapped(SwapArea& area, SwapEntry entry);
  /// References to the slot by page tables or tmpfs; 0 also if there is no such device. Linux: swp_swapcount()
  [[nodiscard]] unsigned swp_swapcount(SwapEntry entry);
  /// References to the slot, as CountByte::references(); the folio lock or the page-table lock keeps it. Linux:
  /// __swap_count()
  [[nodiscard]] unsigned swap_count(SwapEntry entry) { return info(entry).swap_map(entry.offset()).references(); }

  // --- hibernation (swap/image_slots.cc) -----------------------------------------------------------------------------
  /// From now on, and until as many resume_storage(): no folio leaves the swap cache because its slot is not needed,
  /// for an image may say that it is clean there. Linux: pm_suspended_storage(), set by pm_restrict_gfp_mask()
  void suspend_storage();
  void resume_storage();
  /// A slot of `area` for a page of an image (it counts as in use, nobody refers to it); -ENOSPC. The caller holds the
  /// device.
  [[nodiscard]] Result<SwapEntry> alloc_image_slot(SwapArea& area);
  void free_image_slot(SwapArea& area, SwapEntry entry);
  // --- huge clusters (swap/huge_cluster.cc), none unless SwapOptions says so -----------------------------------------
  /// Whether the slot is one of a huge cluster at the moment. The device, or a page-table lock, is held.
  [[nodiscard]] bool in_huge_cluster(SwapEntry entry);
  /// The cluster that begins at `entry` is huge no more; the PMD mappings of it that there are learn it when they are
  /// used. -EEXIST: a folio is cached there, or about to be (WhileCached::keep only); -EINVAL: the device is gone.
  [[nodiscard]] Errno split_swap_cluster(SwapEntry entry, WhileCached cached);
  /// One PMD mapping of the cluster becomes PTEs, whose references are counted already. Any slot of it may be named.
  /// -EBUSY: the device is gone. The page-table lock is held.
  [[nodiscard]] Errno split_swap_cluster_map(SwapEntry entry);
  /// The folio of the huge cluster at `entry`, as read_swap_cache_async(); what is found in the cache may be the folio
  /// of the first slot alone. -ENOTDIR: no huge cluster any more. Sleeps.
  [[nodiscard]] Result<FolioRef> read_huge_swap_cache(SwapEntry entry, PageCount size, phys::Gfp gfp);

  // --- swap cache (swap/swap_state.cc) ------------------------------------------------------------------------------
  /// Allocates slots for `folio` (locked, uptodate, not in the swap cache), puts it in the swap cache and marks it
  /// dirty. false: no room. Linux: mm/swap_state.c add_to_swap()
  [[nodiscard]] bool add_to_swap(Folio& folio);
  /// Out of the swap cache (locked, no writeback); drops the slots' HAS_CACHE and the cache's references.
  void delete_from_swap_cache(Folio& folio);
  /// As delete_from_swap_cache(), if nobody but the caller (one reference) and the cache holds the folio and it is
  /// clean: then the caller has the last reference. Linux: mm/vmscan.c remove_mapping(), its swap cache part
  [[nodiscard]] bool remove_mapping_from_swap_cache(Folio& folio);
  /// See SwapCache::move() and SwapCache::split().
  [[nodiscard]] bool move_in_swap_cache(Folio& from, Folio& to, int references);
  [[nodiscard]] bool split_in_swap_cache(Folio& folio) { return swap_cache(folio.swap()).split(folio); }
  /// The cached folio, or empty. The device, a page-table lock or a reference to the slot is held. Linux: same
  [[nodiscard]] FolioRef swap_cache_get_folio(SwapEntry entry);
  /// The folio of the slot, from the cache or being read from the device (then unlocked and uptodate, or not uptodate
  /// after an error). Empty: the slot is free or the device is going away; -ENOMEM. Sleeps. Linux: same
  [[nodiscard]] Result<FolioRef> read_swap_cache_async(SwapEntry entry, phys::Gfp gfp);

  // --- readahead (swap/readahead.cc) ---------------------------------------------------------------------------------
  /// As read_swap_cache_async(), and before it the pages in use around the slot, if readahead is on. Linux: same
  [[nodiscard]] Result<FolioRef> swap_cluster_readahead(SwapEntry entry, phys::Gfp gfp);
  /// Reads the page of `entry` into the swap cache unless it is there, or free, or somebody else's business; whoever
  /// looks for it later will find it. The entry need not be held by anything. Sleeps.
  void read_ahead(SwapEntry entry, phys::Gfp gfp, HugeNeighbour huge);
  /// swap_cache_get_folio() of a fault: a page that was read ahead counts as a hit, also of `window` (nullptr: none) at
  /// virtual page number `page`.
  [[nodiscard]] FolioRef get_read_ahead(SwapEntry entry, VmaWindow* window, uint64_t page);
  [[nodiscard]] SwapReadahead& readahead() { return readahead_; }

  // --- I/O (swap/page_io.cc) ----------------------------------------------------------------------------------------
  /// Writes `folio` (locked, in the swap cache, dirty flag cleared) to its slots; unlocks it. After an error it is
  /// dirty again. A folio that nobody refers to any more is freed from swap instead. kAopWritepageActivate: what is in
  /// front of the device could not store it, and it must not go to the device ("zswap_store" with the area's name); the
  /// folio is dirty again, in the swap cache as before, and still LOCKED. Linux: swap_writeout()
  [[nodiscard]] Errno swap_writepage(Folio& folio);
  /// Reads into `folio` (new, locked, in the swap cache) from `entry` on; uptodate if it went well. It is then where
  /// reclaim finds it, and unlocked. Linux: swap_read_folio(), and folio_add_lru() before it
  void swap_read_folio(Folio& folio, SwapEntry entry);
  /// Only reads: for a folio that is in no cache.
  void swap_read_locked_folio(Folio& folio, SwapEntry entry);

  // --- address spaces that swapoff visits ---------------------------------------------------------------------------
  [[nodiscard]] SwapUsers& users() { return users_; }

  [[nodiscard]] unsigned areas_max() const { return static_cast<unsigned>(areas_.size()); }
  [[nodiscard]] const SwapArea& peek_area(SwapType type) const { return *areas_[type.value()]; }
  [[nodiscard]] const SwapArea* peek_area_of(const SwapBackend& device) const;
  [[nodiscard]] bool peek_parked(SwapEntry entry) const { return slot_cache_.peek_parked(entry); }
  [[nodiscard]] const SwapOptions& options() const { return options_; }
  void check(sync::CheckReport& report) const;

 private:
  [[nodiscard]] SwapArea& info(SwapEntry entry) { return *areas_[entry.type().value()]; }
  [[nodiscard]] SwapArea* swap_info_get(SwapEntry entry);
  /// As get_swap_device() for an entry that nothing holds: it may be of another area of that type by now.
  [[nodiscard]] SwapArea* get_device_of_hint(SwapEntry entry);
  [[nodiscard]] cache::SwapCache& swap_cache(SwapEntry entry) {
    return *info(entry).swap_cache_.load(sync::Order::relaxed);
  }
  template <typename Change>
  [[nodiscard]] Errno change_byte(SwapEntry entry, Change change);
  enum class Drop : uint8_t { reference, cache };
  [[nodiscard]] bool huge_clusters() const { return options_.thp_swap == ThpSwap::pmd; }
  void undo_duplicate_locked(SwapArea& area, SwapOffset first, PageCount pages) const;
  /// What a PMD reference that was dropped has left.
  enum class HugeLeft : uint8_t { not_huge, cache_only, other };
  [[nodiscard]] HugeLeft drop_pmd_reference(SwapArea& area, SwapEntry entry, PageCount size);
  void free_bad_slots(SwapArea& area, SwapEntry entry, PageCount size);
  [[nodiscard]] bool put_huge_cache_bits(SwapArea& area, SwapEntry entry, PageCount pages);
  [[nodiscard]] Errno read_or_split_huge(SwapEntry entry, phys::Gfp gfp);
  [[nodiscard]] Result<CountByte> plus_reference_locked(SwapArea& area, SwapOffset slot, CountByte byte) const;
  [[nodiscard]] Result<CountByte> minus_reference_locked(SwapArea& area, SwapOffset slot, CountByte byte) const;
  [[nodiscard]] CountByte swap_entry_free_locked(SwapArea& area, SwapOffset slot, Drop drop);
  [[nodiscard]] static bool all_cache_only(SwapArea& area, SwapEntry entry, PageCount pages);
  [[nodiscard]] Errno read_contents(Folio& folio, SwapEntry entry);
  void read_into_swap_cache(Folio& folio, SwapEntry entry, FolioFlag flags);
  [[nodiscard]] Result<FolioRef> swap_cache_get_or_read(SwapArea& area, SwapEntry entry, phys::Gfp gfp);
  /// The cluster's lock is held.
  [[nodiscard]] static bool any_referenced_locked(const SwapArea& area, SwapOffset first, PageCount pages);
  void put_cache_bits(SwapArea& area, SwapEntry entry, PageCount pages);
  CountByte swap_entry_free(SwapArea& area, SwapEntry entry);
  void free_swap_slot(SwapEntry entry);
  void swapcache_free_entries(std::span<const SwapEntry> entries);
  void swap_entry_range_free(SwapArea& area, SwapEntry entry, PageCount pages);
  void try_to_reclaim_swap(SwapArea& area, SwapEntry entry);
  [[nodiscard]] bool swap_full() const;
  [[nodiscard]] std::optional<SwapOffset> scan_swap_map_slots(SwapArea& area, Order order);
  [[nodiscard]] bool folio_swapped(Folio& folio);
  void schedule_discard(SwapArea& area, SwapOffset freed);
  void set_cluster_bytes(SwapArea& area, SwapOffset first, CountByte byte);
  DiscardOutcome do_scheduled_discard(SwapArea& area);
  [[nodiscard]] DiscardOutcome discard_to_allocate(SwapArea& area);
  void flush_discards(SwapArea& area);
  static void discard_swap(SwapBackend& device);
  [[nodiscard]] std::optional<SwapOffset> allocate_from(SwapArea& area, Order order);
  [[nodiscard]] bool fits_elsewhere(const SwapArea& area) const;
  void remove_by_priority(SwapArea& area) QUIRE_REQUIRES(swap_lock_);
  void raise_priorities_below(const SwapArea& area) QUIRE_REQUIRES(swap_lock_);
  void requeue(SwapArea& area) QUIRE_REQUIRES(swap_lock_);
  void enable_swap_info(SwapArea& area);
  [[nodiscard]] std::span<std::byte> contents(const Folio& folio) const;
  void insert_by_priority(SwapArea& area) QUIRE_REQUIRES(swap_lock_);

  const SwapOptions options_;
  cache::Folios& folios_;
  const base::DefectSet& defects_;
  sync::SpinLock<sync::LockClass::swap_lock> swap_lock_;
  /// Live areas, highest priority first; of equal ones first that from which slots were taken least lately.
  sync::Plain<SwapArea*, "swap list"> first_ QUIRE_GUARDED_BY(swap_lock_){nullptr};
  int least_priority_ QUIRE_GUARDED_BY(swap_lock_) = -1;
  sync::Vector<sync::Box<SwapArea>> areas_;
  sync::Atomic<uint32_t, "pm_suspended_storage"> storage_suspended_{0};
  SlotCache slot_cache_;
  SwapReadahead readahead_;
  SwapUsers users_;
};

}  // namespace quire::swap
