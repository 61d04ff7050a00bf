// Huge pages in swap as a whole: one PMD swap entry for the slots of a cluster (swap/huge_cluster.cc).
//
// Whoever uses such an entry may find that its cluster is huge no more, or that the folio in the swap cache is not:
// then the entry becomes PTE swap entries, which name the same slots and are counted already, and everything is as with
// single pages. Nobody but the user of the entry does that, so an entry may be stale for long.
//   fault, swapoff   from the cache, or read as one if a huge page is to be had; else the cluster is split, unless
//                    somebody has the folio cached meanwhile
//   mincore          in core if the huge folio is cached; a small folio is there only after a split
#include "mm/address_space.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::mm {
namespace {

using base::Defect;
using base::SwapEntry;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using pgtable::LeafTable;
using pgtable::LockedPmd;
using pgtable::Pmd;
using phys::Gfp;
using rmap::RssClass;
using swap::WhileCached;

// While it was not locked it may have left the swap cache, come back for other slots, or been split.
bool is_cached_whole(const rmap::Environment& env, const Folio& folio, SwapEntry entry) {
  return env.pmd_mappable(folio) && folio.test(FolioFlag::swapcache) && folio.swap() == entry;
}

}  // namespace

struct AddressSpace::HugeSwapIn {
  LeafTable& leaf;
  VirtPage page;  ///< any of the huge page
  Pmd before;     ///< must be the same under the lock later
  FolioRef folio;
  [[nodiscard]] SwapEntry entry() const { return before.entry().swap_entry(); }
};

// Whether a mapping wants its pages back as one. Without a mapping, as swapoff asks, it is for the machine to say.
// Linux (series of 2018): transparent_hugepage_swapin_enabled()
bool AddressSpace::swaps_in_whole(const Vma* vma) const {
  if (vma == nullptr && !env.defects.has(Defect::D0_7)) return env.swap.options().thp_swap == swap::ThpSwap::pmd;
  return vma->has(VmFlag::huge_page);  // NOLINT(clang-analyzer-core.CallAndMessage): D0-7 is just that
}

// The entry becomes PTEs if it is still the same; without_cluster: so does its cluster, if nothing is cached there.
// Linux (series of 2018): mm/huge_memory.c split_huge_swap_pmd()
void AddressSpace::split_huge_swap(const HugeSwapIn& in, ClusterToo cluster) {
  LockedPmd pmd(in.leaf);
  if (pmd.get() != in.before) return;
  if (cluster == ClusterToo::yes) {
    Errno error = env.swap.split_swap_cluster(in.entry(), WhileCached::keep);
    if (error != Errno::ok) {
      QUIRE_REACHED("do_huge_pmd_swap_page: somebody else has read the huge page");
      pmd.unlock();
      sync::retry_point("split_swap_cluster");
      return;
    }
  }
  rmap::split_huge_pmd_locked(*this, pmd, in.page);
}

// The folio of the whole, from the cache or read; nothing: look at the entry again. Linux (series of 2018):
// mm/huge_memory.c do_huge_pmd_swap_page(), until the folio lock
AddressSpace::Got AddressSpace::get_huge_folio(HugeSwapIn& in, const Vma* vma) {
  in.folio = env.swap.swap_cache_get_folio(in.entry());
  if (!in.folio) {
    Result<FolioRef> read = Errno::enomem;
    if (swaps_in_whole(vma)) read = env.swap.read_huge_swap_cache(in.entry(), env.geometry.entries(), Gfp::user());
    if (!read) {
      bool stale = read.error() == Errno::enotdir;
      if (stale) QUIRE_REACHED("do_huge_pmd_swap_page: the cluster is huge no more");
      split_huge_swap(in, stale ? ClusterToo::no : ClusterToo::yes);
      return Got::nothing;
    }
    if (!*read) {
      sync::retry_point("do_huge_pmd_swap_page: the slots are free");
      return Got::nothing;
    }
    in.folio = std::move(*read);
  }
  if (env.pmd_mappable(*in.folio)) return Got::folio;
  QUIRE_REACHED("do_huge_pmd_swap_page: a small folio is cached");
  in.folio.reset();
  split_huge_swap(in, ClusterToo::no);
  return Got::nothing;
}

// The folio is locked and cached for this entry, which was compared under `pmd`. Its reference is not yet the entry's.
// Linux (series of 2018): mm/huge_memory.c do_huge_pmd_swap_page(), from the PMD lock on
void AddressSpace::map_huge_swapped_in(const Vma& vma, const HugeSwapIn& in, LockedPmd& pmd, Pte pte) {
  Folio& folio = *in.folio;
  auto pages = static_cast<int32_t>(folio.pages().value());
  rss.add(RssClass::swap_entries, -pages);
  rss.add(RssClass::anon, pages);
  VirtPage first = tables.leaf_range(in.page).start();
  map_anon_page(vma, first, folio, folio.pfn(), in.before.entry().has(PteBit::exclusive));
  env.swap.swap_free(in.entry(), folio.pages());
  pmd.set(Pmd::huge(pte));
  QUIRE_POINT("swapped in as one", "page {:#x} <- slot {}", first.value(), in.entry().offset().value());
}

// Linux (series of 2018): mm/huge_memory.c do_huge_pmd_swap_page()
AddressSpace::FaultEnd AddressSpace::do_huge_pmd_swap_page(Fault& fault, Pmd before) {
  QUIRE_FUNC();
  HugeSwapIn in{fault.leaf, fault.page, before, {}};
  swap::SwapArea* area = env.swap.get_swap_device(in.entry());
  if (area == nullptr) {
    // swapoff has finished, so the entry is another by now.
    sync::retry_point("do_huge_pmd_swap_page: no device");
    return FaultEnd::again;
  }
  FaultEnd end = FaultEnd::again;
  if (get_huge_folio(in, &fault.vma) == Got::folio) end = map_huge_fault(fault, in);
  in.folio.reset();
  env.swap.put_swap_device(*area);
  return end;
}

// Linux (series of 2018): mm/huge_memory.c do_huge_pmd_swap_page(), from the folio lock on
AddressSpace::FaultEnd AddressSpace::map_huge_fault(Fault& fault, HugeSwapIn& in) {
  LockedFolio locked(*in.folio);
  if (!is_cached_whole(env, *in.folio, in.entry())) {
    QUIRE_REACHED("do_huge_pmd_swap_page: folio left the swap cache");
    return FaultEnd::again;
  }
  LockedPmd pmd(fault.leaf);
  if (pmd.get() != in.before) {
    QUIRE_REACHED("do_huge_pmd_swap_page: entry changed");
    return FaultEnd::again;
  }
  FolioFlag flags = in.folio->flags();
  if (cache::any(flags & FolioFlag::hwpoison)) {
    rmap::split_huge_pmd_locked(*this, pmd, fault.page);
    return FaultEnd::again;
  }
  if (!cache::any(flags & FolioFlag::uptodate)) return FaultEnd::sigbus;
  Pte entry = in.before.entry();
  Pte pte = Pte::present(in.folio->pfn()).with(PteBit::accessed);
  if (entry.has(PteBit::uffd_wp))
    pte = pte.with(PteBit::uffd_wp);
  else if (fault.write() && entry.has(PteBit::exclusive))
    pte = pte.with(PteBit::writable).with(PteBit::dirty);
  map_huge_swapped_in(fault.vma, in, pmd, pte);
  if (fault.write() && in.folio->refcount() == 1 + static_cast<int>(in.folio->pages().value()))
    (void)env.swap.folio_free_swap(*in.folio);
  locked.unlock();
  (void)in.folio.release();
  return FaultEnd::again;
}

// One step of bringing the huge page at `page` back for swapoff; the entry is looked at again afterwards. Linux (series
// of 2018): mm/swapfile.c unuse_pmd(), unuse_pmd_range()
void AddressSpace::unuse_huge_pmd(Vma& vma, LeafTable& leaf, VirtPage page, Pmd before) {
  QUIRE_FUNC();
  HugeSwapIn in{leaf, page, before, {}};
  // Whatever the mapping wants by now: it comes back as it went.
  if (get_huge_folio(in, nullptr) == Got::nothing) return;
  LockedFolio locked(*in.folio);
  in.folio->wait_writeback();
  {
    LockedPmd pmd(leaf);
    if (pmd.get() != before) {
      QUIRE_REACHED("unuse_pmd: entry changed");
      return;
    }
    FolioFlag flags = in.folio->flags();
    if (!cache::any(flags & FolioFlag::uptodate) || cache::any(flags & FolioFlag::hwpoison)) {
      rmap::split_huge_pmd_locked(*this, pmd, page);
      return;
    }
    Pte pte = Pte::present(in.folio->pfn()).with_if(before.entry().has(PteBit::uffd_wp), PteBit::uffd_wp);
    in.folio->get();
    map_huge_swapped_in(vma, in, pmd, pte.with_if(!vma.readable(), PteBit::prot_none));
  }
  (void)env.swap.folio_free_swap(*in.folio);
}

// Whether all of it is in the swap cache; nothing: look at the PTEs. Linux (series of 2018): mm/mincore.c
// mincore_pte_range()
std::optional<bool> AddressSpace::mincore_huge_swap(VirtPage page) {
  LeafTable* leaf = tables.find(page);
  if (leaf == nullptr || !leaf->pmd().is_huge()) return std::nullopt;
  LockedPmd pmd(*leaf);
  if (!pmd.get().is_huge_swap()) return std::nullopt;
  FolioRef folio = env.swap.swap_cache_get_folio(pmd.get().entry().swap_entry());
  // With nothing cached D0-12 goes by a variable that nobody has set.
  bool small = folio ? !folio->is_large() : env.defects.has(Defect::D0_12);
  if (!small) return folio && folio->uptodate();
  QUIRE_REACHED("mincore: a small folio is cached for a huge swap entry");
  folio.reset();
  rmap::split_huge_pmd_locked(*this, pmd, page);
  return std::nullopt;
}

}  // namespace quire::mm
