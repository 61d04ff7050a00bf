// BdiWriteback: the flusher of a backing device, and what holds back who makes pages dirty faster than it writes them.
//
// Where a file is, by its dirty pages:
//   none -> b_dirty: mark_inode_dirty(), by the first page that becomes dirty
//   b_dirty, b_more_io -> b_io: a round begins (queue_io), the longest dirty first
//   b_io -> b_more_io: its turn is used up, or another task is writing it
//   b_io -> b_dirty: it became dirty again, or a page of it could not be written: not again in this round
//   b_io -> none: nothing of it is dirty      any -> none: evict()
// What is said of it besides, in i_state: I_DIRTY_PAGES, some page may be dirty; I_SYNC, a task of writeback has it and
// no lock; I_FREEING, it is being evicted and goes on no list any more.
//
// Limits are parts of RAM, as counts of NR_FILE_DIRTY and NR_WRITEBACK. Above the background one the flusher is woken.
// Above the middle between the two a task that makes a page dirty pauses until the flusher has come down from there, or
// has been through all of its files; without a flusher that runs there is nothing to wait for. So a pause ends even if
// no page can be written: those stay dirty. Only files of block devices count: what tmpfs has goes nowhere but to swap.
//
// I1  a file with a page that is tagged dirty has I_DIRTY_PAGES, and is on a list
// I2  a file is on one list at most; with I_SYNC at quiescent points it is in nobody's hands: there is none
// Locks: list_lock for lists and places, and for changes of i_state; inside PTL and i_lock, outside i_pages. The
// flusher takes folio locks, and no lock of a file. Linux: fs/fs-writeback.c, struct bdi_writeback; mm/page-writeback.c
//
//   BdiWriteback wb(PageCount(1000), {.dirty_ratio = 20, .dirty_background_ratio = 10});
//   wb.start();      // natively: a task; explored, wb_workfn() is a call of a task that the scenario has
//   wb.mark_inode_dirty(inode);      // then with no folio locked: wb.balance_dirty_pages()
//   wb.stop();
#pragma once

#include "cache/mapping.h"
#include "cache/writeback_control.h"
#include "sync/task.h"
#include "sync/wait.h"

namespace quire::fs {

using base::PageCount;

/// In hundredths of RAM; all 0: nothing is written in the background. Linux: vm.dirty_ratio, vm.dirty_background_ratio
struct DirtyRatios {
  uint8_t dirty_ratio = 0;
  uint8_t dirty_background_ratio = 0;
  [[nodiscard]] bool any() const { return dirty_ratio != 0; }
};

/// The place of one inode. Linux: inode->i_io_list, i_state, dirtied_when
class WbInode {
 public:
  explicit WbInode(cache::Mapping& mapping) : mapping_(mapping) {}
  WbInode(const WbInode&) = delete;
  WbInode& operator=(const WbInode&) = delete;

 private:
  friend class BdiWriteback;
  friend class WbList;
  static constexpr uint32_t kDirtyPages = 1;  ///< Linux: I_DIRTY_PAGES
  static constexpr uint32_t kSync = 2;        ///< Linux: I_SYNC
  static constexpr uint32_t kFreeing = 4;     ///< Linux: I_FREEING

  cache::Mapping& mapping_;
  /// Changed under list_lock.
  sync::Atomic<uint32_t, "inode->i_state"> i_state_{0};
  // Under list_lock:
  class WbList* list_ = nullptr;
  WbInode* next_ = nullptr;
  WbInode* previous_ = nullptr;
  uint64_t dirtied_when_ = 0;
};

/// Inodes in a ring, from front to back. The caller has the lock. Linux: wb->b_dirty, b_io, b_more_io
class WbList {
 public:
  [[nodiscard]] bool empty() const { return front_.get() == nullptr; }
  [[nodiscard]] WbInode* back() const { return empty() ? nullptr : front_.get()->previous_; }
  [[nodiscard]] WbInode* front() const { return front_.get(); }
  /// From wherever it is.
  void move_to_front(WbInode& inode);
  static void remove(WbInode& inode);
  [[nodiscard]] const WbInode* peek_front() const { return front_.peek(); }

 private:
  /// Every access to the list announces this field.
  sync::Plain<WbInode*, "wb->b_dirty"> front_{nullptr};
};

class BdiWriteback {
 public:
  BdiWriteback(PageCount ram, DirtyRatios ratios);
  ~BdiWriteback() { stop(); }
  BdiWriteback(const BdiWriteback&) = delete;
  BdiWriteback& operator=(const BdiWriteback&) = delete;

  // --- for file systems
  /// A page of the file was made dirty, and is tagged. Takes list_lock at most. Linux: __mark_inode_dirty()
  void mark_inode_dirty(WbInode& inode);
  /// Nobody has the inode any more: it leaves its list, and nobody writes it when this returns. Sleeps. Linux:
  /// inode_io_list_del(), inode_wait_for_writeback()
  void evict(WbInode& inode);
  /// With no folio locked. Sleeps. Linux: mm/page-writeback.c balance_dirty_pages()
  void balance_dirty_pages();
  /// What its mappings count (Mapping::set_counts()).
  [[nodiscard]] cache::WritebackCounts& counts() { return counts_; }

  // --- the flusher
  void start();
  /// Returns when the task does not run any more. May be called twice.
  void stop();
  /// Between start() and stop().
  [[nodiscard]] bool running() const { return task_ != nullptr; }
  /// What the task does when it is woken: writes until no more is dirty than the background limit; with `pages` at
  /// least as many, whatever the limit; or nothing more can be written. How many it wrote. Sleeps. Linux: wb_workfn()
  PageCount wb_workfn(PageCount pages);
  /// There is more than the background limit; does not sleep. Linux: wb_start_background_writeback()
  void wakeup() { wakeup(kBackground); }
  /// Reclaim meets dirty pages: all of them are to be written. Linux: wakeup_flusher_threads(WB_REASON_VMSCAN)
  void wakeup_flusher_threads() { wakeup(kEverything); }
  /// Writes what is dirty of all files, once each, waiting for who writes them already. It does not wait for what was
  /// begun, nor tell of errors: they are on the mappings. Sleeps. Linux: sync_inodes_sb()
  void sync_inodes();

  // --- at quiescent points
  [[nodiscard]] uint64_t peek_dirty() const { return counts_.dirty.peek() + counts_.writeback.peek(); }
  [[nodiscard]] uint64_t peek_written() const { return written_.peek(); }
  [[nodiscard]] uint64_t peek_pauses() const { return pauses_.peek(); }
  /// I1, I2 of one file. `dirty`: whether a page is tagged.
  static void check(const WbInode& inode, bool dirty, std::string_view file, sync::CheckReport& report);

 private:
  /// Linux: struct wb_writeback_work
  struct Work {
    cache::SyncMode sync_mode = cache::SyncMode::none;
    int64_t nr_pages = cache::WritebackControl::kUnlimited;
    bool for_background = false;
    uint64_t dirtied_before = ~uint64_t{0};  ///< only what was dirty by then
  };
  static constexpr uint32_t kBackground = 1;
  static constexpr uint32_t kEverything = 2;

  void run();
  void wakeup(uint32_t what);
  [[nodiscard]] uint64_t nr_dirty() const {
    return counts_.dirty.load(sync::Order::relaxed) + counts_.writeback.load(sync::Order::relaxed);
  }
  /// Linux: dirty_freerun_ceiling()
  [[nodiscard]] uint64_t freerun() const { return (thresh_ + background_thresh_) / 2; }
  [[nodiscard]] bool over_bground_thresh() const { return nr_dirty() > background_thresh_; }

  int64_t wb_writeback(Work work);
  [[nodiscard]] bool queue_io(const Work& work) QUIRE_REQUIRES(list_lock_);
  [[nodiscard]] int64_t writeback_sb_inodes(Work& work) QUIRE_REQUIRES(list_lock_);
  [[nodiscard]] int64_t writeback_single_inode(WbInode& inode, const Work& work) QUIRE_REQUIRES(list_lock_);
  void requeue_inode(WbInode& inode, const cache::WritebackControl& wbc) QUIRE_REQUIRES(list_lock_);
  void redirty_tail(WbInode& inode) QUIRE_REQUIRES(list_lock_);
  void sleep_on_writeback(const WbInode& inode) QUIRE_REQUIRES(list_lock_);
  [[nodiscard]] cache::WritebackControl control_of(const Work& work) const;

  const uint64_t thresh_;             ///< pages
  const uint64_t background_thresh_;  ///< pages
  cache::WritebackCounts counts_;
  sync::SpinLock<sync::LockClass::wb_list_lock> list_lock_;
  WbList b_dirty_ QUIRE_GUARDED_BY(list_lock_);
  WbList b_io_ QUIRE_GUARDED_BY(list_lock_);
  WbList b_more_io_ QUIRE_GUARDED_BY(list_lock_);
  /// Stands for the time of dirtied_when.
  uint64_t clock_ QUIRE_GUARDED_BY(list_lock_) = 0;
  sync::Atomic<uint32_t, "inode_sync_complete"> syncs_{0};  ///< how often I_SYNC has gone; changed under list_lock
  sync::WaitQueue pause_;                                   ///< for less to be dirty, or passes to change
  sync::Atomic<uint32_t, "wb passes"> passes_{0};
  sync::Atomic<uint32_t, "wb running"> running_{0};  ///< flushers that somebody may wait for
  sync::Atomic<uint64_t, "WB_WRITTEN"> written_{0};
  sync::Atomic<uint64_t, "wb pauses"> pauses_{0};
  // The task:
  sync::Atomic<uint32_t, "wb wanted"> wanted_{0};
  sync::Atomic<uint32_t, "wb stop"> stop_{0};
  sync::WaitQueue wait_;
  sync::Box<sync::Task> task_;
};

}  // namespace quire::fs
