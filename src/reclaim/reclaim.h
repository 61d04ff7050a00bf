// Reclaim: takes pages back from address spaces and files, for MADV_PAGEOUT, for a call, or for the allocator.
//
// A folio may be isolated (flag lru cleared, one reference held) by one task at a time; it is then locked without
// waiting, unmapped, written to swap if dirty, and freed if nobody else has it; otherwise its flag is set again. There
// is no LRU list: a clock hand goes over all frames, so that allocating a page touches nothing that CPUs share. Locks
// taken: folio lock (tried only), reverse-map locks, page_table_lock, shmem_swaplist_mutex. Linux: mm/vmscan.c
//
//   Reclaim reclaim(env);
//   frames.set_pressure(&reclaim);
//   PageCount freed = reclaim.shrink(PageCount(4));
#pragma once

#include "mm/address_space.h"
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

/// What is to become of a folio that was written to swap.
enum class SwapCached : uint8_t { free, keep };

class Reclaim final : public phys::Pressure {
 public:
  explicit Reclaim(rmap::Environment& env) : env_(env) {}
  Reclaim(const Reclaim&) = delete;
  Reclaim& operator=(const Reclaim&) = delete;

  /// Direct reclaim. Linux: mm/vmscan.c try_to_free_pages()
  PageCount try_to_free_pages(phys::Gfp gfp, PageCount wanted) override;
  PageCount try_to_compact_pages() override { return Mover(env_).compact(); }
  /// Looks at every frame at most once and frees until `wanted` pages are free; returns how many were freed.
  PageCount shrink(PageCount wanted);
  /// Pages of [start, +length) that only this address space maps go to swap, or from memory if clean; with
  /// SwapCached::keep those that are swapped stay in the swap cache. -ENOMEM: part of the range is not mapped.
  /// Linux: mm/madvise.c madvise_pageout(), madvise_cold_or_pageout_pte_range(); mm/vmscan.c reclaim_pages()
  [[nodiscard]] Errno madvise_pageout(mm::AddressSpace& mm, VirtAddr start, uint64_t length, SwapCached cached);

 private:
  enum class Shrunk : uint8_t { kept, freed };
  enum class Pageout : uint8_t { keep, clean };

  /// Takes over the reference. Linux: mm/vmscan.c shrink_folio_list(), one folio
  Shrunk shrink_folio(FolioRef isolated, SwapCached cached);
  [[nodiscard]] bool prepare_to_free(LockedFolio& locked, SwapCached cached);
  [[nodiscard]] Pageout pageout(LockedFolio& locked);
  [[nodiscard]] bool remove_mapping(Folio& folio);
  void pageout_range(mm::AddressSpace& mm, Range<VirtPage> range, SwapCached cached);
  // reclaim/madvise_pageout.cc
  struct Batch;
  [[nodiscard]] bool isolate_huge(pgtable::LeafTable& leaf, Range<VirtPage> range, Batch& batch);
  VirtPage isolate_range(pgtable::LeafTable& leaf, Range<VirtPage> range, Batch& batch);
  [[nodiscard]] bool split_for_pageout(const FolioRef& folio);

  rmap::Environment& env_;
  sync::Atomic<uint32_t, "clock hand"> hand_{0};
};

}  // namespace quire::reclaim
