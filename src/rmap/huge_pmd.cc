#include "rmap/huge_pmd.h"

#include "sync/trace.h"

namespace quire::rmap {
namespace {

using cache::FolioFlag;
using pgtable::LeafTable;
using pgtable::LockedPmd;
using pgtable::Pmd;
using pgtable::Pte;
using pgtable::PteBit;

// Linux: mm/huge_memory.c __split_huge_pmd_locked(), its file part
void drop_file_pmd(MappedSpace& space, LockedPmd& pmd, Range<VirtPage> range, Pte entry, Folio& folio) {
  pmd.set(Pmd::none());
  space.flush_tlb(range);
  if (entry.is_present() && entry.has(PteBit::dirty)) folio.set(FolioFlag::dirty);
  space.rss.add(Folio::rss_class(folio.flags()), -static_cast<int32_t>(range.size().value()));
  if (!entry.is_present()) return;
  (void)folio.remove_mapping();
  folio.put();
}

// Linux: mm/huge_memory.c __split_huge_zero_page_pmd()
HugeSplit split_huge_zero_pmd(MappedSpace& space, LockedPmd& pmd, VirtPage first, Pte entry) {
  auto range = Range<VirtPage>::of(first, space.env.geometry.entries());
  space.flush_tlb(range);
  for (VirtPage page : range) pmd.set_hidden(page, entry.moved_by(page - first));
  pmd.set(Pmd::table());
  space.env.huge_zero->find()->put();
  return HugeSplit::into_ptes;
}

// Nothing is counted anew, and nothing can fail. Linux (series of 2018): mm/huge_memory.c __split_huge_swap_pmd()
HugeSplit split_huge_swap_pmd(MappedSpace& space, LockedPmd& pmd, VirtPage at, Pte entry) {
  PageCount size = space.env.geometry.entries();
  if (space.env.swap.split_swap_cluster_map(entry.swap_entry()) != Errno::ok)
    sync::bug(sync::Failure::bug, "a huge swap entry of no device");
  // The caller may name any page of it.
  VirtPage first = space.env.defects.has(base::Defect::D0_4) ? at : at.align_down(size);
  for (uint64_t i = 0; i < size.value(); ++i) pmd.set_hidden(first + PageCount(i), entry.moved_by(PageCount(i)));
  pmd.set(Pmd::table());
  QUIRE_POINT("huge swap PMD became PTEs", "page {:#x}", first.value());
  return HugeSplit::into_ptes;
}

}  // namespace

HugeSplit split_huge_pmd_locked(MappedSpace& space, LockedPmd& pmd, VirtPage at) {
  QUIRE_FUNC();
  if (!pmd.get().is_huge()) return HugeSplit::nothing;
  Pte entry = pmd.get().entry();
  if (entry.is_swap()) return split_huge_swap_pmd(space, pmd, at, entry);
  VirtPage first = at.align_down(space.env.geometry.entries());
  if (entry.kind() == pgtable::PteKind::zero_page) return split_huge_zero_pmd(space, pmd, first, entry);
  auto range = Range<VirtPage>::of(first, space.env.geometry.entries());
  Folio& folio = space.env.folios.of(entry.pfn());
  if (!folio.test(FolioFlag::anon)) {
    drop_file_pmd(space, pmd, range, entry, folio);
    return HugeSplit::taken_away;
  }
  auto pages = static_cast<int>(range.size().value());
  if (entry.is_present()) {
    bool exclusive = space.env.folios.page(folio.pfn()).test(FolioFlag::anon_exclusive);
    for (int i = 1; i < pages && exclusive; ++i)
      space.env.folios.page(folio.pfn() + PageCount(static_cast<uint64_t>(i))).set(FolioFlag::anon_exclusive);
    folio.get(pages - 1);
    folio.add_mapping(pages - 1);
  }
  // The translations of the whole go before those of the parts can be walked; a CPU that walks to the huge page waits
  // for the lock. Never none meanwhile: who looks without the lock would pass by. Linux: pmdp_invalidate()
  space.flush_tlb(range);
  for (VirtPage page : range) pmd.set_hidden(page, entry.moved_by(page - first));
  pmd.set(Pmd::table());
  QUIRE_POINT("huge PMD became PTEs", "page {:#x}", first.value());
  return HugeSplit::into_ptes;
}

HugeSplit split_huge_pmd(MappedSpace& space, LeafTable& leaf, VirtPage at) {
  LockedPmd pmd(leaf);
  return split_huge_pmd_locked(space, pmd, at);
}

}  // namespace quire::rmap
