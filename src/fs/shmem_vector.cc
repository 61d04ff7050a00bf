// Pages that are cached and in swap at once: tmpfs under a stacked file system that goes around it (fs/swap_vector.h).
#include "fs/tmpfs.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {
using base::Defect;
}

// The value of the index, if there is one, goes to the vector; the new page knows nothing of it.
Result<HeldFolio> TmpFs::find_or_create_around(Mapping& mapping, FileIndex index, Gfp gfp) {
  QUIRE_FUNC();
  if (swap_form_ == SwapForm::index) return find_or_create(mapping, index, gfp);
  auto& inode = static_cast<TmpfsInode&>(host_of(mapping));
  for (;;) {
    Mapping::Found found = mapping.get_entry(index);
    if (found.entry.is_folio()) {
      HeldFolio held{std::move(found.folio), {}};
      held.locked = LockedFolio(*held.folio);
      if (held.folio->mapping() == &mapping) return held;
      continue;
    }
    if (found.entry.is_value() && !inode.vector_.take_from(mapping, index, found.entry.swap())) continue;
    if (found.entry.is_value()) QUIRE_POINT("page will be cached and in swap", "index {}", index.value());
    Result<ShmemFolio> made = shmem_alloc_and_add_folio(inode, index, gfp);
    if (made || made.error() != Errno::eexist) return made;
    sync::retry_point("find_or_create_page");
  }
}

// Whoever frees the slot has taken the entry out. Linux: mm/shmem.c free_swap_and_cache() of a stale entry
void TmpFs::free_vector_entry(TmpfsInode& inode, SwapEntry entry) {
  shmem_recalc_inode(inode, 0, -1);
  (void)env_.swap.free_swap_and_cache(entry, swap::FreeCaller::tmpfs);
}

// The page at `index`, locked by the caller, is about to get a slot: an older one is out of date.
void TmpFs::free_stale_entry(TmpfsInode& inode, FileIndex index) {
  if (swap_form_ == SwapForm::index) return;
  std::optional<SwapEntry> stale = inode.vector_.take(index);
  QUIRE_ASSERT(!stale || !env_.defects.has(Defect::D3_12a), "shmem_writepage: the swap vector has an entry already");
  if (stale) free_vector_entry(inode, *stale);
}

// Truncation, when the index has nothing more in the range.
void TmpFs::undo_vector(TmpfsInode& inode, Range<FileIndex> range) {
  if (swap_form_ == SwapForm::index || env_.defects.has(Defect::D3_12d)) return;
  while (std::optional<FileIndex> at = inode.vector_.find_from(range))
    if (std::optional<SwapEntry> entry = inode.vector_.take(*at)) free_vector_entry(inode, *entry);
}

// Swapoff: where a page that is uptodate is cached, the copy in swap is older and can go.
void TmpFs::unuse_vector(TmpfsInode& inode, const swap::SwapArea& area) {
  if (swap_form_ == SwapForm::index || env_.defects.has(Defect::D3_12b)) return;
  FileIndex from(0);
  while (std::optional<FileIndex> at = inode.vector_.find_from({from, FileIndex(~uint64_t{0})})) {
    from = at->next();
    HeldFolio held = inode.mapping_.lock_folio(*at);
    std::optional<SwapEntry> entry = inode.vector_.find(*at);
    if (!entry || entry->type() != area.type() || !held.folio || !held.folio->uptodate()) continue;
    if (inode.vector_.take(*at) == entry) free_vector_entry(inode, *entry);
  }
}

// A reader who asks the vector first: the page that is cached gives way to the older copy.
void TmpFs::vector_first(TmpfsInode& inode, FileIndex index) {
  if (swap_form_ == SwapForm::index || !env_.defects.has(Defect::D3_12c)) return;
  HeldFolio held = inode.mapping_.lock_folio(index);
  if (!held.folio || held.folio->mapped()) return;
  std::optional<SwapEntry> entry = inode.vector_.take(index);
  if (!entry) return;
  inode.mapping_.replace_folio(*held.folio, *entry);
  held.folio->put();
}

}  // namespace quire::fs
