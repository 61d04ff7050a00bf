// Between the index of a file and swap: writepage on the way out, swapoff's visit on the way back.
#include "fs/tmpfs.h"
#include "fs/writeback.h"
#include "rmap/migrate.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {
using base::Defect;
}  // namespace

void TmpFs::add_to_swaplist(TmpfsInode& inode) {
  if (inode.on_swaplist_.load(sync::Order::relaxed) == TmpfsInode::kOnSwaplist) return;
  TmpfsInode*& first = swaplist_.mutate();
  inode.swaplist_next_ = first;
  inode.swaplist_previous_ = nullptr;
  if (first != nullptr) first->swaplist_previous_ = &inode;
  first = &inode;
  inode.on_swaplist_.store(TmpfsInode::kOnSwaplist);
}

void TmpFs::del_from_swaplist(TmpfsInode& inode) {
  if (inode.on_swaplist_.load(sync::Order::relaxed) != TmpfsInode::kOnSwaplist) return;
  TmpfsInode*& first = swaplist_.mutate();
  (inode.swaplist_previous_ != nullptr ? inode.swaplist_previous_->swaplist_next_ : first) = inode.swaplist_next_;
  if (inode.swaplist_next_ != nullptr) inode.swaplist_next_->swaplist_previous_ = inode.swaplist_previous_;
  inode.on_swaplist_.store(TmpfsInode::kOffSwaplist);
}

// From the index to the swap cache. The inode is on the list, and counted, before swapoff could find the page nowhere.
// Linux: mm/shmem.c shmem_writepage()
bool TmpFs::move_to_swap(TmpfsInode& inode, Folio& folio) {
  int pages = static_cast<int>(folio.pages().value());
  bool late = env_.defects.has(Defect::D2_8);
  bool list_last = env_.defects.has(Defect::D3_17);
  {
    sync::Guard guard(swaplist_mutex_);
    if (!list_last) add_to_swaplist(inode);
    if (!env_.swap.add_to_swap(folio)) return false;
    if (!late) shmem_recalc_inode(inode, 0, pages);
    SwapEntry entry = folio.swap();
    env_.swap.swap_shmem_alloc(entry, folio.pages());
    inode.mapping_.replace_folio(folio, entry);
    QUIRE_POINT("page became value entry", "slot {}", entry.offset().value());
  }
  if (late) shmem_recalc_inode(inode, 0, pages);
  if (list_last) {
    sync::Guard guard(swaplist_mutex_);
    add_to_swaplist(inode);
  }
  folio.put(pages);
  return true;
}

// Swap has not stored `folio` (locked, in the swap cache, dirty again): it goes back to its place in the file, and its
// slots are free. If a hole punch or a truncation has taken the values meanwhile, and their counts with them, there is
// no such place any more: then the folio is nobody's when it leaves the swap cache. Linux: mm/shmem.c shmem_writeout()
void TmpFs::move_back_from_swap(TmpfsInode& inode, Folio& folio, FileIndex index) {
  QUIRE_FUNC();
  if (env_.defects.has(Defect::D3_18)) return;
  SwapEntry first = folio.swap();
  Errno error = inode.mapping_.add_folio(folio, index, cache::IndexEntry::of(first));
  if (error == Errno::ok) {
    shmem_recalc_inode(inode, 0, -static_cast<int>(folio.pages().value()));
    for (uint64_t i = 0; i < folio.pages().value(); ++i) env_.swap.swap_free(first + PageCount(i));
  } else {
    QUIRE_REACHED("shmem_writeout: slot freed while its page was not stored");
  }
  env_.swap.delete_from_swap_cache(folio);
}

// As a whole, or what is its first page after it was split: if it reaches beyond the end of the file, or swap has no
// room for all of it. The other pages, dirty as it was, have their own turns. Linux: mm/shmem.c shmem_writeout()
bool TmpFs::move_to_swap_or_split(TmpfsInode& inode, Folio& folio) {
  bool whole = !folio.is_large() || folio.index() + folio.pages() <= index_after(inode.size());
  if (whole && move_to_swap(inode, folio)) return true;
  if (!folio.is_large()) return false;
  folio.set(FolioFlag::dirty);
  return rmap::split_folio(env_, folio) && move_to_swap(inode, folio);
}

// Swap is for memory that somebody needs: who does not reclaim gets the page back as it was. Linux: mm/shmem.c
// shmem_writepage()
Errno TmpFs::writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) {
  QUIRE_FUNC();
  auto& inode = static_cast<TmpfsInode&>(host_of(mapping));
  if (sync::should_fail("writepage", "tmpfs")) {
    folio.set(FolioFlag::dirty);
    folio.unlock();
    return Errno::eio;
  }
  FileIndex index = folio.index();
  free_stale_entry(inode, index);
  bool to_swap = wbc.for_reclaim || env_.defects.has(Defect::D3_3);
  if (to_swap && env_.swap.total_swap_available()) {
    if (!folio.uptodate()) {
      env_.folios.zero(folio);
      folio.set(FolioFlag::uptodate);
    }
    if (move_to_swap_or_split(inode, folio)) {
      QUIRE_ASSERT(!folio.mapped(), "a mapped tmpfs page was swapped out");
      folio.clear(FolioFlag::dirty);
      if (env_.swap.swap_writepage(folio) != cache::kAopWritepageActivate) return Errno::ok;
      move_back_from_swap(inode, folio, index);
    }
  }
  folio_redirty_for_writepage(env_, mapping, wbc, folio);
  if (wbc.may_activate()) return cache::kAopWritepageActivate;
  folio.unlock();
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_unuse_inode(), shmem_find_swap_entries(), shmem_unuse_swap_entries()
Errno TmpFs::shmem_unuse_inode(TmpfsInode& inode, swap::SwapArea& area) {
  QUIRE_FUNC();
  constexpr std::size_t kBatch = 4;
  Mapping::Found batch[kBatch];
  constexpr FileIndex kEnd{~uint64_t{0}};
  FileIndex index(0);
  for (;;) {
    std::size_t n = inode.mapping_.find_get_entries({index, kEnd}, batch);
    bool split = false;
    for (Mapping::Found& found : std::span(batch, n)) {
      index = found.after();
      found.folio.reset();
      if (!found.entry.is_value() || found.entry.swap().type() != area.type()) continue;
      Result<ShmemFolio> got = shmem_swapin_folio(inode, found.index, found.entry.swap());
      if (!got && got.error() == Errno::enomem) return Errno::enomem;
      // Of a large entry perhaps only this page has come back: the others have entries of their own by now.
      split = found.entry.order() != base::Order(0);
      if (!split) continue;
      index = found.index.next();
      break;
    }
    if (n < kBatch && !split) break;
  }
  unuse_vector(inode, area);
  return Errno::ok;
}

// Visits one inode with the list's mutex dropped; eviction waits meanwhile. Linux: mm/shmem.c shmem_unuse()
Errno TmpFs::visit_for_unuse(TmpfsInode& inode, swap::SwapArea& area) {
  inode.stop_eviction_.add(1, sync::Order::acq_rel);
  swaplist_mutex_.unlock();
  Errno error = shmem_unuse_inode(inode, area);
  swaplist_mutex_.lock();
  return error;
}

// Linux: mm/shmem.c shmem_unuse()
Errno TmpFs::shmem_unuse(swap::SwapArea& area) {
  QUIRE_FUNC();
  Errno error = Errno::ok;
  swaplist_mutex_.lock();
  for (TmpfsInode* inode = swaplist_.get(); inode != nullptr && error == Errno::ok;) {
    bool visit = inode->swapped_.load() != 0;
    if (visit) error = visit_for_unuse(*inode, area);
    // Another swapoff may have taken it off the list: then its links lead nowhere.
    bool listed = inode->on_swaplist_.load(sync::Order::relaxed) == TmpfsInode::kOnSwaplist;
    TmpfsInode* next = listed ? inode->swaplist_next_ : swaplist_.get();
    if (!visit || inode->swapped_.load() == 0) {
      QUIRE_POINT("prune inode from swaplist");
      del_from_swaplist(*inode);
    }
    if (visit) {
      inode->stop_eviction_.sub(1, sync::Order::acq_rel);
      inode->stop_eviction_.wake_all();
    }
    inode = next;
  }
  swaplist_mutex_.unlock();
  return error;
}

}  // namespace quire::fs
