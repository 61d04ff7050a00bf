#include "rmap/mkclean.h"

#include "sync/trace.h"

namespace quire::rmap {
namespace {

// Linux: mm/rmap.c page_vma_mkclean_one()
bool mkclean_one(Folio& folio, MappedRange& range) {
  Range<FileIndex> common = range.indexes().intersection(Range<FileIndex>::of(folio.index(), folio.pages()));
  if (common.empty()) return false;
  bool dirty = false;
  pgtable::PageTables& tables = range.space().tables;
  VirtPage end = range.page_of(common.start()) + common.size();
  for (VirtPage page = range.page_of(common.start()); page < end;) {
    VirtPage leaf_end = std::min(end, tables.end_of_leaf(page));
    if (pgtable::LeafTable* leaf = tables.find(page)) {
      pgtable::LockedPageTable table(*leaf);
      for (; page < leaf_end; ++page) {
        pgtable::Pte pte = table.get(page);
        // A private copy is not this folio, and the folio itself is mapped read-only where it is private.
        if (!pte.is_present() || !folio.contains(pte.pfn())) continue;
        if (!pte.writable() && !pte.has(pgtable::PteBit::dirty)) continue;
        dirty = dirty || pte.has(pgtable::PteBit::dirty);
        table.set(page, pte.without(pgtable::PteBit::writable).without(pgtable::PteBit::dirty));
      }
    }
    page = leaf_end;
  }
  return dirty;
}

}  // namespace

// Linux: mm/rmap.c folio_mkclean(), rmap_walk_file()
bool folio_mkclean(Environment&, Folio& folio) {
  QUIRE_FUNC();
  cache::Mapping* mapping = folio.mapping();
  if (mapping == nullptr || !folio.mapped()) return false;
  bool dirty = false;
  sync::SharedGuard guard(mapping->i_mmap_rwsem);
  for (MappedRange* range = mapping->i_mmap_first; range != nullptr; range = range->file_next)
    if (mkclean_one(folio, *range)) dirty = true;
  return dirty;
}

}  // namespace quire::rmap
