// madvise: what each kind of advice may be given for, and those that are a few lines.
#include <algorithm>
#include <array>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using cache::FolioFlag;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;
using pgtable::Pmd;

bool allowed_on_locked(Advice advice) {
  switch (advice) {
    case Advice::dont_need:
    case Advice::free:
    case Advice::cold:
    case Advice::guard_install:
      return false;
    default:
      return true;
  }
}

// What the mapping is from now on. Linux: mm/madvise.c madvise_vma_behavior()
Result<VmFlag> advised_flags(const Vma& vma, Advice advice) {
  VmFlag flags = vma.flags();
  VmFlag normal = flags & ~(VmFlag::random_read | VmFlag::sequential_read);
  switch (advice) {
    case Advice::normal:
      return normal;
    case Advice::random:
      return normal | VmFlag::random_read;
    case Advice::sequential:
      return normal | VmFlag::sequential_read;
    case Advice::dont_dump:
      return flags | VmFlag::dont_dump;
    case Advice::do_dump:
      return flags & ~VmFlag::dont_dump;
    case Advice::huge_page:
      return flags | VmFlag::huge_page;
    case Advice::no_huge_page:
      return flags & ~VmFlag::huge_page;
    case Advice::dont_fork:
      return flags | VmFlag::dont_copy;
    case Advice::do_fork:
      return flags & ~VmFlag::dont_copy;
    case Advice::wipe_on_fork:
      if (!vma.is_anonymous()) return Errno::einval;
      return flags | VmFlag::wipe_on_fork;
    default:
      return flags & ~VmFlag::wipe_on_fork;
  }
}

}  // namespace

// Advice that is kept with the mapping. Linux: mm/madvise.c madvise_update_vma()
Errno AddressSpace::advise_flags(Range<VirtPage> range, Advice advice) {
  QUIRE_FUNC();
  sync::Guard guard(mmap_lock);
  split_at(range.start());
  split_at(range.limit());
  Errno error = Errno::ok;
  bool whole = for_each_part(range, [&](Vma& vma, Range<VirtPage>) {
    if (error != Errno::ok) return;
    Result<VmFlag> flags = advised_flags(vma, advice);
    if (flags)
      vma.set_flags(*flags);
    else
      error = flags.error();
  });
  merge_range(range);
  if (error != Errno::ok) return error;
  return whole ? Errno::ok : Errno::enomem;
}

// Whether the folio of `entry`, which maps `pages` pages, looks used no more. Linux: mm/madvise.c
// madvise_cold_or_pageout_pte_range()
bool AddressSpace::deactivate(Pte entry, PageCount pages) {
  if (!entry.is_present()) return false;
  Folio& folio = env.folios.of(entry.pfn());
  bool alone = folio.is_large() ? folio.pages() == pages && folio.mapcount() == 1 : folio.mapcount() == 1;
  if (!alone) return false;
  folio.deactivate();
  return true;
}

// Linux: mm/madvise.c madvise_cold()
void AddressSpace::madvise_cold(Range<VirtPage> range) {
  QUIRE_FUNC();
  tables.for_each_leaf(range, [&](pgtable::LeafTable* leaf, Range<VirtPage> part) {
    if (leaf == nullptr) return;
    if (leaf->pmd().is_huge() && part.size() == env.geometry.entries()) {
      LockedPmd pmd(*leaf);
      if (!pmd.get().is_huge()) return;
      Pte entry = pmd.get().entry();
      if (deactivate(entry, part.size())) pmd.set(Pmd::huge(entry.without(PteBit::accessed)));
      return;
    }
    LockedPageTable table(*leaf);
    if (!table) return;
    for (VirtPage page : part) {
      Pte pte = table.get(page);
      if (deactivate(pte, PageCount(1)) && pte.has(PteBit::accessed)) table.set(page, pte.without(PteBit::accessed));
    }
  });
  flush_tlb(range);
}

// Pages in swap are read into the swap cache: those of an anonymous mapping, or those of the file.
// Linux: mm/madvise.c madvise_willneed(), swapin_walk_pmd_entry(), shmem_swapin_range()
void AddressSpace::madvise_willneed(const Vma& vma, Range<VirtPage> range) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  QUIRE_FUNC();
  auto read_ahead = [&](base::SwapEntry entry) {
    env.swap.read_ahead(entry, phys::Gfp::user(), swap::HugeNeighbour::read);
  };
  if (vma.is_anonymous()) {
    for (VirtPage page : range)
      if (Pte pte = entry_of(page); pte.is_swap()) read_ahead(pte.swap_entry());
    return;
  }
  auto indexes = Range<FileIndex>::of(vma.index_of(range.start()), range.size());
  while (!indexes.empty()) {
    std::array<cache::Mapping::Found, 4> found;
    std::size_t n = vma.mapping()->find_get_entries(indexes, found);
    if (n == 0) return;
    for (std::size_t i = 0; i < n; ++i)
      if (found[i].entry.is_value()) read_ahead(found[i].entry.swap());
    indexes = Range<FileIndex>(std::min(found[n - 1].after(), indexes.limit()), indexes.limit());
  }
}

// The file's own lock is outside mmap_lock, which is therefore dropped; what is mapped behind the part may be another
// mapping by then. Linux: mm/madvise.c madvise_remove()
Errno AddressSpace::madvise_remove(Range<VirtPage> range) {
  QUIRE_FUNC();
  bool whole = true;
  for (VirtPage at = range.start(); at < range.limit();) {
    Range<VirtPage> part;
    rmap::FileBacking* file = nullptr;
    FileIndex first;
    {
      sync::SharedGuard guard(mmap_lock);
      Vma* vma = find_vma(at);
      if (vma == nullptr || vma->pages().start() >= range.limit()) return Errno::enomem;
      part = vma->pages().intersection({at, range.limit()});
      if (part.start() > at) whole = false;
      if (vma->has(VmFlag::locked) || vma->is_anonymous()) return Errno::einval;
      if (!vma->has(VmFlag::shared) || !vma->may_write()) return Errno::eacces;
      file = vma->file();
      file->get();
      first = vma->index_of(part.start());
    }
    Errno error = file->punch_hole(first.value() << base::kPageShift, base::bytes_of(part.size()).value());
    file->put();
    if (error != Errno::ok) return error;
    at = part.limit();
  }
  return whole ? Errno::ok : Errno::enomem;
}

// mmap_lock is held. Linux: mm/madvise.c madvise_vma_behavior()
Errno AddressSpace::madvise_part(Vma& vma, Range<VirtPage> part, Advice advice) {
  if (vma.has(VmFlag::locked) && !allowed_on_locked(advice)) return Errno::einval;
  switch (advice) {
    case Advice::dont_need:
    case Advice::dont_need_locked:
      zap_range(vma, part, {.markers = rmap::Markers::keep});
      return Errno::ok;
    case Advice::free:
      if (!vma.is_anonymous()) return Errno::einval;
      madvise_free(part);
      return Errno::ok;
    case Advice::cold:
      madvise_cold(part);
      return Errno::ok;
    case Advice::will_need:
      madvise_willneed(vma, part);
      return Errno::ok;
    case Advice::guard_install:
      return install_guards(vma, part);
    case Advice::guard_remove:
      remove_guards(part);
      return Errno::ok;
    default:
      return Errno::ok;
  }
}

// mmap_lock is held. Linux: mm/madvise.c madvise_walk_vmas()
Errno AddressSpace::madvise_walk(Range<VirtPage> range, Advice advice) {
  Errno error = Errno::ok;
  bool whole = for_each_part(range, [&](Vma& vma, Range<VirtPage> part) {
    if (error == Errno::ok) error = madvise_part(vma, part, advice);
  });
  if (error != Errno::ok) return error;
  return whole ? Errno::ok : Errno::enomem;
}

// Linux: mm/madvise.c do_madvise()
Errno AddressSpace::madvise(VirtAddr start, uint64_t length, Advice advice) {
  QUIRE_FUNC();
  if (base::offset_in_page(start) != 0) return Errno::einval;
  if (length == 0) return Errno::ok;
  if (length > ~uint64_t{0} - base::kPageSize) return Errno::einval;
  if (!in_user_space(start, length)) return Errno::enomem;
  auto range = Range<VirtPage>::of(base::page_of(start), base::pages_of(base::ByteCount(length)));
  switch (advice) {
    case Advice::normal:
    case Advice::random:
    case Advice::sequential:
    case Advice::huge_page:
    case Advice::no_huge_page:
    case Advice::dont_fork:
    case Advice::do_fork:
    case Advice::wipe_on_fork:
    case Advice::keep_on_fork:
    case Advice::dont_dump:
    case Advice::do_dump:
      return advise_flags(range, advice);
    case Advice::remove:
      return madvise_remove(range);
    case Advice::populate_read:
      return populate(range, Access::read);
    case Advice::populate_write:
      return populate(range, Access::write);
    default:
      break;
  }
  Errno error = Errno::ok;
  {
    sync::SharedGuard guard(mmap_lock);
    error = madvise_walk(range, advice);
  }
  if (error != Errno::eagain) return error;
  // Faults were in the way: this time without them. Linux would start the system call again
  sync::Guard guard(mmap_lock);
  while (error == Errno::eagain) error = madvise_walk(range, advice);
  return error;
}

}  // namespace quire::mm
