#include "rmap/try_to_unmap.h"

#include "sync/trace.h"

namespace quire::rmap {
namespace {

using base::Defect;
using cache::FolioFlag;
using pgtable::LeafTable;
using pgtable::LockedPageTable;
using pgtable::Pte;
using pgtable::PteBit;

enum class Walk : uint8_t { go_on, stop };

/// The folio in one range, its flags read once by the caller, who has the folio lock.
struct Target {
  Folio& folio;
  FolioFlag flags;
  MappedRange& range;
  [[nodiscard]] bool anon() const { return cache::any(flags & FolioFlag::anon); }
};

/// From present to a swap entry. Linux: mm/rmap.c try_to_unmap_one(), its anonymous part
Walk unmap_anon_pte(const Target& t, LockedPageTable& table, VirtPage page, Pte pte) {
  MappedSpace& space = t.range.space();
  Environment& env = space.env;
  base::SwapEntry entry = t.folio.swap() + (pte.pfn() - t.folio.pfn());
  if (env.swap.swap_duplicate(entry) != Errno::ok) {
    table.set(page, pte);
    return Walk::stop;
  }
  bool exclusive = env.folios.page(pte.pfn()).test_and_clear(FolioFlag::anon_exclusive);
  // Before the entry can be seen: swapoff must find this address space.
  if (!env.defects.has(Defect::D2_6)) env.swap.users().add(space);
  space.rss.add(RssClass::anon, -1);
  space.rss.add(RssClass::swap_entries, 1);
  Pte swapped = Pte::swap(entry);
  table.set(page, exclusive ? swapped.with(PteBit::exclusive) : swapped);
  QUIRE_POINT("unmap to swap", "page {:#x} -> slot {}", page.value(), entry.offset().value());
  return Walk::go_on;
}

// Linux: mm/rmap.c try_to_unmap_one()
Walk unmap_pte(const Target& t, LockedPageTable& table, VirtPage page) {
  Pte pte = table.get(page);
  if (!pte.is_present() || !t.folio.contains(pte.pfn())) return Walk::go_on;
  table.set(page, Pte::none());
  if (pte.has(PteBit::dirty)) t.folio.set(FolioFlag::dirty);
  if (t.anon()) {
    if (unmap_anon_pte(t, table, page, pte) == Walk::stop) return Walk::stop;
  } else {
    t.range.space().rss.add(Folio::rss_class(t.flags), -1);
  }
  t.folio.remove_mapping();
  t.folio.put();
  return Walk::go_on;
}

// Linux: mm/rmap.c try_to_unmap_one()
Walk try_to_unmap_one(const Target& t) {
  QUIRE_FUNC();
  Range<FileIndex> common = t.range.indexes().intersection(Range<FileIndex>::of(t.folio.index(), t.folio.pages()));
  if (common.empty()) return Walk::go_on;
  pgtable::PageTables& tables = t.range.space().tables;
  VirtPage end = t.range.page_of(common.start()) + common.size();
  for (VirtPage page = t.range.page_of(common.start()); page < end;) {
    VirtPage leaf_end = std::min(end, tables.end_of_leaf(page));
    if (LeafTable* leaf = tables.find(page)) {
      LockedPageTable table(*leaf);
      for (; page < leaf_end; ++page)
        if (unmap_pte(t, table, page) == Walk::stop) return Walk::stop;
    }
    page = leaf_end;
  }
  return t.folio.mapped() ? Walk::go_on : Walk::stop;
}

}  // namespace

// Linux: mm/rmap.c try_to_unmap(), rmap_walk()
void try_to_unmap(Environment& env, Folio& folio) {
  QUIRE_FUNC();
  FolioFlag flags = folio.flags();
  if (cache::any(flags & FolioFlag::anon)) {
    AnonVmaReader anon_vma = folio_lock_anon_vma_read(env.anon_vmas, folio);
    if (!anon_vma) return;
    for (MappedRange* range = anon_vma.first(); range != nullptr; range = range->anon_next)
      if (try_to_unmap_one({folio, flags, *range}) == Walk::stop) return;
    return;
  }
  cache::Mapping* mapping = folio.mapping();
  if (mapping == nullptr) return;
  sync::SharedGuard guard(mapping->i_mmap_rwsem);
  for (MappedRange* range = mapping->i_mmap_first; range != nullptr; range = range->file_next)
    if (try_to_unmap_one({folio, flags, *range}) == Walk::stop) return;
}

}  // namespace quire::rmap
