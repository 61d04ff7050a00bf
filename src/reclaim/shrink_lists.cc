// Reclaim from LRU lists: how much of which list, second chance, ageing.
#include <algorithm>
#include <array>
#include <bit>

#include "reclaim/reclaim.h"
#include "rmap/referenced.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using cache::FolioFlag;
using cache::Lru;
using cache::LruList;
using cache::LruType;

constexpr std::size_t kClusterMax = 32;     // Linux SWAP_CLUSTER_MAX
constexpr unsigned kPriority = 12;          // Linux DEF_PRIORITY: 1/4096 of a list at first
constexpr uint64_t kSwappiness = 60;        // Linux vm_swappiness
constexpr uint64_t kSwappinessTotal = 200;  // the share of files is what is left

uint64_t pages_of(const Lru& lru, unsigned node, LruType type) {
  return lru.size(node, cache::inactive_list(type)) + lru.size(node, cache::active_list(type));
}

// Where lists are short the first rounds would look at nothing.
unsigned first_priority(uint64_t pages) {
  auto width = static_cast<unsigned>(std::bit_width(pages / kClusterMax));
  return std::min(kPriority, width);
}

}  // namespace

/// One request. Linux: struct scan_control
struct Reclaim::Scan {
  Gfp gfp;
  PageCount wanted;
  unsigned priority;
  PageCount freed{0};
  bool swapcache_only = false;  ///< of what swap keeps: there are no free slots
  // Of the batch being shrunk:
  std::size_t dirty_files = 0;    ///< folios of files that nobody is writing
  std::size_t writebacks = 0;     ///< folios somebody is writing
  FolioRef under_writeback = {};  ///< one of them
  [[nodiscard]] bool enough() const { return freed >= wanted; }
};

// Linux: mm/vmscan.c folio_check_references()
Reclaim::References Reclaim::folio_check_references(Folio& folio) {
  int entries = rmap::folio_referenced(env_, folio);
  bool before = folio.test_and_clear(FolioFlag::referenced);
  if (entries > 0) {
    folio.set(FolioFlag::referenced);
    return before || entries > 1 ? References::activate : References::keep;
  }
  bool file = !folio.test(FolioFlag::swapbacked);
  return before && file ? References::reclaim_clean : References::reclaim;
}

// Linux: mm/vmscan.c shrink_folio_list(), one folio
void Reclaim::shrink_isolated(FolioRef isolated, Scan& scan) {
  Folio& folio = *isolated;
  PageCount pages = folio.pages();
  LockedFolio locked = LockedFolio::try_lock(folio);
  if (!locked) return folio.putback_lru();
  FolioFlag flags = folio.flags();
  if (scan.swapcache_only && cache::any(flags & FolioFlag::swapbacked) && !cache::any(flags & FolioFlag::swapcache))
    return folio.putback_lru();
  if (folio.under_writeback()) {
    ++scan.writebacks;
    if (!scan.under_writeback) scan.under_writeback = FolioRef::of(folio);
    return folio.putback_lru();
  }
  if (cache::any(flags & FolioFlag::dirty) && !cache::any(flags & FolioFlag::swapbacked)) ++scan.dirty_files;
  References references = folio_check_references(folio);
  bool unused =
      references == References::reclaim || (references == References::reclaim_clean && !folio.test(FolioFlag::dirty));
  if (unused && prepare_to_free(locked, scan.gfp, SwapCached::free) && remove_mapping(folio)) {
    locked.unlock();
    QUIRE_POINT("reclaimed", "frame {}", folio.pfn().value());
    scan.freed += pages;
    return;
  }
  if (references == References::activate) folio.set(FolioFlag::active);
  // The mapping is a locked one: nothing to look at again until it is not. Linux: activate_locked, PG_unevictable
  if (folio.test(FolioFlag::mlocked)) folio.set(FolioFlag::unevictable);
  folio.putback_lru();
}

// Returns how many were looked at; all, where nothing is left. Linux: mm/vmscan.c shrink_inactive_list()
uint64_t Reclaim::shrink_inactive_list(unsigned node, LruType type, uint64_t pages, Scan& scan) {
  QUIRE_FUNC();
  std::array<Folio*, kClusterMax> taken;
  std::size_t n = env_.folios.lru()->isolate_folios(node, cache::inactive_list(type),
                                                    std::span(taken.data(), std::min<uint64_t>(pages, kClusterMax)));
  scan.writebacks = scan.dirty_files = 0;
  for (std::size_t i = 0; i < n; ++i) {
    FolioRef folio = FolioRef::adopt(*taken[i]);
    // What is not needed any more goes to the other end. Linux reclaims all that it has isolated; like this a program
    // that goes round and round through more than there is finds some of it (docs/reclaim.md).
    if (scan.enough())
      folio->putback_lru();
    else
      shrink_isolated(std::move(folio), scan);
  }
  // Files become dirty faster than they are written. Linux: the same, WB_REASON_VMSCAN
  if (n != 0 && scan.dirty_files == n && flusher_ != nullptr) flusher_->wakeup_flusher_threads();
  // All that was found is on its way to a device: let it get there. Who writes needs nothing of the waiting task.
  // Linux: mm/vmscan.c reclaim_throttle(), VMSCAN_THROTTLE_WRITEBACK
  if (n != 0 && scan.writebacks == n && scan.gfp.may_start_io()) {
    QUIRE_REACHED("shrink_inactive_list: all are under writeback");
    scan.under_writeback->wait_writeback();
  }
  scan.under_writeback.reset();
  return n != 0 ? n : pages;
}

// Linux: mm/vmscan.c shrink_active_list()
void Reclaim::shrink_active_list(unsigned node, LruType type, uint64_t pages) {
  QUIRE_FUNC();
  std::array<Folio*, kClusterMax> taken;
  std::size_t n = env_.folios.lru()->isolate_folios(node, cache::active_list(type),
                                                    std::span(taken.data(), std::min<uint64_t>(pages, kClusterMax)));
  for (std::size_t i = 0; i < n; ++i) {
    FolioRef folio = FolioRef::adopt(*taken[i]);
    // Used or not, it has to be used again to come back: from now on the bits say that.
    if (LockedFolio locked = LockedFolio::try_lock(*folio)) (void)rmap::folio_referenced(env_, *folio);
    folio->clear(FolioFlag::active);
    folio->set(FolioFlag::workingset);
    folio->putback_lru();
  }
}

// Linux: mm/vmscan.c get_scan_count(), shrink_lruvec()
void Reclaim::shrink_lruvec(unsigned node, Scan& scan) {
  Lru& lru = *env_.folios.lru();
  bool swap = can_reclaim_anon(scan);
  uint64_t inactive_files = lru.size(node, LruList::inactive_file);
  // Enough files that were used once: nothing else has to go. Linux: cache_trim_mode
  bool trim_cache = (inactive_files >> scan.priority) != 0 && !lru.inactive_is_low(node, LruType::file);
  for (LruType type : {LruType::anon, LruType::file}) {
    bool anon = type == LruType::anon;
    if (anon && (!swap || (trim_cache && scan.priority != 0))) continue;
    uint64_t share = anon ? kSwappiness : kSwappinessTotal - kSwappiness;
    bool all = scan.priority == 0 || !swap;
    auto part = [&](LruList list) {
      uint64_t pages = lru.size(node, list) >> scan.priority;
      return all ? pages : (pages * share + kSwappinessTotal - 1) / kSwappinessTotal;
    };
    uint64_t active = part(cache::active_list(type));
    uint64_t inactive = part(cache::inactive_list(type));
    while ((active != 0 || inactive != 0) && !scan.enough()) {
      uint64_t now = std::min<uint64_t>(active, kClusterMax);
      if (now != 0 && lru.inactive_is_low(node, type)) shrink_active_list(node, type, now);
      active -= now;
      if (inactive != 0) inactive -= std::min(inactive, shrink_inactive_list(node, type, inactive, scan));
    }
    if (swap && anon && lru.inactive_is_low(node, type)) shrink_active_list(node, type, kClusterMax);
  }
}

// With every slot taken what is in the swap cache can go, since it has one: else a machine whose pages all have slots
// would have nothing to reclaim. Linux: mm/vmscan.c can_reclaim_anon_pages(), which counts on slots being given back
// when pages come in
bool Reclaim::can_reclaim_anon(Scan& scan) const {
  if (!scan.gfp.may_start_io()) return false;
  scan.swapcache_only = !env_.swap.total_swap_available();
  return !scan.swapcache_only || env_.swap.any_slot_in_use();
}

uint64_t Reclaim::reclaimable(Scan& scan, Nodes nodes) const {
  const Lru& lru = *env_.folios.lru();
  bool anon = can_reclaim_anon(scan);
  uint64_t pages = 0;
  for (unsigned node = nodes.first; node < nodes.first + nodes.count; ++node)
    pages += pages_of(lru, node, LruType::file) + (anon ? pages_of(lru, node, LruType::anon) : 0);
  return pages;
}

// In the end every list from end to end, and once more: what got a second chance, and what was active, is inactive and
// not used by then. Linux: mm/vmscan.c do_try_to_free_pages(), shrink_node()
PageCount Reclaim::shrink_lists(Gfp gfp, PageCount wanted, Nodes nodes) {
  QUIRE_FUNC();
  Scan scan{.gfp = gfp, .wanted = wanted, .priority = 0};
  env_.folios.lru_add_drain_all();
  uint64_t pages = reclaimable(scan, nodes);
  scan.priority = first_priority(pages);
  unsigned last = pages == 0 ? 3 : 0;
  while (last < 3 && !scan.enough()) {
    for (unsigned node = nodes.first; node < nodes.first + nodes.count && !scan.enough(); ++node) {
      PageCount before = scan.freed;
      shrink_lruvec(node, scan);
      if (scan.freed != before) kswapd_.note_progress(node);
    }
    if (scan.priority == 0)
      ++last;
    else
      --scan.priority;
    if (last != 0 && scan.freed != PageCount(0)) break;
  }
  return scan.freed;
}

}  // namespace quire::reclaim
