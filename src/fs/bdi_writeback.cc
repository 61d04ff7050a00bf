#include "fs/bdi_writeback.h"

#include <algorithm>

#include "sync/trace.h"

namespace quire::fs {
namespace {

using cache::IndexTag;
using cache::SyncMode;
using cache::WritebackControl;

constexpr int64_t kMinWritebackPages = 1024;  // Linux: MIN_WRITEBACK_PAGES
constexpr uint64_t kDirtyScope = 8;           // Linux: DIRTY_SCOPE

uint64_t part_of(PageCount ram, uint64_t hundredths) { return ram.value() * hundredths / 100; }

}  // namespace

void WbList::remove(WbInode& inode) {
  if (inode.list_ == nullptr) return;
  WbInode*& front = inode.list_->front_.mutate();
  if (inode.next_ == &inode) {
    front = nullptr;
  } else {
    inode.previous_->next_ = inode.next_;
    inode.next_->previous_ = inode.previous_;
    if (front == &inode) front = inode.next_;
  }
  inode.list_ = nullptr;
}

void WbList::move_to_front(WbInode& inode) {
  remove(inode);
  WbInode*& front = front_.mutate();
  if (front == nullptr) {
    inode.next_ = inode.previous_ = &inode;
  } else {
    inode.next_ = front;
    inode.previous_ = front->previous_;
    inode.previous_->next_ = front->previous_ = &inode;
  }
  front = &inode;
  inode.list_ = this;
}

// Linux: mm/page-writeback.c domain_dirty_limits()
BdiWriteback::BdiWriteback(PageCount ram, DirtyRatios ratios)
    : thresh_(part_of(ram, ratios.dirty_ratio)),
      background_thresh_(ratios.dirty_background_ratio < ratios.dirty_ratio
                             ? part_of(ram, ratios.dirty_background_ratio)
                             : thresh_ / 2) {}

// That the flag is there is seen without the lock: who clears it looks for tagged pages afterwards, under i_pages,
// under which this page was tagged. Linux: fs/fs-writeback.c __mark_inode_dirty()
void BdiWriteback::mark_inode_dirty(WbInode& inode) {
  if ((inode.i_state_.load() & WbInode::kDirtyPages) != 0) return;
  sync::Guard guard(list_lock_);
  uint32_t before = inode.i_state_.fetch_or(WbInode::kDirtyPages);
  if ((before & WbInode::kDirtyPages) != 0) return;
  if ((before & WbInode::kSync) != 0) {
    // Who writes it puts it where it belongs.
    QUIRE_REACHED("__mark_inode_dirty: the inode is being written");
    return;
  }
  if ((before & WbInode::kFreeing) != 0 || inode.list_ != nullptr) return;
  inode.dirtied_when_ = ++clock_;
  b_dirty_.move_to_front(inode);
}

void BdiWriteback::evict(WbInode& inode) {
  sync::Guard guard(list_lock_);
  inode.i_state_.fetch_or(WbInode::kFreeing);
  WbList::remove(inode);
  while ((inode.i_state_.load() & WbInode::kSync) != 0) {
    QUIRE_REACHED("inode_wait_for_writeback: the flusher has the inode");
    sleep_on_writeback(inode);
  }
}

// Linux: redirty_tail(); from now on it is as if it had become dirty now, unless it is the eldest anyway
void BdiWriteback::redirty_tail(WbInode& inode) {
  const WbInode* youngest = b_dirty_.front();
  if (youngest != nullptr && inode.dirtied_when_ < youngest->dirtied_when_) inode.dirtied_when_ = ++clock_;
  b_dirty_.move_to_front(inode);
}

// What was left by the last round first, then what became dirty in time; whether there is anything. Linux: queue_io(),
// move_expired_inodes()
bool BdiWriteback::queue_io(const Work& work) {
  while (WbInode* inode = b_more_io_.back()) b_io_.move_to_front(*inode);
  while (WbInode* inode = b_dirty_.back()) {
    if (inode->dirtied_when_ > work.dirtied_before) break;
    b_io_.move_to_front(*inode);
  }
  return !b_io_.empty();
}

// A turn. Linux: writeback_chunk_size()
WritebackControl BdiWriteback::control_of(const Work& work) const {
  WritebackControl wbc;
  wbc.sync_mode = work.sync_mode;
  wbc.for_background = work.for_background;
  wbc.for_sync = work.sync_mode == SyncMode::all;
  if (work.sync_mode == SyncMode::all) return wbc;
  wbc.range_cyclic = true;
  auto turn = static_cast<int64_t>(std::max<uint64_t>(1, thresh_ / kDirtyScope));
  wbc.nr_to_write = std::min({turn, kMinWritebackPages, work.nr_pages});
  return wbc;
}

// Where the inode goes after its turn. Linux: requeue_inode()
void BdiWriteback::requeue_inode(WbInode& inode, const WritebackControl& wbc) {
  uint32_t state = inode.i_state_.load(sync::Order::relaxed);
  if ((state & WbInode::kFreeing) != 0) return;
  bool dirty = (state & WbInode::kDirtyPages) != 0;
  if (dirty && wbc.pages_skipped == 0 && wbc.nr_to_write <= 0 && wbc.sync_mode == SyncMode::none) {
    QUIRE_REACHED("requeue_inode: its turn is used up");
    b_more_io_.move_to_front(inode);
  } else if (dirty) {
    redirty_tail(inode);
  } else {
    WbList::remove(inode);
  }
}

// Drops the lock while it writes: I_SYNC keeps the inode, and others away from it. How many pages are clean now.
// Linux: __writeback_single_inode(), inode_sync_complete()
int64_t BdiWriteback::writeback_single_inode(WbInode& inode, const Work& work) {
  inode.i_state_.fetch_or(WbInode::kSync);
  list_lock_.unlock();
  WritebackControl wbc = control_of(work);
  int64_t before = wbc.nr_to_write;
  bool from_within = wbc.range_cyclic && inode.mapping_.writeback_index() != base::FileIndex(0);
  // What it comes to is on the mapping, for those who have the file open.
  (void)inode.mapping_.ops().writepages(inode.mapping_, wbc);
  // It has come to the end of the file; what is dirty may lie before the page that it began with.
  if (from_within && wbc.nr_to_write == before) (void)inode.mapping_.ops().writepages(inode.mapping_, wbc);
  int64_t wrote = before - wbc.nr_to_write - wbc.pages_skipped;
  list_lock_.lock();
  // Who makes a page dirty tags it first and looks at the flag then: it sees the flag gone, or this sees the tag.
  inode.i_state_.fetch_and(~WbInode::kDirtyPages);
  if (inode.mapping_.tagged(IndexTag::dirty)) inode.i_state_.fetch_or(WbInode::kDirtyPages);
  requeue_inode(inode, wbc);
  // From here on it may be freed.
  inode.i_state_.fetch_and(~WbInode::kSync);
  syncs_.add(1, sync::Order::release);
  syncs_.wake_all();
  pause_.wake_up_all();
  return wrote;
}

// Drops the lock while it waits, and the inode may be gone afterwards, or written by somebody else again. Linux:
// inode_sleep_on_writeback()
void BdiWriteback::sleep_on_writeback(const WbInode& inode) {
  if ((inode.i_state_.load() & WbInode::kSync) == 0) return;
  uint32_t seen = syncs_.load();
  list_lock_.unlock();
  syncs_.await_change(seen);
  list_lock_.lock();
}

// Until b_io is empty, or the work is done. Pages that are clean now. Linux: writeback_sb_inodes()
int64_t BdiWriteback::writeback_sb_inodes(Work& work) {
  int64_t wrote = 0;
  while (WbInode* inode = b_io_.back()) {
    if ((inode->i_state_.load() & WbInode::kSync) != 0) {
      if (work.sync_mode == SyncMode::none) {
        QUIRE_REACHED("writeback_sb_inodes: another task writes the inode");
        b_more_io_.move_to_front(*inode);
      } else {
        QUIRE_REACHED("inode_sleep_on_writeback: another task writes the inode");
        sleep_on_writeback(*inode);
      }
      continue;
    }
    int64_t now = writeback_single_inode(*inode, work);
    wrote += now;
    if (work.nr_pages != WritebackControl::kUnlimited) work.nr_pages -= now;
    if (work.nr_pages <= 0 || (work.for_background && !over_bground_thresh())) break;
  }
  return wrote;
}

// Linux: wb_writeback()
int64_t BdiWriteback::wb_writeback(Work work) {
  QUIRE_FUNC();
  int64_t wrote = 0;
  sync::Guard guard(list_lock_);
  while (work.nr_pages > 0 && stop_.load(sync::Order::relaxed) == 0) {
    if (work.for_background && !over_bground_thresh()) break;
    bool queued = b_io_.empty();
    if (queued && !queue_io(work)) break;
    int64_t now = writeback_sb_inodes(work);
    wrote += now;
    // What could not be written is for another pass. Files that are dirty for the second time have another time too.
    if (now > 0 || !queued) continue;
    if (b_more_io_.empty()) break;
    sleep_on_writeback(*b_more_io_.back());
  }
  return wrote;
}

// Linux: wb_do_writeback(), wb_check_start_all(), wb_check_background_flush()
PageCount BdiWriteback::wb_workfn(PageCount pages) {
  QUIRE_FUNC();
  running_.add(1, sync::Order::acq_rel);
  int64_t wrote = 0;
  if (pages != PageCount(0)) wrote += wb_writeback({.nr_pages = static_cast<int64_t>(pages.value())});
  wrote += wb_writeback({.for_background = true});
  auto count = static_cast<uint64_t>(std::max<int64_t>(0, wrote));
  written_.add(count);
  passes_.add(1, sync::Order::acq_rel);
  running_.sub(1, sync::Order::acq_rel);
  pause_.wake_up_all();
  return PageCount(count);
}

void BdiWriteback::sync_inodes() {
  QUIRE_FUNC();
  Work work{.sync_mode = SyncMode::all};
  {
    // What becomes dirty from now on is not waited for.
    sync::Guard guard(list_lock_);
    work.dirtied_before = clock_;
  }
  (void)wb_writeback(work);
}

// Linux: mm/page-writeback.c balance_dirty_pages()
void BdiWriteback::balance_dirty_pages() {
  if (!over_bground_thresh()) return;
  QUIRE_FUNC();
  uint32_t passes = passes_.load();
  wakeup();
  if (nr_dirty() <= freerun()) return;
  pauses_.add(1);
  pause_.wait_event([&] {
    bool wait = nr_dirty() > freerun() && running_.load() != 0 && passes_.load() == passes;
    if (wait) QUIRE_REACHED("balance_dirty_pages: pauses until the flusher has written");
    return !wait;
  });
}

void BdiWriteback::start() {
  if (task_) return;
  running_.add(1);
  task_ = sync::make_box<sync::Task>(
      "flusher", [](void* wb) { static_cast<BdiWriteback*>(wb)->run(); }, this);
}

void BdiWriteback::stop() {
  if (!task_) return;
  stop_.store(1);
  wait_.wake_up_all();
  task_->join();
  task_.reset();
  running_.sub(1);
  pause_.wake_up_all();
  stop_.store(0);
}

void BdiWriteback::run() {
  while (stop_.load() == 0) {
    wait_.wait_event([&] { return wanted_.load() != 0 || stop_.load() != 0; });
    if (stop_.load() != 0) return;
    uint32_t wanted = wanted_.exchange(0);
    (void)wb_workfn(PageCount((wanted & kEverything) != 0 ? nr_dirty() : 0));
  }
}

void BdiWriteback::wakeup(uint32_t what) {
  if ((wanted_.load(sync::Order::relaxed) & what) != 0) return;
  wanted_.fetch_or(what);
  wait_.wake_up_all();
}

void BdiWriteback::check(const WbInode& inode, bool dirty, std::string_view file, sync::CheckReport& report) {
  uint32_t state = inode.i_state_.peek();
  bool listed = (state & WbInode::kDirtyPages) != 0 && inode.list_ != nullptr;
  report.expect(!dirty || listed, sync::Failure::lost_store, "writeback I1: {} has a dirty page and is on no list",
                file);
  report.expect((state & (WbInode::kSync | WbInode::kFreeing)) == 0, sync::Failure::check,
                "writeback I2: {} is in somebody's hands: i_state {:#x}", file, state);
}

}  // namespace quire::fs
