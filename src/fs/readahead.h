// Readahead: which pages of a file are read before anybody asks for them.
//
// Of each open file a window is remembered: the pages that were read last [start, +size), and how far before its end
// the next one is read, which the first page of that rest says by a mark (FolioFlag::readahead).
//   a page is missing (sync): the start of the file, or next to what was read last -> a first window, larger than what
//     is asked for; in the middle of what is cached -> as long as what is cached before it; else what is asked for
//     alone
//   a marked page is met (async): the next window, twice as long up to the limit, behind this one
//   a fault on a missing page: the pages around it, unless the mapping says how it is used, or faults miss all the time
// How much at most is the file's: the device's, none, or twice as much (posix_fadvise()). 0: nothing is read ahead, and
// nothing of this is looked at.
//
// Locks: ra_lock_ for the state alone; tasks that share an open file share the guesses too, as in Linux. Reading takes
// the file's invalidate_lock and folio locks, ascending. Linux: mm/readahead.c, struct file_ra_state
//
//   FileReadahead ra(32);
//   ReadaheadWindow w = ra.sync(index, pages_wanted, cached_before);
//   // read w.start.., w.size pages; the page at w.mark() gets the mark
#pragma once

#include "base/types.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::fs {

using base::FileIndex;
using base::PageCount;

/// What is to be read.
struct ReadaheadWindow {
  uint64_t start = 0;
  uint64_t size = 0;        ///< pages; 0: nothing
  uint64_t async_size = 0;  ///< of these how many are left when the next window is read; 0: no mark
  [[nodiscard]] uint64_t mark() const { return start + size - async_size; }
};

/// How programs use a file. Linux: POSIX_FADV_NORMAL, _RANDOM, _SEQUENTIAL
enum class ReadaheadMode : uint8_t { normal, random, sequential };

class FileReadahead {
 public:
  /// `pages`: at most in one window; 0: off.
  explicit FileReadahead(uint32_t pages) : pages_(pages) {}
  FileReadahead(const FileReadahead&) = delete;
  FileReadahead& operator=(const FileReadahead&) = delete;

  /// Constant: a file system without readahead costs nothing.
  [[nodiscard]] bool on() const { return pages_ != 0; }
  void set_mode(ReadaheadMode mode);
  /// The window for a miss at `index`, of `wanted` pages from there on; `cached_before`: pages that are cached right
  /// before it, as far as somebody has looked; all up to the start of the file counts twice. Linux:
  /// page_cache_sync_ra()
  [[nodiscard]] ReadaheadWindow sync(FileIndex index, uint64_t wanted, uint64_t cached_before);
  /// Whether sync() would ask for cached_before.
  [[nodiscard]] bool wants_history(FileIndex index, uint64_t wanted);
  /// For a marked page; `next_miss`: the first page behind it that is not cached. Linux: page_cache_async_ra()
  [[nodiscard]] ReadaheadWindow async(FileIndex index, uint64_t wanted, uint64_t next_miss);
  /// For a fault that misses. Linux: mm/filemap.c do_sync_mmap_readahead()
  [[nodiscard]] ReadaheadWindow around(FileIndex index);
  /// A fault that does not. Linux: mm/filemap.c do_async_mmap_readahead()
  void mmap_hit();
  /// A read has ended in the page at `index`. Linux: ra->prev_pos
  void note_read(FileIndex index);
  /// In one window at most, by the mode; 0: none.
  [[nodiscard]] uint64_t max_pages();

 private:
  static constexpr uint64_t kNever = ~uint64_t{0};
  struct State {
    ReadaheadWindow window;
    uint64_t previous = kNever;  ///< the last page that was read
    uint32_t mmap_miss = 0;
    ReadaheadMode mode = ReadaheadMode::normal;
  };
  [[nodiscard]] uint64_t max_locked(const State& state) const;

  const uint32_t pages_;
  sync::SpinLock<sync::LockClass::f_lock> ra_lock_;
  sync::Plain<State, "file->f_ra"> state_ QUIRE_GUARDED_BY(ra_lock_){State{}};
};

}  // namespace quire::fs
