#include "rmap/try_to_unmap.h"

#include "rmap/huge_pmd.h"
#include "rmap/rmap_walk.h"
#include "sync/trace.h"

namespace quire::rmap {
namespace {

using base::Defect;
using cache::FolioFlag;

/// One entry of the folio, its flags read once by the caller, who has the folio lock.
struct Unmapping {
  Folio& folio;
  FolioFlag flags;
  MappedSpace& space;
  LockedPageTable& table;
  UnmapPoison poison;
  [[nodiscard]] bool anon() const { return cache::any(flags & FolioFlag::anon); }
};

// After MADV_FREE: gone if nobody wrote it again, else as any other. Linux: mm/rmap.c try_to_unmap_one()
Walk unmap_lazyfree_pte(const Unmapping& u, VirtPage page, Pte pte) {
  bool clean = !u.folio.test(FolioFlag::dirty) && u.folio.refcount() == 1 + u.folio.mapcount();
  if (!clean) {
    QUIRE_REACHED("try_to_unmap: written again after MADV_FREE");
    u.folio.set(FolioFlag::swapbacked);
    u.table.set(page, pte);
    return Walk::stop;
  }
  u.space.rss.add(RssClass::anon, -1);
  QUIRE_POINT("lazily freed", "page {:#x}", page.value());
  return Walk::go_on;
}

// A page-table lock is held, so a continuation of the count comes from what is free now. Linux: mm/swapfile.c
// swap_duplicate()
Errno duplicate_under_lock(swap::SwapAreas& swap, base::SwapEntry entry) {
  for (;;) {
    Errno error = swap.swap_duplicate(entry);
    if (error != Errno::enomem) return error;
    if (swap.add_swap_count_continuation(entry, phys::Gfp::atomic()) == swap::ContinuationOutcome::no_memory)
      return error;
  }
}

// From present to a swap entry. Linux: mm/rmap.c try_to_unmap_one(), its anonymous part
Walk unmap_anon_pte(const Unmapping& u, VirtPage page, Pte pte) {
  if (!cache::any(u.flags & FolioFlag::swapbacked)) return unmap_lazyfree_pte(u, page, pte);
  Environment& env = u.space.env;
  base::SwapEntry entry = u.folio.swap() + (pte.pfn() - u.folio.pfn());
  if (duplicate_under_lock(env.swap, entry) != Errno::ok) {
    u.table.set(page, pte);
    return Walk::stop;
  }
  bool exclusive = env.folios.page(pte.pfn()).test_and_clear(FolioFlag::anon_exclusive);
  // Before the entry can be seen: swapoff must find this address space.
  if (!env.defects.has(Defect::D2_6)) env.swap.users().add(u.space);
  u.space.rss.add(RssClass::anon, -1);
  u.space.rss.add(RssClass::swap_entries, 1);
  u.table.set(
      page, Pte::swap(entry).with_if(exclusive, PteBit::exclusive).with_if(pte.has(PteBit::uffd_wp), PteBit::uffd_wp));
  QUIRE_POINT("unmap to swap", "page {:#x} -> slot {}", page.value(), entry.offset().value());
  return Walk::go_on;
}

// The same for all slots of a huge cluster.
Errno duplicate_huge_under_lock(swap::SwapAreas& swap, base::SwapEntry first, PageCount size) {
  for (;;) {
    base::SwapEntry entry = first;
    Errno error = swap.swap_duplicate(entry, size);
    if (error != Errno::enomem) return error;
    if (swap.add_swap_count_continuation(entry, phys::Gfp::atomic()) == swap::ContinuationOutcome::no_memory)
      return error;
  }
}

// A huge PMD becomes a swap entry of the whole; stop: it stays as it is. Linux (series of 2018): mm/rmap.c
// try_to_unmap_one(), mm/huge_memory.c set_pmd_swap_entry()
Walk unmap_huge_anon_pmd(MappedSpace& space, Folio& folio, LeafTable& leaf, VirtPage first) {
  Environment& env = space.env;
  LockedPmd pmd(leaf);
  if (!pmd.get().is_huge() || !pmd.get().entry().is_present()) return Walk::go_on;
  Pte before = pmd.get().entry();
  if (!folio.contains(before.pfn())) return Walk::go_on;
  // Never none meanwhile, for those who look without the lock; a CPU that walks waits for it. Linux: pmdp_invalidate()
  space.flush_tlb(space.tables.leaf_range(first));
  if (before.has(PteBit::dirty)) folio.set(FolioFlag::dirty);
  if (duplicate_huge_under_lock(env.swap, folio.swap(), folio.pages()) != Errno::ok) return Walk::stop;
  bool exclusive = folio.test_and_clear(FolioFlag::anon_exclusive);
  // Before the entry can be seen: swapoff must find this address space.
  env.swap.users().add(space);
  auto pages = static_cast<int32_t>(folio.pages().value());
  space.rss.add(RssClass::anon, -pages);
  space.rss.add(RssClass::swap_entries, pages);
  Pte after = Pte::swap(folio.swap()).with_if(exclusive, PteBit::exclusive);
  for (PteBit bit : {PteBit::uffd_wp, PteBit::soft_dirty}) after = after.with_if(before.has(bit), bit);
  pmd.set(Pmd::huge(after));
  QUIRE_POINT("unmap to swap", "huge page {:#x} -> slot {}", first.value(), folio.swap().offset().value());
  (void)folio.remove_mapping();
  folio.put();
  return Walk::go_on;
}

// Whether its PMD mappings stay whole: all of it goes to a huge cluster.
bool unmaps_whole(const Environment& env, FolioFlag flags, Unmap how) {
  constexpr FolioFlag kToSwap = FolioFlag::anon | FolioFlag::swapcache | FolioFlag::swapbacked;
  return env.thp_swap == swap::ThpSwap::pmd && (flags & kToSwap) == kToSwap && how.poison == UnmapPoison::as_others &&
         !cache::any(flags & FolioFlag::hwpoison);
}

// Linux: mm/rmap.c try_to_unmap_one()
Walk unmap_pte(const Unmapping& u, VirtPage page, Pte pte) {
  if (!pte.is_present()) return Walk::go_on;
  u.table.set(page, Pte::none());
  u.space.flush_tlb(page);
  if (pte.has(PteBit::dirty)) u.folio.set(FolioFlag::dirty);
  if (u.poison == UnmapPoison::mark && u.space.env.folios.page(pte.pfn()).test(FolioFlag::hwpoison)) {
    u.space.rss.add(Folio::rss_class(u.flags), -1);
    u.table.set(page, Pte::hwpoison(pte.pfn()));
    QUIRE_POINT("unmap to poison", "page {:#x}", page.value());
  } else if (u.anon()) {
    if (unmap_anon_pte(u, page, pte) == Walk::stop) return Walk::stop;
  } else {
    u.space.rss.add(Folio::rss_class(u.flags), -1);
    if (pte.has(PteBit::uffd_wp)) u.table.set(page, Pte::marker(PteBit::uffd_wp));
  }
  u.folio.remove_mapping();
  u.folio.put();
  return Walk::go_on;
}

// Linux: mm/rmap.c try_to_unmap_one()
Walk try_to_unmap_one(MappedRange& range, Folio& folio, FolioFlag flags, Unmap how) {
  QUIRE_FUNC();
  MappedSpace& space = range.space();
  auto stays = [&] {
    if (how.mlocked == Mlocked::unmap || !range.mlocked()) return false;
    folio.set(FolioFlag::mlocked);
    return true;
  };
  Walk walk = for_each_mapping(
      range, Extent::of(folio),
      [&](LeafTable& leaf, VirtPage first) {
        if (stays()) return Walk::stop;
        if (unmaps_whole(space.env, flags, how)) return unmap_huge_anon_pmd(space, folio, leaf, first);
        split_huge_pmd(space, leaf, first);
        return Walk::go_on;
      },
      [&](LockedPageTable& table, VirtPage page, Pte pte) {
        // Under the lock of the entry: mlock() looks at it after it has said so of the mapping.
        if (stays()) return Walk::stop;
        return unmap_pte({folio, flags, space, table, how.poison}, page, pte);
      });
  if (walk == Walk::stop) return Walk::stop;
  return folio.mapped() ? Walk::go_on : Walk::stop;
}

}  // namespace

// Linux: mm/rmap.c try_to_unmap()
void try_to_unmap(Environment& env, Folio& folio, Unmap how) {
  QUIRE_FUNC();
  FolioFlag flags = folio.flags();
  RmapHold(env, folio).walk([&](MappedRange& range) { return try_to_unmap_one(range, folio, flags, how); });
}

}  // namespace quire::rmap
