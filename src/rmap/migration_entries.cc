#include "rmap/migration_entries.h"

#include "rmap/huge_pmd.h"
#include "sync/trace.h"

namespace quire::rmap {
namespace {

using cache::FolioFlag;

/// The bits that an entry keeps on its way to a migration entry and back.
constexpr PteBit kKept[] = {PteBit::accessed, PteBit::dirty, PteBit::soft_dirty, PteBit::uffd_wp, PteBit::prot_none};

Pte copy_bits(Pte to, Pte from) {
  for (PteBit bit : kKept) to = to.with_if(from.has(bit), bit);
  return to;
}

// Write, read-exclusive or read. Linux: make_writable_migration_entry() and the other two
Pte migration_entry(Environment& env, Pte pte) {
  bool exclusive = env.folios.page(pte.pfn()).test_and_clear(FolioFlag::anon_exclusive);
  Pte entry = copy_bits(Pte::migration(pte.pfn()), pte);
  if (pte.has(PteBit::writable)) return entry.with(PteBit::writable);
  return entry.with_if(exclusive, PteBit::exclusive);
}

// Linux: mm/rmap.c try_to_migrate_one()
Walk migrate_pte(MappedSpace& space, Folio& folio, LockedPageTable& table, VirtPage page, Pte pte) {
  if (!pte.is_present() && pte.kind() != PteKind::device_private) return Walk::go_on;
  if (pte.is_present()) {
    table.set(page, Pte::none());
    space.flush_tlb(page);
    if (pte.has(PteBit::dirty)) folio.set(FolioFlag::dirty);
  }
  table.set(page, migration_entry(space.env, pte));
  QUIRE_POINT("migration entry", "page {:#x}", page.value());
  (void)folio.remove_mapping();
  folio.put();
  return Walk::go_on;
}

// Linux: mm/huge_memory.c set_pmd_migration_entry()
Walk migrate_pmd(MappedSpace& space, Folio& folio, LeafTable& leaf, VirtPage first) {
  LockedPmd pmd(leaf);
  if (!pmd.get().is_huge() || !pmd.get().entry().is_present()) return Walk::go_on;
  Pte entry = pmd.get().entry();
  if (!folio.contains(entry.pfn())) return Walk::go_on;
  // Not none in between, for those who look without the lock; a CPU that walks waits for it. Linux: pmdp_invalidate()
  space.flush_tlb(space.tables.leaf_range(first));
  if (entry.has(PteBit::dirty)) folio.set(FolioFlag::dirty);
  pmd.set(Pmd::huge(migration_entry(space.env, entry)));
  QUIRE_POINT("migration entry", "huge page {:#x}", first.value());
  (void)folio.remove_mapping();
  folio.put();
  return Walk::go_on;
}

// The entry of the moved page. Linux: mm/migrate.c remove_migration_pte(), make_writable_device_private_entry()
Pte moved_pte(Environment& env, Pte entry, Pfn to, FolioFlag flags) {
  bool device = env.folios.frames().is_device(to);
  Pte pte = device ? Pte::device_private(to) : Pte::present(to);
  pte = copy_bits(pte, entry).with_if(entry.has(PteBit::writable), PteBit::writable);
  bool exclusive = entry.has(PteBit::writable) || entry.has(PteBit::exclusive);
  if (exclusive && cache::any(flags & FolioFlag::anon)) env.folios.page(to).set(FolioFlag::anon_exclusive);
  return pte;
}

// Linux: mm/migrate.c remove_migration_pte()
Walk restore_pte(MappedSpace& space, LockedPageTable& table, VirtPage page, Pte entry, Pfn to) {
  if (!entry.is_migration()) return Walk::go_on;
  Folio& folio = space.env.folios.of(to);
  folio.get();
  folio.add_mapping();
  table.set(page, moved_pte(space.env, entry, to, folio.flags()));
  QUIRE_POINT("migration entry removed", "page {:#x}", page.value());
  return Walk::go_on;
}

// Linux: mm/huge_memory.c remove_migration_pmd()
Walk restore_pmd(MappedSpace& space, LeafTable& leaf, VirtPage first, const Extent& from, Pfn to) {
  LockedPmd pmd(leaf);
  if (!pmd.get().is_huge() || !from.maps(pmd.get().entry())) return Walk::go_on;
  Pte entry = pmd.get().entry();
  if (!entry.is_migration()) return Walk::go_on;
  Folio& folio = space.env.folios.of(to);
  QUIRE_ASSERT(folio.order() == space.env.pmd_order(), "a huge migration entry of a folio that was split");
  folio.get();
  folio.add_mapping();
  pmd.set(Pmd::huge(moved_pte(space.env, entry, to, folio.flags())));
  QUIRE_POINT("migration entry removed", "huge page {:#x}", first.value());
  return Walk::go_on;
}

}  // namespace

void try_to_migrate(RmapHold& hold, Folio& folio, HugeMapping huge) {
  QUIRE_FUNC();
  Extent extent = Extent::of(folio);
  hold.walk([&](MappedRange& range) {
    MappedSpace& space = range.space();
    (void)for_each_mapping(
        range, extent,
        [&](LeafTable& leaf, VirtPage first) {
          if (huge == HugeMapping::whole) return migrate_pmd(space, folio, leaf, first);
          split_huge_pmd(space, leaf, first);
          return Walk::go_on;
        },
        [&](LockedPageTable& table, VirtPage page, Pte pte) { return migrate_pte(space, folio, table, page, pte); });
    return folio.mapped() ? Walk::go_on : Walk::stop;
  });
}

void remove_migration_ptes(RmapHold& hold, const Extent& from, Pfn to) {
  QUIRE_FUNC();
  hold.walk([&](MappedRange& range) {
    MappedSpace& space = range.space();
    return for_each_mapping(
        range, from, [&](LeafTable& leaf, VirtPage first) { return restore_pmd(space, leaf, first, from, to); },
        [&](LockedPageTable& table, VirtPage page, Pte entry) {
          return restore_pte(space, table, page, entry, to + (entry.pfn() - from.frames.start()));
        });
  });
}

}  // namespace quire::rmap
