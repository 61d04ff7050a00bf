#include "rmap/mkclean.h"

#include "rmap/rmap_walk.h"
#include "sync/trace.h"

namespace quire::rmap {
namespace {

// A private copy is not this folio, and the folio itself is mapped read-only where it is private.
Pte cleaned(Pte pte) { return pte.without(PteBit::writable).without(PteBit::dirty); }

}  // namespace

// Linux: mm/rmap.c folio_mkclean(), page_vma_mkclean_one()
bool folio_mkclean(Environment& env, Folio& folio) {
  QUIRE_FUNC();
  if (folio.mapping() == nullptr || !folio.mapped()) return false;
  bool dirty = false;
  RmapHold(env, folio).walk([&](MappedRange& range) {
    MappedSpace& space = range.space();
    auto clean = [&](Pte pte, Range<VirtPage> pages, auto set) {
      if (!pte.is_present() || cleaned(pte) == pte) return Walk::go_on;
      dirty = dirty || pte.has(PteBit::dirty);
      set(cleaned(pte));
      space.flush_tlb(pages);
      return Walk::go_on;
    };
    return for_each_mapping(
        range, Extent::of(folio),
        [&](LeafTable& leaf, VirtPage first) {
          LockedPmd pmd(leaf);
          if (!pmd.get().is_huge()) return Walk::go_on;
          return clean(pmd.get().entry(), space.tables.leaf_range(first), [&](Pte pte) { pmd.set(Pmd::huge(pte)); });
        },
        [&](LockedPageTable& table, VirtPage page, Pte pte) {
          return clean(pte, Range<VirtPage>::of(page, PageCount(1)), [&](Pte now) { table.set(page, now); });
        });
  });
  return dirty;
}

}  // namespace quire::rmap
