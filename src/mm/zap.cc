// Removing entries: munmap, exit, MADV_DONTNEED, MADV_FREE of swapped pages, truncation and hole punch.
#include <span>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using cache::FolioFlag;
using pgtable::LeafTable;
using pgtable::LockedPageTable;
using rmap::EvenCows;
using rmap::RssClass;
using rmap::RssDeltas;
using rmap::ZapDetails;

/// Folios whose entries are gone; their references are dropped after the lock. Linux: struct mmu_gather
class Gather {
 public:
  explicit Gather(AddressSpace& mm) : mm_(mm) {}
  // Linux: mm/swap_state.c free_pages_and_swap_cache()
  ~Gather() {
    for (Item& item : std::span(items_, count_)) {
      if (item.cached == Cached::yes) mm_.free_swap_cache(*item.folio);
      item.folio->put();
    }
  }
  Gather(const Gather&) = delete;
  Gather& operator=(const Gather&) = delete;
  enum class Cached : uint8_t { no, yes };
  [[nodiscard]] bool full() const { return count_ == kMax; }
  void add(Folio& folio, Cached cached) { items_[count_++] = {&folio, cached}; }

 private:
  static constexpr unsigned kMax = 32;
  struct Item {
    Folio* folio;
    Cached cached;  ///< was in the swap cache when its entry went
  };
  AddressSpace& mm_;
  Item items_[kMax];
  unsigned count_ = 0;
};

struct Zap {
  rmap::Environment& env;
  const ZapDetails& details;
  LockedPageTable& table;
  RssDeltas& deltas;
  Gather& gather;
};

// Linux: mm/memory.c zap_present_pte()
void zap_present_pte(Zap& z, VirtPage page, Pte pte) {
  Folio& folio = z.env.folios.of(pte.pfn());
  if (z.details.single_folio != nullptr && z.details.single_folio != &folio) return;
  FolioFlag flags = folio.flags();
  bool anon = cache::any(flags & FolioFlag::anon);
  if (anon && z.details.even_cows == EvenCows::keep) return;
  z.table.set(page, Pte::none());
  if (!anon && pte.has(PteBit::dirty)) folio.set(FolioFlag::dirty);
  z.deltas.add(Folio::rss_class(flags), -1);
  (void)folio.remove_mapping();
  z.gather.add(folio, cache::any(flags & FolioFlag::swapcache) ? Gather::Cached::yes : Gather::Cached::no);
}

// Linux: mm/memory.c zap_nonpresent_ptes(). Whatever it is, it belongs to private data.
void zap_nonpresent_pte(Zap& z, VirtPage page, Pte pte) {
  if (z.details.even_cows == EvenCows::keep) return;
  if (pte.is_swap()) {
    z.deltas.add(RssClass::swap_entries, -1);
    // The page-table lock makes this an RCU reader, which swapoff waits for.
    if (z.env.swap.free_swap_and_cache(pte.swap_entry(), swap::FreeCaller::page_table) == swap::FreeOutcome::no_device)
      sync::bug(sync::Failure::bug, "Bad page map: a swap entry of no device");
  }
  z.table.set(page, Pte::none());
}

// Returns where it stopped: the end, or earlier when the gather is full. Linux: mm/memory.c zap_pte_range()
VirtPage zap_pte_range(AddressSpace& mm, LeafTable& leaf, Range<VirtPage> range, const ZapDetails& details) {
  QUIRE_FUNC();
  Gather gather(mm);  // before the lock: emptied after it
  LockedPageTable table(leaf);
  RssDeltas deltas;
  Zap z{mm.env, details, table, deltas, gather};
  VirtPage page = range.start();
  for (; page < range.limit() && !gather.full(); ++page) {
    Pte pte = table.get(page);
    if (pte.is_none()) continue;
    if (pte.is_present())
      zap_present_pte(z, page, pte);
    else if (pte.kind() != PteKind::zero_page)
      zap_nonpresent_pte(z, page, pte);
    else if (details.single_folio == nullptr)
      table.set(page, Pte::none());
  }
  mm.rss.apply(deltas);
  return page;
}

}  // namespace

// Linux: mm/memory.c zap_page_range_single(), unmap_page_range()
void AddressSpace::zap_range(const Vma&, Range<VirtPage> range, const ZapDetails& details) {
  for (VirtPage page = range.start(); page < range.limit();) {
    VirtPage end = std::min(range.limit(), tables.end_of_leaf(page));
    LeafTable* leaf = tables.find(page);
    page = leaf == nullptr ? end : zap_pte_range(*this, *leaf, {page, end}, details);
  }
}

// Linux: mm/madvise.c madvise_free_pte_range(), its swap entries: present pages may keep their contents
void AddressSpace::madvise_free(Range<VirtPage> range) {
  QUIRE_FUNC();
  for (VirtPage page = range.start(); page < range.limit();) {
    VirtPage end = std::min(range.limit(), tables.end_of_leaf(page));
    LeafTable* leaf = tables.find(page);
    if (leaf != nullptr) {
      LockedPageTable table(*leaf);
      for (; page < end; ++page) {
        Pte pte = table.get(page);
        if (!pte.is_swap()) continue;
        rss.add(RssClass::swap_entries, -1);
        (void)env.swap.free_swap_and_cache(pte.swap_entry(), swap::FreeCaller::page_table);
        table.set(page, Pte::none());
      }
    }
    page = end;
  }
}

}  // namespace quire::mm
