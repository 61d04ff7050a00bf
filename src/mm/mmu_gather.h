// MmuGather: what a zap has taken out of page tables and must not give back before every CPU has forgotten it.
//
// Entries are gathered under their lock; at the end, after the lock, first the translations are flushed, then the
// folios' references dropped. A dirty page of a file counts as mapped until the flush, which is then made under the
// lock. Linux: include/asm-generic/tlb.h struct mmu_gather, mm/mmu_gather.c
//
//   MmuGather gather(mm);            // before the lock
//   LockedPageTable table(leaf);
//   gather.add(pages, folio, flags, MmuGather::Unmapped::now);
#pragma once

#include <span>
#include <utility>

#include "mm/address_space.h"

namespace quire::mm {

class MmuGather {
 public:
  explicit MmuGather(AddressSpace& mm) : mm_(mm) {}
  // Linux: mm/mmu_gather.c tlb_flush_mmu()
  ~MmuGather() {
    bool late = mm_.env.defects.has(base::Defect::D1_17);
    if (!late) flush();
    free();
    if (late) flush();
  }
  MmuGather(const MmuGather&) = delete;
  MmuGather& operator=(const MmuGather&) = delete;

  enum class Unmapped : uint8_t { now, after_flush };
  [[nodiscard]] bool full() const { return count_ == kMax; }
  /// In ascending order.
  void touch(Range<VirtPage> pages) {
    touched_ = touched_.empty() ? pages : Range<VirtPage>(touched_.start(), pages.limit());
  }
  void add(Range<VirtPage> pages, Folio& folio, cache::FolioFlag flags, Unmapped unmapped) {
    touch(pages);
    items_[count_++] = {&folio, cache::any(flags & cache::FolioFlag::swapcache), unmapped};
  }
  // A dirty page of a file is unmapped only when no CPU can write to it any more. Linux: tlb_flush_rmaps()
  void flush_if_forced() {
    bool forced = false;
    for (const Item& item : items()) forced = forced || item.unmapped == Unmapped::after_flush;
    if (!forced) return;
    flush();
    for (Item& item : items())
      if (std::exchange(item.unmapped, Unmapped::now) == Unmapped::after_flush) (void)item.folio->remove_mapping();
  }

 private:
  static constexpr unsigned kMax = 32;
  struct Item {
    Folio* folio;
    bool cached;  ///< was in the swap cache when its entry went
    Unmapped unmapped;
  };
  [[nodiscard]] std::span<Item> items() { return std::span(items_, count_); }
  void flush() {
    if (!touched_.empty()) mm_.flush_tlb(touched_);
    touched_ = {};
  }
  // Linux: mm/swap_state.c free_pages_and_swap_cache()
  void free() {
    for (Item& item : items()) {
      if (item.cached) mm_.free_swap_cache(*item.folio);
      item.folio->put();
    }
  }

  AddressSpace& mm_;
  Range<VirtPage> touched_;
  Item items_[kMax];
  unsigned count_ = 0;
};

}  // namespace quire::mm
