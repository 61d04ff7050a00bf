// Reclaim: takes pages back from address spaces and files, for MADV_PAGEOUT, for a call, for kswapd, or for the
// allocator.
//
// A folio may be isolated (Folio::isolate_lru(), one reference held) by one task at a time; it is then locked without
// waiting, unmapped, written to swap or to its file if dirty, and freed if nobody else has it; otherwise it is put
// back. Which folios are looked at is the machine's choice: with lists (cache/lru.h) the inactive ones, each used since
// the last look getting a second chance; without, a clock hand goes over all frames, so that allocating a page touches
// nothing that CPUs share, and nothing gets a second chance.
//
// What an allocation may do counts for the reclaim it starts: GFP_NOIO takes clean pages only; GFP_NOFS writes
// anonymous pages to swap, but no page through a file system. Reclaim itself allocates nothing that may sleep (a page
// for the count of a swap slot comes from the reserve), so it never waits for itself. An allocation's mask is what the
// task's scope (phys/gfp_scope.h) leaves of it; reclaim that was asked for with another mask, and comes to a file
// system inside of a NOFS scope, is a bug of who asked, and reported.
//
// Locks taken: folio lock (tried only), reverse-map locks, page_table_lock, shmem_swaplist_mutex. Linux: mm/vmscan.c
//
//   Reclaim reclaim(env);
//   frames.set_pressure(&reclaim);
//   PageCount freed = reclaim.shrink(PageCount(4));
#pragma once

#include "fs/bdi_writeback.h"
#include "mm/address_space.h"
#include "reclaim/kswapd.h"
#include "reclaim/move_pages.h"
#include "rmap/mapped_range.h"

namespace quire::reclaim {

using base::Errno;
using base::PageCount;
using base::Range;
using base::VirtAddr;
using base::VirtPage;
using cache::Folio;
using cache::FolioRef;
using cache::LockedFolio;
using phys::Gfp;

/// What is to become of a folio that was written to swap.
enum class SwapCached : uint8_t { free, keep };

/// Who kills when nothing is left to reclaim; implemented by the owner of the processes. Linux: mm/oom_kill.c
class OomKiller {
 public:
  [[nodiscard]] virtual phys::OomOutcome out_of_memory(base::Order order) = 0;

 protected:
  ~OomKiller() = default;
};

class Reclaim final : public phys::Pressure {
 public:
  explicit Reclaim(rmap::Environment& env) : env_(env), kswapd_(*this, env.folios.frames()) {}
  Reclaim(const Reclaim&) = delete;
  Reclaim& operator=(const Reclaim&) = delete;

  /// Who is asked when nothing can be reclaimed; nullptr: the allocation fails. Before the first allocation.
  void set_oom_killer(OomKiller* killer) { oom_killer_ = killer; }
  [[nodiscard]] Kswapd& kswapd() { return kswapd_; }
  /// Who is woken where files' dirty pages are in the way; nullptr: nobody. Before the first allocation.
  void set_flusher(fs::BdiWriteback* flusher) { flusher_ = flusher; }

  // phys::Pressure
  /// Direct reclaim. Linux: mm/vmscan.c try_to_free_pages()
  PageCount try_to_free_pages(Gfp gfp, PageCount wanted) override;
  PageCount try_to_compact_pages() override { return Mover(env_).compact(); }
  void wakeup_kswapd(unsigned node) override { kswapd_.wakeup(node); }
  phys::OomOutcome out_of_memory(base::Order order) override {
    return oom_killer_ == nullptr ? phys::OomOutcome::fail : oom_killer_->out_of_memory(order);
  }

  /// Looks at every page once or, with lists, twice and frees until `wanted` are free; returns how many were freed.
  PageCount shrink(PageCount wanted) { return shrink_all(Gfp::kernel(), wanted); }
  /// The same for one node. Linux: mm/vmscan.c kswapd_shrink_node()
  PageCount shrink_node(unsigned node, PageCount wanted);
  /// Pages of [start, +length) that only this address space maps go to swap, or from memory if clean; with
  /// SwapCached::keep those that are swapped stay in the swap cache. -ENOMEM: part of the range is not mapped.
  /// Linux: mm/madvise.c madvise_pageout(), madvise_cold_or_pageout_pte_range(); mm/vmscan.c reclaim_pages()
  [[nodiscard]] Errno madvise_pageout(mm::AddressSpace& mm, VirtAddr start, uint64_t length, SwapCached cached);

 private:
  enum class Shrunk : uint8_t { kept, freed };
  enum class Pageout : uint8_t { keep, clean };

  /// Takes over the reference. Linux: mm/vmscan.c shrink_folio_list(), one folio
  Shrunk shrink_folio(FolioRef isolated, Gfp gfp, SwapCached cached);
  [[nodiscard]] bool prepare_to_free(LockedFolio& locked, Gfp gfp, SwapCached cached);
  [[nodiscard]] Pageout pageout(LockedFolio& locked, Gfp gfp);
  [[nodiscard]] bool remove_mapping(Folio& folio);
  [[nodiscard]] PageCount shrink_all(Gfp gfp, PageCount wanted);
  [[nodiscard]] PageCount shrink_clock(Gfp gfp, PageCount wanted, Range<base::Pfn> frames);
  // reclaim/shrink_lists.cc
  struct Scan;
  struct Nodes {
    unsigned first;
    unsigned count;
  };
  enum class References : uint8_t { reclaim, reclaim_clean, keep, activate };
  [[nodiscard]] PageCount shrink_lists(Gfp gfp, PageCount wanted, Nodes nodes);
  [[nodiscard]] References folio_check_references(Folio& folio);
  void shrink_isolated(FolioRef isolated, Scan& scan);
  uint64_t shrink_inactive_list(unsigned node, cache::LruType type, uint64_t pages, Scan& scan);
  void shrink_active_list(unsigned node, cache::LruType type, uint64_t pages);
  [[nodiscard]] bool can_reclaim_anon(Scan& scan) const;
  [[nodiscard]] uint64_t reclaimable(Scan& scan, Nodes nodes) const;
  void shrink_lruvec(unsigned node, Scan& scan);
  // reclaim/madvise_pageout.cc
  void pageout_range(mm::AddressSpace& mm, Range<VirtPage> range, SwapCached cached);
  struct Batch;
  [[nodiscard]] bool isolate_huge(pgtable::LeafTable& leaf, Range<VirtPage> range, Batch& batch);
  VirtPage isolate_range(pgtable::LeafTable& leaf, Range<VirtPage> range, Batch& batch);
  [[nodiscard]] bool split_for_pageout(const FolioRef& folio);

  rmap::Environment& env_;
  Kswapd kswapd_;
  OomKiller* oom_killer_ = nullptr;
  fs::BdiWriteback* flusher_ = nullptr;
  sync::Atomic<uint32_t, "clock hand"> hand_{0};
};

}  // namespace quire::reclaim
