// CPU faults on pages that a device has: in its memory (private), or in RAM but for itself (exclusive).
#include "mm/address_space.h"
#include "rmap/migrate.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::mm {
namespace {

using cache::FolioRef;
using cache::LockedFolio;
using pgtable::LockedPageTable;
using phys::Gfp;

/// The folio of the fault's entry with a reference, or empty if the entry is another by now.
FolioRef folio_of_entry(rmap::Environment& env, pgtable::LeafTable& leaf, VirtPage page, Pte entry) {
  LockedPageTable table(leaf);
  if (!table || table.get(page) != entry) return {};
  return FolioRef::of(env.folios.of(entry.pfn()));
}

}  // namespace

// The page is locked without waiting and before it is referred to: with two faults that both refer to it and then wait
// for its lock, each would find that somebody else has it, for ever.
// Linux: mm/memory.c do_swap_page(), pgmap->ops->migrate_to_ram(); it tries the lock since 6.15 only
AddressSpace::FaultEnd AddressSpace::migrate_to_ram(Fault& fault) {
  QUIRE_FUNC();
  FolioRef folio;
  LockedFolio locked;
  {
    LockedPageTable table(fault.leaf);
    if (!table || table.get(fault.page) != fault.entry) return FaultEnd::again;
    cache::Folio& found = env.folios.of(fault.entry.pfn());
    locked = LockedFolio::try_lock(found);
    if (locked) folio = FolioRef::of(found);
  }
  if (!locked) {
    QUIRE_REACHED("migrate_to_ram: another fault moves the page");
    sync::retry_point("migrate_to_ram");
    return FaultEnd::again;
  }
  Result<FolioRef> fresh = env.folios.alloc(Gfp::user(), base::Order(0));
  if (!fresh) return FaultEnd::no_memory;
  rmap::MigrateOutcome outcome = rmap::migrate_folio(env, std::move(locked), std::move(*fresh));
  folio.reset();  // before the next try: who waits with a reference keeps others from moving the page
  if (outcome == rmap::MigrateOutcome::again) sync::retry_point("migrate_to_ram");
  return FaultEnd::again;
}

// The entry's reference becomes the mapping's. Linux: mm/memory.c remove_device_exclusive_entry()
AddressSpace::FaultEnd AddressSpace::remove_device_exclusive_entry(Fault& fault) {
  QUIRE_FUNC();
  FolioRef folio = folio_of_entry(env, fault.leaf, fault.page, fault.entry);
  if (!folio) return FaultEnd::again;
  LockedFolio locked(*folio);
  LockedPageTable table(fault.leaf);
  if (!table || table.get(fault.page) != fault.entry) {
    QUIRE_REACHED("remove_device_exclusive_entry: entry changed");
    table.unlock();
    return FaultEnd::again;
  }
  restore_exclusive_pte(table, fault.page, fault.entry);
  return FaultEnd::again;
}

// The folio is locked. Linux: mm/memory.c restore_exclusive_pte()
void AddressSpace::restore_exclusive_pte(LockedPageTable& table, VirtPage page, Pte entry) {
  env.folios.of(entry.pfn()).add_mapping();
  Pte pte = Pte::present(entry.pfn()).with(PteBit::accessed);
  pte = pte.with_if(entry.has(PteBit::uffd_wp), PteBit::uffd_wp)
            .with_if(entry.has(PteBit::soft_dirty), PteBit::soft_dirty);
  pte = pte.with_if(entry.has(PteBit::prot_none), PteBit::prot_none);
  table.set(page, pte.with_if(entry.has(PteBit::writable), PteBit::writable));
}

}  // namespace quire::mm
