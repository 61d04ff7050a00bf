// Removing entries: munmap, exit, MADV_DONTNEED, truncation, hole punch, and whatever else asks for it (zap_details.h).
#include "mm/address_space.h"
#include "mm/mmu_gather.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using base::Defect;
using cache::FolioFlag;
using pgtable::LeafTable;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;
using pgtable::Pmd;
using rmap::Markers;
using rmap::RssClass;
using rmap::RssDeltas;
using rmap::VmaKind;
using rmap::ZapDetails;
using rmap::ZapFrom;

/// One request on one table.
struct Zap {
  AddressSpace& mm;
  const ZapDetails& details;
  const Vma& vma;
  LockedPageTable& table;
  RssDeltas& deltas;
  MmuGather& gather;
  [[nodiscard]] rmap::Environment& env() const { return mm.env; }
};

VmaKind kind_of(const Vma& vma) { return vma.is_anonymous() ? VmaKind::anonymous : VmaKind::file; }

// A write-protected page of a file stays so when it comes back; a marker is here only if it is to go.
// Linux: mm/memory.c zap_install_uffd_wp_if_needed()
Pte left_behind(const Zap& z, Pte zapped) {
  bool page_protected = zapped.kind() != PteKind::marker && zapped.has(PteBit::uffd_wp);
  bool keep = page_protected && z.details.markers == Markers::keep && !z.vma.is_anonymous();
  return keep ? Pte::marker(PteBit::uffd_wp) : Pte::none();
}

// Linux: mm/memory.c zap_present_folio_ptes()
void zap_present_pte(Zap& z, VirtPage page, Pte pte) {
  Folio& folio = z.env().folios.of(pte.pfn());
  FolioFlag flags = folio.flags();
  bool dirty_file = !cache::any(flags & FolioFlag::anon) && pte.has(PteBit::dirty);
  z.table.set(page, left_behind(z, pte));
  // Before the mapping is dropped: afterwards nobody would look for it here.
  if (dirty_file) folio.set(FolioFlag::dirty);
  if (!cache::any(flags & FolioFlag::anon) && pte.has(PteBit::accessed) && z.vma.has_recency()) folio.mark_accessed();
  z.deltas.add(Folio::rss_class(flags), -1);
  if (cache::any(flags & FolioFlag::mlocked) && z.vma.mlocked()) folio.munlock();
  auto unmapped = MmuGather::Unmapped::now;
  if (dirty_file && z.env().tlbs.enabled())
    unmapped = MmuGather::Unmapped::after_flush;
  else
    (void)folio.remove_mapping();
  z.gather.add(Range<VirtPage>::of(page, PageCount(1)), folio, flags, unmapped);
}

// Linux: mm/memory.c zap_nonpresent_ptes(), its device entries
void zap_device_pte(Zap& z, VirtPage page, Pte pte) {
  Folio& folio = z.env().folios.of(pte.pfn());
  FolioFlag flags = folio.flags();
  z.table.set(page, Pte::none());
  z.deltas.add(Folio::rss_class(flags), -1);
  if (pte.kind() == PteKind::device_private) (void)folio.remove_mapping();
  z.gather.add(Range<VirtPage>::of(page, PageCount(1)), folio, flags, MmuGather::Unmapped::now);
}

void zap_swap_pte(Zap& z, Pte pte) {
  z.deltas.add(RssClass::swap_entries, -1);
  // The page-table lock makes this an RCU reader, which swapoff waits for.
  if (z.env().swap.free_swap_and_cache(pte.swap_entry(), swap::FreeCaller::page_table) == swap::FreeOutcome::no_device)
    sync::bug(sync::Failure::bug, "Bad page map: a swap entry of no device");
}

// The class of a migrating folio is counted as before; its mapping and reference went when the entry was made.
RssClass counted_as(const Zap& z, Pte migration) {
  if (z.env().defects.has(Defect::D1_10)) return RssClass::swap_entries;
  return Folio::rss_class(z.env().folios.of(migration.pfn()).flags());
}

// Linux: mm/memory.c zap_nonpresent_ptes()
void zap_nonpresent_pte(Zap& z, VirtPage page, Pte pte) {
  switch (pte.kind()) {
    case PteKind::swap:
      zap_swap_pte(z, pte);
      break;
    case PteKind::migration:
      z.deltas.add(counted_as(z, pte), -1);
      break;
    case PteKind::device_private:
    case PteKind::device_exclusive:
      return zap_device_pte(z, page, pte);
    case PteKind::zero_page:
      z.gather.touch(Range<VirtPage>::of(page, PageCount(1)));
      break;
    case PteKind::marker:
      return z.table.set(page, Pte::none());
    case PteKind::none:
    case PteKind::present:
    case PteKind::hwpoison:
    case PteKind::swapin_error:
      break;
  }
  z.table.set(page, left_behind(z, pte));
}

// Returns where it stopped: the end, or earlier when the gather is full. Linux: mm/memory.c zap_pte_range()
VirtPage zap_pte_range(AddressSpace& mm, LeafTable& leaf, const Vma& vma, Range<VirtPage> range,
                       const ZapDetails& details) {
  QUIRE_FUNC();
  MmuGather gather(mm);  // before the lock: emptied after it
  LockedPageTable table(leaf);
  if (!table) return range.start();
  RssDeltas deltas;
  Zap z{mm, details, vma, table, deltas, gather};
  VirtPage page = range.start();
  for (; page < range.limit() && !gather.full(); ++page) {
    Pte pte = table.get(page);
    if (pte.is_none()) continue;
    // Who moves a page of a file has locked what the file has there until the last entry is put back.
    QUIRE_ASSERT(
        details.single_folio == nullptr || !pte.is_migration() || mm.env.folios.of(pte.pfn()).test(FolioFlag::anon),
        "a migration entry of a page of a file whose folio is locked by somebody else");
    if (!rmap::should_zap(mm.env, details, kind_of(vma), pte)) continue;
    if (pte.is_present())
      zap_present_pte(z, page, pte);
    else
      zap_nonpresent_pte(z, page, pte);
  }
  mm.rss.apply(deltas);
  gather.flush_if_forced();
  return page;
}

// No translation was made of it, so none is flushed. Linux (series of 2018): mm/huge_memory.c zap_huge_pmd()
bool zap_huge_swap_pmd(AddressSpace& mm, LockedPmd& pmd, Pte entry) {
  PageCount size = mm.env.geometry.entries();
  pmd.set(Pmd::none());
  auto counted = static_cast<int32_t>(mm.env.defects.has(Defect::D0_10) ? 1 : size.value());
  mm.rss.add(RssClass::swap_entries, -counted);
  if (mm.env.swap.free_swap_and_cache(entry.swap_entry(), size, swap::FreeCaller::page_table) ==
      swap::FreeOutcome::no_device)
    sync::bug(sync::Failure::bug, "Bad page map: a huge swap entry of no device");
  return true;
}

// Whether there is nothing left to do at `first`. Linux: mm/huge_memory.c zap_huge_pmd()
bool zap_huge_pmd(AddressSpace& mm, LeafTable& leaf, const Vma& vma, VirtPage first, const ZapDetails& details) {
  QUIRE_FUNC();
  MmuGather gather(mm);
  LockedPmd pmd(leaf);
  if (!pmd.get().is_huge()) return false;
  Pte entry = pmd.get().entry();
  if (mm.is_huge_zero_pmd(entry)) {
    pmd.set(Pmd::none());
    gather.touch(Range<VirtPage>::of(first, mm.env.geometry.entries()));
    mm.env.huge_zero->find()->put();
    return true;
  }
  if (entry.is_swap()) return zap_huge_swap_pmd(mm, pmd, entry);
  Folio& folio = mm.env.folios.of(entry.pfn());
  FolioFlag flags = folio.flags();
  QUIRE_ASSERT(vma.is_anonymous() || !cache::any(flags & FolioFlag::anon), "a huge private page in a file's mapping");
  if (!rmap::should_zap(mm.env, details, kind_of(vma), entry)) return true;
  auto range = Range<VirtPage>::of(first, mm.env.geometry.entries());
  pmd.set(Pmd::none());
  QUIRE_POINT("huge PMD cleared", "page {:#x}", first.value());
  mm.rss.add(Folio::rss_class(flags), -static_cast<int32_t>(range.size().value()));
  if (!entry.is_present()) return true;
  if (entry.has(PteBit::dirty) && !cache::any(flags & FolioFlag::anon)) folio.set(FolioFlag::dirty);
  gather.add(range, folio, flags, MmuGather::Unmapped::after_flush);
  gather.flush_if_forced();
  return true;
}

// Nothing is mapped at a PMD: but the CPU that has just taken a huge page away may not have dropped its mapping yet,
// and who asks for a single folio wants it unmapped on return. Linux: mm/memory.c zap_pmd_range()
void wait_for_pmd(AddressSpace& mm, LeafTable& leaf, Range<VirtPage> part, const ZapDetails& details) {
  bool whole = part.size() == mm.env.geometry.entries();
  if (!whole || details.single_folio == nullptr || !mm.env.pmd_mappable(*details.single_folio)) return;
  if (mm.env.defects.has(Defect::D1_12)) return;
  QUIRE_REACHED("zap_pmd_range: the PMD is empty");
  LockedPmd taken(leaf);
}

// Linux: mm/memory.c zap_pmd_range()
void zap_pmd(AddressSpace& mm, LeafTable& leaf, const Vma& vma, Range<VirtPage> part, const ZapDetails& details) {
  for (VirtPage page = part.start(); page < part.limit();) {
    Pmd pmd = leaf.pmd();
    if (pmd.is_none()) return wait_for_pmd(mm, leaf, part, details);
    if (pmd.is_table()) {
      page = zap_pte_range(mm, leaf, vma, {page, part.limit()}, details);
      continue;
    }
    VirtPage first = mm.tables.leaf_range(page).start();
    // What was mapped is gone when the whole is; looking again would go on for as long as a fault maps it again.
    bool part_of_it = part.size() != mm.env.geometry.entries();
    if (part_of_it ? rmap::split_huge_pmd(mm, leaf, first) == rmap::HugeSplit::taken_away
                   : zap_huge_pmd(mm, leaf, vma, first, details))
      return;
  }
}

}  // namespace

// Linux: mm/memory.c zap_page_range_single(), unmap_page_range()
void AddressSpace::zap_range(const Vma& vma, Range<VirtPage> range, const ZapDetails& details) {
  tables.for_each_leaf(range, [&](LeafTable* leaf, Range<VirtPage> part) {
    if (leaf != nullptr) zap_pmd(*this, *leaf, vma, part, details);
  });
}

}  // namespace quire::mm
