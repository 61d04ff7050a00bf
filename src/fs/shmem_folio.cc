// Finding, making and swapping in the folio of an index.
#include "fs/tmpfs.h"
#include "fs/truncate.h"
#include "rmap/migrate.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {
using base::Defect;
}  // namespace

// Linux: mm/shmem.c shmem_recalc_inode()
void TmpFs::shmem_recalc_inode(TmpfsInode& inode, int alloced, int swapped) {
  sync::Guard guard(inode.info_lock_);
  int32_t swapped_now = swapped == 0 ? inode.swapped_.load(sync::Order::relaxed)
                                     : inode.swapped_.fetch_add(swapped, sync::Order::relaxed) + swapped;
  int32_t alloced_now = inode.alloced_.get() + alloced;
  // writepage raises `swapped` before the page leaves the index; without this the page would seem to be freed.
  int32_t freed = alloced_now - swapped_now - static_cast<int32_t>(inode.mapping_.nr_pages().value());
  if (swapped > 0) freed += swapped;
  if (freed > 0) alloced_now -= freed;
  inode.alloced_ = alloced_now;
  if (freed > 0 && inode.mount() != nullptr) inode.mount()->unacct_blocks(freed);
}

// Linux: mm/shmem.c shmem_confirm_swap()
bool TmpFs::shmem_confirm_swap(TmpfsInode& inode, FileIndex index, SwapEntry entry) {
  return inode.mapping_.get_entry(index).entry.is_swap(entry);
}

// Linux: mm/shmem.c shmem_set_folio_swapin_error()
void TmpFs::shmem_set_folio_swapin_error(TmpfsInode& inode, FileIndex index, SwapEntry entry, Folio& folio) {
  QUIRE_FUNC();
  if (!inode.mapping_.replace_value(index, entry, swapin_error_entry())) return;
  folio.wait_writeback();
  env_.swap.delete_from_swap_cache(folio);
  shmem_recalc_inode(inode, 0, -1);
  env_.swap.swap_free(entry);
}

// The folio goes where its slots are: a page that was read alone takes its value out of a larger one; a large one,
// which is still in the swap cache, comes back whole, or is split where it is if the file has not all of it any more.
// The folio is locked and the device is held; -EAGAIN: look for the folio again. Linux: mm/shmem.c shmem_swapin_folio()
Errno TmpFs::shmem_swapin_locked(TmpfsInode& inode, FileIndex index, SwapEntry entry, Folio& folio) {
  Mapping::Found found = inode.mapping_.get_entry(index);
  if (!folio.test(FolioFlag::swapcache) || !folio.holds_slot(entry) || !found.entry.is_swap(entry)) {
    QUIRE_REACHED("shmem_swapin_folio: entry changed while the folio was unlocked");
    return Errno::eexist;
  }
  if (!folio.uptodate()) {
    shmem_set_folio_swapin_error(inode, index, entry, folio);
    return Errno::eio;
  }
  folio.wait_writeback();
  SwapEntry first = folio.swap();
  if (found.entry.order() > folio.order()) inode.mapping_.split_value(index, entry);
  FileIndex place = index - (entry.offset() - first.offset());
  Errno error = inode.mapping_.add_folio(folio, place, cache::IndexEntry::of(first));
  if (error == Errno::eexist && folio.is_large() && rmap::split_folio(env_, folio)) return Errno::eagain;
  if (error != Errno::ok) return error;
  shmem_recalc_inode(inode, 0, -static_cast<int>(folio.pages().value()));
  env_.swap.delete_from_swap_cache(folio);
  folio.set(FolioFlag::dirty);
  for (uint64_t i = 0; i < folio.pages().value(); ++i) env_.swap.swap_free(first + PageCount(i));
  QUIRE_POINT("swapped in", "index {} <- slot {}", index.value(), entry.offset().value());
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_swapin_folio()
Result<ShmemFolio> TmpFs::shmem_swapin_folio(TmpfsInode& inode, FileIndex index, SwapEntry entry, Mask mask) {
  QUIRE_FUNC();
  if (entry == swapin_error_entry()) return Errno::eio;
  swap::SwapArea* area = env_.swap.get_swap_device(entry);
  if (area == nullptr) return shmem_confirm_swap(inode, index, entry) ? Errno::einval : Errno::eexist;
  Gfp gfp = mask_of(inode, mask);
  ShmemFolio got;
  Errno error = Errno::eagain;
  while (error == Errno::eagain) {
    Result<FolioRef> read = env_.swap.swap_cluster_readahead(entry, gfp);
    // A slot that is free by now: told apart from a lack of memory below.
    error = read && *read ? Errno::ok : Errno::enomem;
    if (error == Errno::ok) {
      got.folio = std::move(*read);
      got.locked = LockedFolio(*got.folio);
      error = shmem_swapin_locked(inode, index, entry, *got.folio);
    } else if (!shmem_confirm_swap(inode, index, entry)) {
      error = Errno::eexist;
    }
    if (error != Errno::ok) {
      got.locked.unlock();
      got.folio.reset();
    }
  }
  env_.swap.put_swap_device(*area);
  if (error != Errno::ok) return error;
  return got;
}

// Linux: mm/shmem.c shmem_alloc_and_add_folio()
Result<ShmemFolio> TmpFs::shmem_alloc_and_add_folio(TmpfsInode& inode, FileIndex index, Gfp gfp) {
  TmpfsMount* mount = inode.mount();
  if (mount != nullptr && !mount->acct_blocks(1)) {
    // Reclaim drops pages of holes that nobody has written, and leaves it to the next to count them out.
    shmem_recalc_inode(inode, 0, 0);
    if (!mount->acct_blocks(1)) return Errno::enospc;
  }
  Result<ShmemFolio> got = shmem_alloc_folio(inode, index, gfp);
  if (!got && mount != nullptr) mount->unacct_blocks(1);
  return got;
}

Result<ShmemFolio> TmpFs::shmem_alloc_folio(TmpfsInode& inode, FileIndex index, Gfp gfp) {
  Result<FolioRef> made = env_.folios.alloc(gfp, base::Order(0));
  if (!made) return made.error();
  ShmemFolio got{std::move(*made), {}};
  got.folio->init_flags(FolioFlag::swapbacked);
  got.locked = LockedFolio(*got.folio);
  Errno error = inode.mapping_.add_folio(*got.folio, index);
  if (error != Errno::ok) return error;
  shmem_recalc_inode(inode, 1, 0);
  return got;
}

// Linux: mm/shmem.c shmem_get_folio_gfp()
Result<ShmemFolio> TmpFs::shmem_get_folio(TmpfsInode& inode, FileIndex index, Sgp sgp, Mask mask) {
  QUIRE_FUNC();
  Result<ShmemFolio> got = Errno::eexist;
  bool alloced = false;
  vector_first(inode, index);
  for (;;) {
    if (sgp <= Sgp::cache && index >= index_after(inode.size())) return Errno::einval;
    Mapping::Found found = inode.mapping_.get_entry(index);
    if (found.entry.is_value() && sgp == Sgp::write && env_.defects.has(Defect::D3_13)) {
      // Nobody gives the slot back.
      auto page = Range<FileIndex>::of(index, PageCount(1));
      shmem_recalc_inode(inode, 0,
                         -static_cast<int>(inode.mapping_.take_value(index, found.entry.swap(), page).size().value()));
      continue;
    }
    if (found.entry.is_value()) {
      got = shmem_swapin_folio(inode, index, found.entry.swap(), mask);
    } else if (found.entry.is_folio()) {
      LockedFolio locked(*found.folio);
      if (locked->mapping() != &inode.mapping_) {
        QUIRE_REACHED("shmem_get_folio: folio left the file while it was unlocked");
        continue;
      }
      // What fallocate() has made reads as zeros, and stays as it is.
      if (sgp == Sgp::read && !locked->uptodate()) return ShmemFolio{};
      got = ShmemFolio{std::move(found.folio), std::move(locked)};
    } else if (sgp == Sgp::read) {
      return ShmemFolio{};
    } else {
      got = shmem_alloc_and_add_folio(inode, index, mask_of(inode, mask));
      alloced = got.ok();
    }
    if (got) break;
    if (got.error() != Errno::eexist) return got.error();
    sync::retry_point("shmem_get_folio");
  }
  Folio& folio = *got->folio;
  // One that an earlier fallocate() has made is more than room now: an error of this one must not take it away.
  if ((sgp != Sgp::falloc || !alloced) && !folio.uptodate()) {
    env_.folios.zero(folio);
    folio.add_lru(FolioFlag::uptodate);
  }
  if (sgp <= Sgp::cache && index >= index_after(inode.size())) {
    QUIRE_REACHED("shmem_get_folio: truncated meanwhile");
    // The truncation may have looked at this index before the new folio was there.
    if (alloced) truncate_inode_folio(inode.mapping_, folio);
    shmem_recalc_inode(inode, 0, 0);
    return Errno::einval;
  }
  return got;
}

// Beyond the end too: a stacked file system has its own size. Linux: mm/shmem.c shmem_read_mapping_page_gfp()
Result<HeldFolio> TmpFs::find_or_create(Mapping& mapping, FileIndex index, Gfp gfp) {
  return shmem_get_folio(static_cast<TmpfsInode&>(host_of(mapping)), index, Sgp::write, gfp);
}

// Linux: mm/shmem.c shmem_fault()
cache::FaultResult TmpFs::fault(Mapping& mapping, FileIndex index) {
  QUIRE_FUNC();
  using cache::FaultOutcome;
  auto& inode = static_cast<TmpfsInode&>(host_of(mapping));
  if (inode.falloc_.shmem_falloc_wait(index, env_.defects)) return {};
  Result<ShmemFolio> got = shmem_get_folio(inode, index, Sgp::cache);
  if (got && got->folio->test(FolioFlag::hwpoison)) return {FaultOutcome::hwpoison, {}, {}};
  if (got) return {FaultOutcome::found, std::move(got->folio), std::move(got->locked)};
  cache::FaultResult failed;
  switch (got.error()) {
    case Errno::enomem:
      failed.outcome = FaultOutcome::no_memory;
      break;
    case Errno::einval:
      failed.outcome = FaultOutcome::beyond_end;
      break;
    default:
      failed.outcome = FaultOutcome::io_error;
      break;
  }
  return failed;
}

PageCount TmpFs::size_pages(const Mapping& mapping) const {
  return base::pages_of(base::ByteCount(host_of(mapping).size()));
}

}  // namespace quire::fs
