#include "reclaim/device_memory.h"

#include "rmap/migrate.h"
#include "rmap/rmap_walk.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using base::Errno;
using base::Result;
using base::VirtPage;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using pgtable::Pte;
using pgtable::PteBit;

}  // namespace

// A page of a large folio becomes a folio of its own first. Linux: mm/migrate_device.c migrate_vma_collect_pmd()
Errno DeviceMemory::split_around(mm::AddressSpace& mm, base::VirtAddr address) {
  FolioRef large;
  Errno error = mm.with_entry(base::page_of(address), [&](Pte pte) {
    if (pte.is_present() && env_.folios.of(pte.pfn()).is_large()) large = FolioRef::of(env_.folios.of(pte.pfn()));
    return Errno::ok;
  });
  if (error != Errno::ok || !large) return error;
  LockedFolio locked = LockedFolio::try_lock(*large);
  return locked && (!locked->is_large() || rmap::split_folio(env_, *locked)) ? Errno::ok : Errno::ebusy;
}

// mmap_lock is held. Linux: mm/migrate_device.c migrate_vma_collect_pmd()
Result<FolioRef> DeviceMemory::get_anon_page(mm::AddressSpace& mm, base::VirtAddr address) {
  FolioRef folio;
  Errno error = split_around(mm, address);
  if (error != Errno::ok) return error;
  error = mm.with_entry(base::page_of(address), [&](Pte pte) {
    if (!pte.is_present()) return Errno::einval;
    cache::Folio& found = env_.folios.of(pte.pfn());
    if (found.is_large() || !found.test(FolioFlag::anon)) return Errno::einval;
    folio = FolioRef::of(found);
    return Errno::ok;
  });
  if (error != Errno::ok) return error;
  return folio;
}

Errno DeviceMemory::migrate_to_device(mm::AddressSpace& mm, base::VirtAddr address) {
  QUIRE_FUNC();
  env_.folios.lru_add_drain_all();
  sync::SharedGuard guard(mm.mmap_lock);
  Result<FolioRef> found = get_anon_page(mm, address);
  if (!found) return found.error();
  cache::Folio& folio = **found;
  if (!folio.isolate_lru()) return Errno::ebusy;
  Result<FolioRef> fresh = env_.folios.alloc_device();
  Errno error = fresh ? Errno::ok : Errno::enomem;
  if (fresh && rmap::migrate_folio(env_, folio, std::move(*fresh)) == rmap::MigrateOutcome::again) error = Errno::ebusy;
  folio.putback_lru();
  return error;
}

// The entry keeps the reference of the mapping and stops being one.
Errno DeviceMemory::make_device_exclusive(mm::AddressSpace& mm, base::VirtAddr address) {
  QUIRE_FUNC();
  sync::SharedGuard guard(mm.mmap_lock);
  Result<FolioRef> found = get_anon_page(mm, address);
  if (!found) return found.error();
  cache::Folio& folio = **found;
  LockedFolio locked = LockedFolio::try_lock(folio);
  if (!locked) return Errno::ebusy;
  rmap::RmapHold(env_, folio).walk([&](rmap::MappedRange& range) {
    return rmap::for_each_mapping(
        range, rmap::Extent::of(folio), [](rmap::LeafTable&, VirtPage) { return rmap::Walk::go_on; },
        [&](rmap::LockedPageTable& table, VirtPage page, Pte pte) {
          if (!pte.is_present()) return rmap::Walk::go_on;
          table.set(page, Pte::none());
          range.space().flush_tlb(page);
          if (pte.has(PteBit::dirty)) folio.set(FolioFlag::dirty);
          Pte entry = Pte::device_exclusive(pte.pfn()).with_if(pte.writable(), PteBit::writable);
          entry = entry.with_if(pte.has(PteBit::uffd_wp), PteBit::uffd_wp);
          table.set(page, entry.with_if(pte.has(PteBit::prot_none), PteBit::prot_none));
          (void)folio.remove_mapping();
          return rmap::Walk::go_on;
        });
  });
  return Errno::ok;
}

}  // namespace quire::reclaim
