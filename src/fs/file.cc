#include "fs/file.h"

#include "fs/truncate.h"
#include "fs/writeback.h"
#include "sync/trace.h"

namespace quire::fs {

// Linux: fs/file_table.c __fput()
void File::release() {
  Inode& inode = inode_;
  sync::destroy_object(this);
  inode.put();
}

// Linux: mm/filemap.c file_check_and_advance_wb_err()
Errno File::check_and_advance_wb_err() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  cache::Mapping& of = mapping();
  // One word for flags and mask: there was no wb_err yet.
  if (of.flags().form() == cache::MappingFlags::Form::one_word) return of.flags().check_errors();
  // Most often there is nothing to tell, and nothing to lock. Only who has the lock stores the sample.
  Errno error = Errno::ok;
  if (of.wb_err().check(f_wb_err_.load(sync::Order::relaxed)) != Errno::ok) {
    sync::Guard guard(f_lock_);
    cache::Errseq::Sample since = f_wb_err_.load(sync::Order::relaxed);
    error = of.wb_err().check_and_advance(since);
    f_wb_err_.store(since, sync::Order::relaxed);
  }
  // Who asks the flags has been told too. Linux: the same, "a drop in replacement"
  (void)of.flags().check_errors();
  return error;
}

// Linux: mm/filemap.c file_write_and_wait_range()
Errno File::fsync(Range<FileIndex> range) {
  QUIRE_FUNC();
  Errno error = inode_.fsync(range);
  // Where nothing is written back, nobody looks. Linux: fs/libfs.c noop_fsync()
  if (!mapping().ops().can_writeback()) return error;
  Errno recorded = check_and_advance_wb_err();
  return error != Errno::ok ? error : recorded;
}

// Linux: fs/sync.c sync_file_range()
Errno File::sync_file_range(Range<FileIndex> range, unsigned steps) {
  QUIRE_FUNC();
  auto wanted = [&](SyncStep step) { return (steps & static_cast<unsigned>(step)) != 0; };
  bool all = wanted(SyncStep::wait_before) && wanted(SyncStep::write) && wanted(SyncStep::wait_after);
  auto wait = [&] {
    filemap_fdatawait_range(mapping(), range);
    return check_and_advance_wb_err();
  };
  Errno error = Errno::ok;
  if (wanted(SyncStep::wait_before)) error = wait();
  if (error == Errno::ok && wanted(SyncStep::write))
    error = filemap_fdatawrite_range(mapping(), all ? cache::SyncMode::all : cache::SyncMode::none, range);
  if (error == Errno::ok && wanted(SyncStep::wait_after)) error = wait();
  return error;
}

// Linux: mm/fadvise.c generic_fadvise()
void File::fadvise(Advice advice, uint64_t offset, uint64_t bytes) {
  QUIRE_FUNC();
  if (!mapping().ops().can_writeback()) return;
  // The last byte; all of it if that is behind what can be said.
  uint64_t last = bytes == 0 || offset + bytes < offset ? ~uint64_t{0} : offset + bytes - 1;
  switch (advice) {
    case Advice::normal:
      return ra_.set_mode(ReadaheadMode::normal);
    case Advice::random:
      return ra_.set_mode(ReadaheadMode::random);
    case Advice::sequential:
      return ra_.set_mode(ReadaheadMode::sequential);
    case Advice::will_need:
      return inode_.force_readahead({index_of(offset), index_of(last).next()});
    case Advice::no_reuse:
      return;
    case Advice::dont_need:
      break;
  }
  (void)filemap_fdatawrite_range(mapping(), cache::SyncMode::none, {index_of(offset), index_of(last).next()});
  // Whole pages, and the last one of the file.
  FileIndex end = index_of(last).next();
  if (offset_in_page(last) != base::kPageSize - 1 && last != inode_.size() - 1) end = index_of(last);
  FileIndex start = index_after(offset);
  if (start < end) (void)invalidate_mapping_pages(mapping(), {start, end});
}

// Linux: fs/sync.c SYSCALL_DEFINE1(syncfs)
Errno File::syncfs() {
  QUIRE_FUNC();
  inode_.sync_filesystem();
  cache::Errseq* errors = inode_.s_wb_err();
  if (errors == nullptr) return Errno::ok;
  sync::Guard guard(f_lock_);
  return errors->check_and_advance(f_sb_err_);
}

}  // namespace quire::fs
