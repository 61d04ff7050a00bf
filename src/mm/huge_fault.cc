// Faults on huge pages: PMD entries made, made writable, waited for, or split for a page of their own.
#include "mm/address_space.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::mm {
namespace {

using cache::FolioFlag;
using cache::FolioRef;
using pgtable::LockedPmd;
using pgtable::Pmd;
using phys::Gfp;
using rmap::RssClass;

}  // namespace

// Whether the mapping wants huge pages and has all of the one around `page`. Linux: thp_vma_suitable_order()
bool AddressSpace::huge_page_fits(const Vma& vma, VirtPage page) const {
  return env.thp_order == env.pmd_order() && vma.has(VmFlag::huge_page) &&
         vma.pages().contains(tables.leaf_range(page));
}

// Whether the PMD maps the huge page of zeros. What is not present has another thing where a frame's number is.
// Linux: include/linux/huge_mm.h is_huge_zero_pmd()
bool AddressSpace::is_huge_zero_pmd(Pte entry) const {
  bool by_number = env.huge_zero != nullptr && env.defects.has(base::Defect::D0_11);
  if (!by_number) return entry.kind() == PteKind::zero_page;
  const Folio* zeros = env.huge_zero->find();
  return zeros != nullptr && entry.frame_bits() == zeros->pfn().value();
}

// A load where nothing is mapped. Linux: mm/huge_memory.c do_huge_pmd_anonymous_page(), its zero page
bool AddressSpace::map_huge_zero_page(Fault& fault) {
  if (env.huge_zero == nullptr) return false;
  QUIRE_FUNC();
  Folio* zeros = env.huge_zero->get(env.pmd_order());
  if (zeros == nullptr) return false;
  LockedPmd pmd(fault.leaf);
  if (pmd.get().is_none())
    pmd.set(Pmd::huge(Pte::huge_zero_page(zeros->pfn())));
  else
    zeros->put();
  return true;
}

// Where nothing is mapped, or, for a write, the huge page of zeros. false: a small page will do.
// Linux: mm/huge_memory.c do_huge_pmd_anonymous_page(), do_huge_zero_wp_pmd()
bool AddressSpace::do_huge_pmd_anonymous_page(Fault& fault, Pmd before) {
  if (!huge_page_fits(fault.vma, fault.page)) return false;
  fault.vma.note_copy();
  if (!fault.write()) return map_huge_zero_page(fault);
  QUIRE_FUNC();
  Result<FolioRef> allocated = env.folios.alloc(Gfp::user().without_retry(), env.pmd_order());
  if (!allocated) return false;
  Folio& folio = **allocated;
  env.folios.zero(folio);
  folio.init_flags(FolioFlag::uptodate | FolioFlag::swapbacked | FolioFlag::anon | FolioFlag::anon_exclusive);
  folio.set_anon(fault.vma.anon_vma(), fault.vma.index_of(tables.leaf_range(fault.page).start()));
  LockedPmd pmd(fault.leaf);
  if (pmd.get() != before) {
    QUIRE_REACHED("do_huge_pmd_anonymous_page: somebody else mapped something");
    pmd.unlock();
    return true;
  }
  if (before.is_huge()) {
    flush_tlb(tables.leaf_range(fault.page));
    env.huge_zero->find()->put();
  }
  rss.add(RssClass::anon, static_cast<int32_t>(folio.pages().value()));
  folio.add_mapping();
  folio.add_lru();
  pmd.set(Pmd::huge(Pte::present(folio.pfn()).with(PteBit::writable).with(PteBit::dirty).with(PteBit::accessed)));
  (void)allocated->release();
  return true;
}

// Whether the locked folio of the file is huge and was mapped as such. Linux: mm/memory.c do_set_pmd()
bool AddressSpace::do_set_pmd(Fault& fault, FolioRef& folio) {
  if (!env.pmd_mappable(*folio) || env.pmd_order() == base::Order(0)) return false;
  Range<VirtPage> range = tables.leaf_range(fault.page);
  if (!huge_page_fits(fault.vma, fault.page) || fault.vma.index_of(range.start()) != folio->index()) return false;
  QUIRE_FUNC();
  LockedPmd pmd(fault.leaf);
  if (!pmd.get().is_none()) return pmd.get().is_huge();
  bool writable = fault.vma.writable_unnoticed();
  Pte pte = Pte::present(folio->pfn()).with(PteBit::accessed).with_if(writable, PteBit::writable);
  rss.add(Folio::rss_class(folio->flags()), static_cast<int32_t>(folio->pages().value()));
  folio->add_mapping();
  pmd.set(Pmd::huge(pte.with_if(fault.write() && writable, PteBit::dirty)));
  (void)folio.release();
  return true;
}

// Whether nobody else refers to the huge page: then it is the mapping's own. The lock of whoever works on it is not
// waited for: the write gets a page of its own. PMD lock held. Linux: mm/huge_memory.c do_huge_pmd_wp_page()
bool AddressSpace::wp_can_reuse_huge_page(const Vma& vma, Folio& folio) {
  if (folio.refcount() != 1) return false;
  cache::LockedFolio locked = cache::LockedFolio::try_lock(folio);
  if (!locked || folio.refcount() != 1) return false;
  folio.move_anon(vma.anon_vma());
  return true;
}

// A write to a huge page that is read-only. Linux: mm/huge_memory.c do_huge_pmd_wp_page()
AddressSpace::FaultEnd AddressSpace::do_huge_pmd_wp_page(Fault& fault, LockedPmd& pmd) {
  QUIRE_FUNC();
  Pte entry = pmd.get().entry();
  Folio& folio = env.folios.of(entry.pfn());
  FolioFlag flags = folio.flags();
  bool reuse = !fault.vma.is_cow();
  if (!reuse && cache::any(flags & FolioFlag::anon)) {
    reuse = cache::any(flags & FolioFlag::anon_exclusive);
    if (!reuse && wp_can_reuse_huge_page(fault.vma, folio)) {
      folio.set(FolioFlag::anon_exclusive);
      reuse = true;
    }
  }
  if (reuse)
    pmd.set(Pmd::huge(entry.with(PteBit::writable).with(PteBit::dirty).with(PteBit::accessed)));
  else
    rmap::split_huge_pmd_locked(*this, pmd, tables.leaf_range(fault.page).start());
  return FaultEnd::again;
}

// Linux: mm/memory.c __handle_mm_fault(), its PMD part; mm/huge_memory.c pmd_migration_entry_wait()
AddressSpace::FaultEnd AddressSpace::do_huge_pmd_fault(Fault& fault) {
  Pmd before;
  {
    LockedPmd pmd(fault.leaf);
    if (!pmd.get().is_huge()) return FaultEnd::again;
    Pte entry = pmd.get().entry();
    if (entry.is_present()) {
      bool wanting = fault.write() && !entry.writable();
      return wanting ? do_huge_pmd_wp_page(fault, pmd) : FaultEnd::again;
    }
    if (entry.is_migration() && !env.folios.of(entry.pfn()).is_locked()) return FaultEnd::again;
    before = pmd.get();
  }
  if (before.is_huge_swap()) return do_huge_pmd_swap_page(fault, before);
  if (before.is_huge() && before.entry().kind() == PteKind::zero_page) {
    if (fault.write() && !do_huge_pmd_anonymous_page(fault, before))
      rmap::split_huge_pmd(*this, fault.leaf, fault.page);
    return FaultEnd::again;
  }
  sync::retry_point("pmd_migration_entry_wait");
  return FaultEnd::again;
}

}  // namespace quire::mm
