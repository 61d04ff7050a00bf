// Changing the rights of mappings and of the entries below them: mprotect(), and userfaultfd's write protection.
//
// Rights that are taken are gone from every CPU on return. Those that are given are given to an entry at once only if a
// write through it needs no copy and nobody's attention; else the fault decides. Entries that are not present have no
// rights but what they bring back: a migration or device entry loses its write, a swap entry is judged at swap-in.
#include "mm/address_space.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using cache::FolioFlag;
using pgtable::LeafTable;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;
using pgtable::Pmd;

}  // namespace

// Linux: mm/mprotect.c can_change_pte_writable()
bool AddressSpace::can_change_writable(const Vma& vma, Pte pte) const {
  if (!pte.is_present() || !vma.writable() || pte.has(PteBit::uffd_wp)) return false;
  if (!vma.is_cow()) return pte.has(PteBit::dirty);
  if (!env.folios.of(pte.pfn()).test(FolioFlag::anon)) return false;
  return env.folios.page(pte.pfn()).test(FolioFlag::anon_exclusive);
}

Pte AddressSpace::changed_present(const Vma& vma, Pte pte, Change change) const {
  pte = pte.without(PteBit::prot_none).with_if(!vma.readable(), PteBit::prot_none);
  if (change == Change::uffd_wp) pte = pte.with(PteBit::uffd_wp);
  if (change == Change::uffd_wp_resolve) pte = pte.without(PteBit::uffd_wp);
  if (!vma.writable() || pte.has(PteBit::uffd_wp)) return pte.without(PteBit::writable);
  return pte.with_if(can_change_writable(vma, pte), PteBit::writable);
}

// Linux: mm/mprotect.c change_pte_range(), one entry
Pte AddressSpace::changed_entry(const Vma& vma, Pte pte, Change change) const {
  auto uffd = [&](Pte p) {
    if (change == Change::rights) return p;
    return change == Change::uffd_wp ? p.with(PteBit::uffd_wp) : p.without(PteBit::uffd_wp);
  };
  switch (pte.kind()) {
    case PteKind::present:
    case PteKind::zero_page:
      return changed_present(vma, pte, change);
    case PteKind::swap:
    case PteKind::hwpoison:
      return uffd(pte);
    case PteKind::migration:
    case PteKind::device_private:
    case PteKind::device_exclusive: {
      // Whether the page may be written without a copy is asked again when it is back.
      bool exclusive =
          pte.is_migration() && pte.has(PteBit::writable) && env.folios.of(pte.pfn()).test(FolioFlag::anon);
      Pte read = pte.without(PteBit::writable).with_if(exclusive, PteBit::exclusive);
      return uffd(read.without(PteBit::prot_none).with_if(!vma.readable(), PteBit::prot_none));
    }
    case PteKind::marker:
      return change == Change::uffd_wp_resolve && !pte.has(PteBit::guard) ? Pte::none() : pte;
    case PteKind::none:
      return change == Change::uffd_wp && !vma.is_anonymous() ? Pte::marker(PteBit::uffd_wp) : pte;
    case PteKind::swapin_error:
      break;
  }
  return pte;
}

// The PMD entry of a huge page of which `part` is all; false: look again. Linux: mm/huge_memory.c change_huge_pmd()
bool AddressSpace::change_huge_pmd(const Vma& vma, LeafTable& leaf, Range<VirtPage> part, Change change) {
  LockedPmd pmd(leaf);
  if (!pmd.get().is_huge()) return false;
  Pte before = pmd.get().entry();
  Pte after = changed_entry(vma, before, change);
  if (after == before) return true;
  pmd.set(Pmd::huge(after));
  flush_tlb(part);
  return true;
}

// Linux: mm/mprotect.c change_pte_range()
void AddressSpace::change_pte_range(const Vma& vma, LockedPageTable& table, Range<VirtPage> part, Change change) {
  bool changed = false;
  for (VirtPage page : part) {
    Pte before = table.get(page);
    Pte after = changed_entry(vma, before, change);
    if (after == before) continue;
    table.set(page, after);
    changed = true;
  }
  // Before the lock is dropped: else a fault could copy a page that another CPU still writes to.
  if (changed) flush_tlb(part);
}

// `part` is of one leaf. Linux: mm/mprotect.c change_pmd_range()
Errno AddressSpace::change_leaf(const Vma& vma, Range<VirtPage> part, Change change) {
  // Protection by markers needs a table where nothing was mapped yet.
  bool markers = change == Change::uffd_wp && !vma.is_anonymous();
  LeafTable* leaf = markers ? tables.find_or_create(part.start()) : tables.find(part.start());
  if (leaf == nullptr) return markers ? Errno::enomem : Errno::ok;
  bool whole = part.size() == env.geometry.entries() && change == Change::rights;
  for (;;) {
    if (whole && leaf->pmd().is_huge() && change_huge_pmd(vma, *leaf, part, change)) return Errno::ok;
    if (markers || (!whole && leaf->pmd().is_huge())) {
      // In one step: a fault could map a huge page in between, again and again.
      LockedPmd pmd(*leaf);
      rmap::split_huge_pmd_locked(*this, pmd, tables.leaf_range(part.start()).start());
      if (markers && pmd.get().is_none()) pmd.set(Pmd::table());
    }
    if (LockedPageTable table(*leaf); table) {
      change_pte_range(vma, table, part, change);
      return Errno::ok;
    }
    if (!markers && leaf->pmd().is_none()) return Errno::ok;
  }
}

// Linux: mm/mprotect.c change_protection()
Errno AddressSpace::change_protection(const Vma& vma, Range<VirtPage> range, Change change) {
  QUIRE_FUNC();
  Errno error = Errno::ok;
  tables.for_each_leaf(range, [&](LeafTable*, Range<VirtPage> part) {
    if (error == Errno::ok) error = change_leaf(vma, part, change);
  });
  return error;
}

// -EACCES where a shared mapping is of a file that is not open for writing; what lies before it is changed. Linux:
// mm/mprotect.c do_mprotect_pkey(), mprotect_fixup()
Errno AddressSpace::mprotect(VirtAddr start, uint64_t length, VmFlag rights) {
  QUIRE_FUNC();
  constexpr VmFlag kRights = VmFlag::read | VmFlag::write;
  if (base::offset_in_page(start) != 0) return Errno::einval;
  if (length == 0) return Errno::ok;
  if (!in_user_space(start, length)) return Errno::enomem;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
  constexpr VmFlag kPopulated = VmFlag::write | VmFlag::shared | VmFlag::locked;
  sync::Guard guard(mmap_lock);
  bool populates = false;
  return change_flags(
      range,
      [&](const Vma& vma) -> Result<VmFlag> {
        bool writes = (rights & VmFlag::write) != VmFlag::none;
        if (writes && !vma.may_write()) return Errno::eacces;
        // What stays in memory and could not be written has its own copies at once.
        populates = (vma.flags() & kPopulated) == VmFlag::locked && writes;
        return accounted((vma.flags() & ~kRights) | rights);
      },
      [&](Vma& vma, Range<VirtPage> part) {
        (void)change_protection(vma, part, Change::rights);
        if (populates) (void)populate_part(vma, part);
      });
}

}  // namespace quire::mm
