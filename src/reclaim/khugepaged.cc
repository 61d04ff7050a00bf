#include "reclaim/khugepaged.h"

#include "rmap/migrate.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using base::Errno;
using base::PageCount;
using base::Range;
using base::Result;
using base::VirtPage;
using cache::FolioFlag;
using cache::FolioRef;
using pgtable::LockedPmd;
using pgtable::Pmd;
using pgtable::Pte;
using pgtable::PteBit;
using phys::Gfp;
using rmap::RssClass;

/// What stands for nothing: a page of the new one is zeroed.
bool is_empty(Pte pte) { return pte.is_none() || pte.kind() == pgtable::PteKind::zero_page; }

}  // namespace

// Linux: mm/khugepaged.c hugepage_vma_revalidate()
Result<Khugepaged::Target> Khugepaged::find_target(mm::AddressSpace& mm, VirtPage page) {
  sync::SharedGuard guard(mm.mmap_lock);
  mm::Vma* vma = mm.find_vma(page);
  Range<VirtPage> range = mm.tables.leaf_range(page);
  if (vma == nullptr || !vma->pages().contains(range) || env_.thp_order != env_.pmd_order()) return Errno::einval;
  if (vma->is_anonymous()) {
    // Only pages of zeros: there is nothing to bring together yet.
    if (!vma->has_copies()) return Errno::einval;
    return Target{};
  }
  // The pages of a block-backed file are read and written one by one. Linux: mm/huge_memory.c file_thp_enabled()
  if (vma->file()->mapping().ops().can_writeback()) return Errno::einval;
  base::FileIndex start = vma->index_of(range.start());
  if (start.offset_in(range.size()) != PageCount(0)) return Errno::einval;
  vma->file()->get();
  return Target{vma->file(), start};
}

Errno Khugepaged::collapse(mm::AddressSpace& mm, base::VirtAddr address) {
  QUIRE_FUNC();
  VirtPage page = base::page_of(address);
  env_.folios.lru_add_drain_all();
  Result<Target> target = find_target(mm, page);
  if (!target) return target.error();
  if (target->file != nullptr) {
    Errno error = collapse_file(target->file->mapping(), target->start);
    target->file->put();
    return error;
  }
  Errno error = prepare(mm, mm.tables.leaf_range(page));
  // What was brought in is in a batch, which refers to it.
  env_.folios.lru_add_drain_all();
  return error != Errno::ok ? error : collapse_huge_page(mm, page);
}

// The page's folio if it is large, with a reference; and whether the page is in swap.
Khugepaged::Found Khugepaged::look_at(mm::AddressSpace& mm, VirtPage page) {
  Found found;
  sync::SharedGuard guard(mm.mmap_lock);
  (void)mm.with_entry(page, [&](Pte pte) {
    found.swapped = pte.is_swap();
    // A huge page in place is no hindrance.
    if (!pte.is_present() || mm.tables.find(page)->pmd().is_huge()) return Errno::ok;
    cache::Folio& folio = env_.folios.of(pte.pfn());
    if (folio.is_large()) found.large = FolioRef::of(folio);
    return Errno::ok;
  });
  return found;
}

// Swapped pages come in by the fault that anybody would take, large folios that are mapped in part are split.
// Linux: mm/khugepaged.c __collapse_huge_page_swapin()
Errno Khugepaged::prepare(mm::AddressSpace& mm, Range<VirtPage> range) {
  for (VirtPage page : range) {
    Found found = look_at(mm, page);
    if (found.swapped && !mm.load(base::address_of(page)).signal.none()) return Errno::eagain;
    if (!found.large) continue;
    cache::LockedFolio locked = cache::LockedFolio::try_lock(*found.large);
    if (!locked || (locked->is_large() && !rmap::split_folio(env_, *locked))) return Errno::eagain;
  }
  return Errno::ok;
}

// Whether the page is this mapping's alone; then it is locked and isolated. Linux: mm/khugepaged.c
// __collapse_huge_page_isolate()
bool Khugepaged::isolate_pte(Pte pte) {
  if (is_empty(pte)) return !pte.has(PteBit::uffd_wp);
  if (!pte.is_present() || pte.has(PteBit::uffd_wp)) return false;
  cache::Folio& folio = env_.folios.of(pte.pfn());
  FolioFlag flags = folio.flags();
  if (!cache::any(flags & FolioFlag::anon) || folio.is_large() || folio.mapcount() != 1) return false;
  if (!folio.try_lock()) return false;
  int expected = folio.test(FolioFlag::swapcache) ? 2 : 1;
  if (folio.refcount() == expected && folio.isolate_lru()) return true;
  folio.unlock();
  return false;
}

// Returns how many of the range, from its start, could be isolated.
std::size_t Khugepaged::isolate(LockedPmd& pmd, Range<VirtPage> range) {
  std::size_t done = 0;
  for (VirtPage page : range) {
    if (!isolate_pte(pmd.get_hidden(page))) break;
    ++done;
  }
  return done;
}

// Linux: mm/khugepaged.c release_pte_pages()
void Khugepaged::release(LockedPmd& pmd, Range<VirtPage> range) {
  for (VirtPage page : range) {
    Pte pte = pmd.get_hidden(page);
    if (is_empty(pte)) continue;
    cache::Folio& folio = env_.folios.of(pte.pfn());
    folio.putback_lru();
    folio.unlock();
  }
}

// Each page's contents go to its place in `huge`, and the page goes. Linux: mm/khugepaged.c __collapse_huge_page_copy()
void Khugepaged::copy_pages(mm::AddressSpace& mm, LockedPmd& pmd, Range<VirtPage> range, cache::Folio& huge) {
  for (VirtPage page : range) {
    base::Pfn to = huge.pfn() + (page - range.start());
    Pte pte = pmd.get_hidden(page);
    pmd.set_hidden(page, Pte::none());
    if (is_empty(pte)) {
      env_.folios.frames().zero(to);
      mm.rss.add(RssClass::anon, 1);
      continue;
    }
    cache::Folio& old = env_.folios.of(pte.pfn());
    env_.folios.frames().copy(to, old.pfn());
    (void)old.remove_mapping();
    (void)env_.swap.folio_free_swap(old);
    old.unlock();
    old.put();
  }
}

// Linux: mm/khugepaged.c collapse_huge_page()
Errno Khugepaged::collapse_huge_page(mm::AddressSpace& mm, VirtPage page) {
  QUIRE_FUNC();
  Result<FolioRef> allocated = env_.folios.alloc(Gfp::user(), env_.pmd_order());
  if (!allocated) return Errno::enomem;
  cache::Folio& huge = **allocated;
  Range<VirtPage> range = mm.tables.leaf_range(page);
  sync::Guard guard(mm.mmap_lock);
  mm::Vma* vma = mm.find_vma(page);
  if (vma == nullptr || !vma->pages().contains(range) || !vma->is_anonymous()) return Errno::einval;
  pgtable::LeafTable* leaf = mm.tables.find(page);
  if (leaf == nullptr) return Errno::einval;
  if (Pmd now = leaf->pmd(); now.is_huge()) return now.is_huge_swap() ? Errno::eagain : Errno::ok;
  sync::Guard anon_vma_guard(vma->anon_vma()->rwsem());
  LockedPmd pmd(*leaf);
  if (!pmd.get().is_table()) return Errno::einval;
  pmd.collapse();
  mm.flush_tlb(range);
  std::size_t isolated = isolate(pmd, range);
  if (isolated != range.size().value()) {
    QUIRE_REACHED("collapse_huge_page: a page is in use");
    release(pmd, Range<VirtPage>::of(range.start(), PageCount(isolated)));
    pmd.set(Pmd::table());
    return Errno::eagain;
  }
  huge.init_flags(FolioFlag::uptodate | FolioFlag::swapbacked | FolioFlag::anon | FolioFlag::anon_exclusive);
  huge.set_anon(vma->anon_vma(), vma->index_of(range.start()));
  copy_pages(mm, pmd, range, huge);
  huge.add_mapping();
  huge.add_lru();
  Pte entry = Pte::present(huge.pfn()).with(PteBit::dirty).with(PteBit::accessed);
  entry = entry.with_if(!vma->readable(), PteBit::prot_none);
  pmd.set(Pmd::huge(entry.with_if(vma->writable(), PteBit::writable)));
  (void)allocated->release();
  QUIRE_POINT("collapsed", "page {:#x}", range.start().value());
  return Errno::ok;
}

}  // namespace quire::reclaim
