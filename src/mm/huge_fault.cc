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

// false: a small page will do. Linux: mm/huge_memory.c do_huge_pmd_anonymous_page()
bool AddressSpace::do_huge_pmd_anonymous_page(Fault& fault) {
  if (!fault.write() || !huge_page_fits(fault.vma, fault.page)) return false;
  QUIRE_FUNC();
  Result<FolioRef> allocated = env.folios.alloc(Gfp::user().without_retry(), env.pmd_order());
  if (!allocated) return false;
  Folio& folio = **allocated;
  env.folios.zero(folio);
  folio.init_flags(FolioFlag::uptodate | FolioFlag::swapbacked | FolioFlag::anon | FolioFlag::anon_exclusive);
  folio.set_anon(fault.vma.anon_vma(), fault.vma.index_of(tables.leaf_range(fault.page).start()));
  LockedPmd pmd(fault.leaf);
  if (!pmd.get().is_none()) {
    QUIRE_REACHED("do_huge_pmd_anonymous_page: somebody else mapped something");
    pmd.unlock();
    return true;
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
  bool writable = !fault.vma.is_cow() && fault.vma.writable();
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
  {
    LockedPmd pmd(fault.leaf);
    if (!pmd.get().is_huge()) return FaultEnd::again;
    Pte entry = pmd.get().entry();
    if (entry.is_present()) {
      bool wanting = fault.write() && !entry.writable();
      return wanting ? do_huge_pmd_wp_page(fault, pmd) : FaultEnd::again;
    }
    if (!env.folios.of(entry.pfn()).is_locked()) return FaultEnd::again;
  }
  sync::retry_point("pmd_migration_entry_wait");
  return FaultEnd::again;
}

}  // namespace quire::mm
