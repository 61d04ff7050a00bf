// Guard markers: entries that make any access a SIGSEGV, without a mapping of their own.
//
// They are set over what is mapped there, which goes, and stay until they are removed or the mapping goes; discarding
// the range (MADV_DONTNEED) keeps them. Linux: mm/madvise.c, since 6.13
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using pgtable::LockedPageTable;

bool is_guard(Pte pte) { return pte.kind() == PteKind::marker && pte.has(PteBit::guard); }

// Nothing but markers is there.
bool is_empty(const LockedPageTable& table, Range<VirtPage> part) {
  for (VirtPage page : part)
    if (Pte pte = table.get(page); !pte.is_none() && pte.kind() != PteKind::marker) return false;
  return true;
}

}  // namespace

// The part of one leaf; -EAGAIN: a fault has mapped something meanwhile. Linux: mm/madvise.c guard_install_pte_entry()
Errno AddressSpace::install_leaf_guards(Vma& vma, Range<VirtPage> part) {
  pgtable::LeafTable* leaf = tables.find_or_create(part.start());
  if (leaf == nullptr) return Errno::enomem;
  zap_range(vma, part, {.markers = rmap::Markers::keep});
  leaf->populate();
  LockedPageTable table(*leaf);
  if (!table || !is_empty(table, part)) {
    QUIRE_REACHED("install_guards: a fault has mapped a page");
    return Errno::eagain;
  }
  for (VirtPage page : part)
    if (!is_guard(table.get(page))) table.set(page, Pte::marker(PteBit::guard));
  return Errno::ok;
}

// mmap_lock is held. Linux: mm/madvise.c madvise_guard_install()
Errno AddressSpace::install_guards(Vma& vma, Range<VirtPage> range) {
  QUIRE_FUNC();
  // fork copies the entries of this mapping from now on.
  vma.note_copy();
  Errno error = Errno::ok;
  tables.for_each_leaf(range, [&](pgtable::LeafTable*, Range<VirtPage> part) {
    if (error == Errno::ok) error = install_leaf_guards(vma, part);
  });
  return error;
}

// mmap_lock is held. Linux: mm/madvise.c guard_remove_pte_entry()
void AddressSpace::remove_guards(Range<VirtPage> range) {
  QUIRE_FUNC();
  tables.for_each_leaf(range, [&](pgtable::LeafTable* leaf, Range<VirtPage> part) {
    if (leaf == nullptr) return;
    LockedPageTable table(*leaf);
    if (!table) return;
    for (VirtPage page : part)
      if (is_guard(table.get(page))) table.set(page, Pte::none());
  });
}

}  // namespace quire::mm
