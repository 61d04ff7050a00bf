// The fault on an entry whose page is in swap.
#include "mm/address_space.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::mm {
namespace {
using base::Defect;
using base::SwapEntry;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using pgtable::LockedPageTable;
using phys::Gfp;
using rmap::RssClass;
}  // namespace

struct AddressSpace::SwapIn {
  Fault& fault;
  SwapEntry entry;
  swap::SwapArea* area = nullptr;  ///< with a device reference
  FolioRef folio;
  LockedFolio locked;    ///< after `folio`: unlocked first
  bool cached = true;    ///< the folio is in the swap cache
  bool claimed = false;  ///< HAS_CACHE is this fault's, for a folio that is in no cache
};

// The slot has one reference, this entry: read it into a page of its own. The cache bit keeps others from doing the
// same and, above all, the slot from being used for another page meanwhile. Linux: mm/memory.c do_swap_page()
AddressSpace::Got AddressSpace::read_around_swap_cache(SwapIn& in, FaultEnd& end) {
  QUIRE_FUNC();
  Result<FolioRef> fresh = env.folios.alloc(Gfp::user(), base::Order(0));
  if (!fresh) {
    end = FaultEnd::no_memory;
    return Got::nothing;
  }
  if (!env.defects.has(Defect::D2_5)) {
    if (env.swap.swapcache_prepare(in.entry) != Errno::ok) {
      QUIRE_REACHED("do_swap_page: another fault reads the slot");
      sync::retry_point("swapcache_prepare");
      return Got::nothing;
    }
    in.claimed = true;
  }
  in.folio = std::move(*fresh);
  in.folio->init_flags(FolioFlag::swapbacked);
  in.locked = LockedFolio(*in.folio);
  in.cached = false;
  env.swap.swap_read_locked_folio(*in.folio, in.entry);
  return Got::folio;
}

// Linux: mm/memory.c do_swap_page(), until the page-table lock
AddressSpace::Got AddressSpace::get_folio_for_swap_in(SwapIn& in, FaultEnd& end) {
  if (in.area->backend().swap_in_path() == swap::SwapInPath::around_cache) {
    in.folio = env.swap.swap_cache_get_folio(in.entry);
    if (!in.folio && env.swap.swap_count(in.entry) == 1 && !env.swap.in_huge_cluster(in.entry))
      return read_around_swap_cache(in, end);
  }
  if (!in.folio) {
    Result<FolioRef> read = swapin_readahead(in.fault, in.entry);
    if (!read) {
      end = FaultEnd::no_memory;
      return Got::nothing;
    }
    if (!*read) {
      sync::retry_point("do_swap_page: the slot is free");
      return Got::nothing;
    }
    in.folio = std::move(*read);
  }
  in.locked = LockedFolio(*in.folio);
  if (env.defects.has(Defect::D2_5)) return Got::folio;
  // While it was not locked it may have left the swap cache, and come back for another slot.
  if (in.folio->test(FolioFlag::swapcache) && in.folio->holds_slot(in.entry)) return Got::folio;
  QUIRE_REACHED("do_swap_page: folio left the swap cache");
  return Got::nothing;
}

// Linux: mm/memory.c do_swap_page(), from the page-table lock on
AddressSpace::FaultEnd AddressSpace::map_swapped_in(SwapIn& in) {
  Fault& fault = in.fault;
  Folio& folio = *in.folio;
  // A batch would refer to the folio too, and so keep its slot.
  if (fault.write()) env.folios.lru_add_drain();
  LockedPageTable table(fault.leaf);
  if (!table || table.get(fault.page) != fault.entry) {
    QUIRE_REACHED("do_swap_page: entry changed");
    return FaultEnd::again;
  }
  FolioFlag flags = folio.flags();
  if (cache::any(flags & FolioFlag::hwpoison)) return FaultEnd::hwpoison;
  if (!cache::any(flags & FolioFlag::uptodate)) return FaultEnd::sigbus;
  base::Pfn pfn = folio.pfn();
  if (folio.is_large()) pfn += in.entry.offset() - folio.swap().offset();
  bool exclusive = fault.entry.has(PteBit::exclusive) || !in.cached;
  env.swap.swap_free(in.entry);
  // A page that will be written soon is not worth its slot, if nobody else waits for it.
  if (in.cached && fault.write() && folio.refcount() == 1 + static_cast<int>(folio.pages().value()))
    (void)env.swap.folio_free_swap(folio);
  rss.add(RssClass::swap_entries, -1);
  rss.add(RssClass::anon, 1);
  Pte pte = Pte::present(pfn).with(PteBit::accessed);
  if (fault.entry.has(PteBit::uffd_wp))
    pte = pte.with(PteBit::uffd_wp);
  else if (fault.write() && exclusive)
    pte = pte.with(PteBit::writable).with(PteBit::dirty);
  map_anon_page(fault.vma, fault.page, folio, pfn, exclusive);
  if (!in.cached) {
    folio.workingset_refault(cache::Lru::key(in.entry));
    folio.add_lru();
  }
  table.set(fault.page, pte);
  QUIRE_POINT("swapped in", "page {:#x} <- slot {}", fault.page.value(), in.entry.offset().value());
  // The reference is the entry's now; unlocked before the lock is dropped, for then others may drop it.
  in.locked.unlock();
  (void)in.folio.release();
  return FaultEnd::again;
}

// Linux: mm/memory.c do_swap_page()
AddressSpace::FaultEnd AddressSpace::do_swap_page(Fault& fault) {
  QUIRE_FUNC();
  SwapIn in{fault, fault.entry.swap_entry(), env.swap.get_swap_device(fault.entry.swap_entry()), {}, {}};
  if (in.area == nullptr) {
    // swapoff has finished, so the entry is another by now.
    sync::retry_point("do_swap_page: no device");
    return FaultEnd::again;
  }
  FaultEnd end = FaultEnd::again;
  if (get_folio_for_swap_in(in, end) == Got::folio) end = map_swapped_in(in);
  in.locked.unlock();
  in.folio.reset();
  if (in.claimed) env.swap.swapcache_clear(*in.area, in.entry);
  env.swap.put_swap_device(*in.area);
  return end;
}

}  // namespace quire::mm
