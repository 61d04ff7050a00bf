// WritebackControl: what a writeback is for and how far it may go; and the one code of writepage that is no error.
//
// Made by who starts a writeback, passed down to every writepage() of it, and read by the same task when it is done: no
// lock. Linux: include/linux/writeback.h struct writeback_control
//
//   WritebackControl wbc = WritebackControl::integrity({from, to});
//   Errno error = mapping.ops().writepage(mapping, folio, wbc);
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/types.h"

namespace quire::cache {

/// Not written, dirty again, and still LOCKED: put it on the active list. Only for reclaim; whoever else is told so
/// unlocks, and takes it for success. Linux: include/linux/fs.h AOP_WRITEPAGE_ACTIVATE, 0x80000
inline constexpr base::Errno kAopWritepageActivate{-0x80000};

/// Linux: enum writeback_sync_modes
enum class SyncMode : uint8_t {
  none,  ///< what can be written without waiting
  all,   ///< data integrity: everything that is dirty when it begins, and it waits for what others are writing
};

/// Whom writepage() may answer kAopWritepageActivate, and what who does not reclaim makes of that. All but the first
/// are forms of before 2.6.24.
enum class Activate : uint8_t {
  reclaim_only,
  returned,  ///< anybody; to the caller of the walk, as if it were an outcome
  recorded,  ///< anybody; as an error of the file
};

struct WritebackControl {
  static constexpr int64_t kUnlimited = INT64_MAX;

  SyncMode sync_mode = SyncMode::none;
  int64_t nr_to_write = kUnlimited;  ///< pages; counted down by who walks the mapping
  int64_t pages_skipped = 0;         ///< could not be written and are dirty again
  base::Range<base::FileIndex> range{base::FileIndex(0), base::FileIndex(~uint64_t{0})};
  bool range_cyclic = false;       ///< from where the last one ended (mapping.writeback_index) to the end, not `range`
  bool for_kupdate = false;        ///< for what has been dirty for long
  bool for_background = false;     ///< because there is more dirty than background_thresh
  bool for_reclaim = false;        ///< for the page allocator
  bool for_sync = false;           ///< sync(2)
  bool tagged_writepages = false;  ///< what was dirty when it began, and not what becomes dirty meanwhile
  Activate activate = Activate::reclaim_only;

  [[nodiscard]] bool may_activate() const { return for_reclaim || activate != Activate::reclaim_only; }

  /// Linux: mm/vmscan.c pageout()
  [[nodiscard]] static WritebackControl reclaim() {
    WritebackControl wbc;
    wbc.nr_to_write = 32;  // Linux: SWAP_CLUSTER_MAX
    wbc.for_reclaim = true;
    return wbc;
  }
  /// Linux: mm/filemap.c __filemap_fdatawrite_range() with WB_SYNC_ALL
  [[nodiscard]] static WritebackControl integrity(base::Range<base::FileIndex> range) {
    WritebackControl wbc;
    wbc.sync_mode = SyncMode::all;
    wbc.range = range;
    return wbc;
  }
};

}  // namespace quire::cache
