#include "rmap/referenced.h"

#include "rmap/rmap_walk.h"
#include "sync/trace.h"

namespace quire::rmap {

// Linux: mm/rmap.c folio_referenced_one()
int folio_referenced(Environment& env, Folio& folio) {
  QUIRE_FUNC();
  if (!folio.mapped()) return 0;
  int used = 0;
  RmapHold(env, folio).walk([&](MappedRange& range) {
    auto look = [&](Pte pte, auto set) {
      if (!pte.is_present() || !pte.has(PteBit::accessed)) return Walk::go_on;
      ++used;
      set(pte.without(PteBit::accessed));
      return Walk::go_on;
    };
    return for_each_mapping(
        range, Extent::of(folio),
        [&](LeafTable& leaf, VirtPage) {
          LockedPmd pmd(leaf);
          if (!pmd.get().is_huge()) return Walk::go_on;
          return look(pmd.get().entry(), [&](Pte pte) { pmd.set(Pmd::huge(pte)); });
        },
        [&](LockedPageTable& table, VirtPage page, Pte pte) {
          return look(pte, [&](Pte now) { table.set(page, now); });
        });
  });
  return used;
}

}  // namespace quire::rmap
