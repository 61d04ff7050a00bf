#include "fs/writeback.h"

#include <array>

#include "rmap/mkclean.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

using base::Defect;
using cache::IndexTag;
using cache::kAopWritepageActivate;
using cache::SyncMode;

cache::Activate activate_form(const base::DefectSet& defects) {
  if (defects.has(Defect::D3_1)) return cache::Activate::returned;
  return defects.has(Defect::D3_2) ? cache::Activate::recorded : cache::Activate::reclaim_only;
}

// The folio's writepage(), with the lock taken over; its outcome is recorded. Linux: mm/page-writeback.c
// writepage_cb()
Errno writepage_cb(Mapping& mapping, Folio& folio, WritebackControl& wbc) {
  Errno error = mapping.ops().writepage(mapping, folio, wbc);
  bool activate = error == kAopWritepageActivate;
  if (!activate || wbc.activate == cache::Activate::recorded) mapping.set_error(error);
  if (!activate) return error;
  // Not reclaim: there is no list to put it on. Its lock was left, and it is dirty again.
  QUIRE_POINT("AOP_WRITEPAGE_ACTIVATE", "index {}", folio.index().value());
  folio.unlock();
  return wbc.activate == cache::Activate::returned ? error : Errno::ok;
}

// Whether `folio`, locked, is to be written: it may have left the file, or been written by somebody else, before it was
// locked. Linux: mm/page-writeback.c folio_prepare_writeback()
bool folio_prepare_writeback(rmap::Environment& env, const Mapping& mapping, Folio& folio,
                             const WritebackControl& wbc) {
  if (folio.mapping() != &mapping) {
    QUIRE_REACHED("write_cache_pages: folio left the file");
    return false;
  }
  if (!folio.test(FolioFlag::dirty)) {
    QUIRE_REACHED("write_cache_pages: somebody else wrote the folio");
    return false;
  }
  if (folio.under_writeback()) {
    if (wbc.sync_mode == SyncMode::none) return false;
    QUIRE_REACHED("write_cache_pages: waits for who writes the folio");
    folio.wait_writeback();
  }
  return folio_clear_dirty_for_io(env, folio);
}

/// A walk and what came of it so far.
class Walk {
 public:
  Walk(rmap::Environment& env, Mapping& mapping, WritebackControl& wbc)
      : env_(env), mapping_(mapping), wbc_(wbc), last_error_counts_(env.defects.has(Defect::D3_14)) {}

  Errno run(Range<FileIndex> range, IndexTag tag) {
    constexpr std::size_t kBatch = 8;
    std::array<Mapping::Found, kBatch> batch;
    FileIndex index = range.start();
    while (!done_) {
      std::size_t n = mapping_.find_get_folios_tag({index, range.limit()}, tag, batch);
      for (Mapping::Found& found : std::span(batch.data(), n)) {
        bool before_end = !done_;
        if (before_end || last_error_counts_) write(*found.folio);
        index = found.after();
        if (before_end) next_ = index;
        found.folio.reset();
      }
      if (n < kBatch) break;
    }
    return error_;
  }
  [[nodiscard]] bool done() const { return done_; }
  /// Behind the page that ended it, also if that could not be written: the next one does not begin with it again.
  [[nodiscard]] FileIndex next() const { return next_; }

 private:
  void write(Folio& folio) {
    LockedFolio locked(folio);
    if (!folio_prepare_writeback(env_, mapping_, folio, wbc_)) return;
    (void)locked.release();
    note(writepage_cb(mapping_, folio, wbc_));
    if (--wbc_.nr_to_write <= 0 && wbc_.sync_mode == SyncMode::none) done_ = true;
  }

  // The first error is the one to keep: what is written after it says nothing of it.
  void note(Errno error) {
    bool stop = error != Errno::ok && (wbc_.sync_mode == SyncMode::none || last_error_counts_);
    if (last_error_counts_ || error_ == Errno::ok) error_ = error;
    done_ = done_ || stop;
  }

  rmap::Environment& env_;
  Mapping& mapping_;
  WritebackControl& wbc_;
  const bool last_error_counts_;  ///< the form of 2007: the rest of the batch is still written, its outcome replaces
  Errno error_ = Errno::ok;
  bool done_ = false;
  FileIndex next_{0};
};

}  // namespace

bool folio_clear_dirty_for_io(rmap::Environment& env, Folio& folio) {
  // An entry that says dirty was made so by a fault that has marked the folio.
  if (rmap::folio_mkclean(env, folio)) folio.set(FolioFlag::dirty);
  return folio.test_and_clear(FolioFlag::dirty);
}

void folio_redirty_for_writepage(const rmap::Environment& env, Mapping& mapping, WritebackControl& wbc, Folio& folio) {
  ++wbc.pages_skipped;
  if (env.defects.has(Defect::D3_15)) return;
  (void)mapping.ops().dirty_folio(mapping, folio);
}

Errno write_cache_pages(rmap::Environment& env, Mapping& mapping, WritebackControl& wbc) {
  QUIRE_FUNC();
  wbc.activate = activate_form(env.defects);
  bool tagged = wbc.sync_mode == SyncMode::all || wbc.tagged_writepages;
  Range<FileIndex> range = wbc.range;
  if (wbc.range_cyclic) range = {mapping.writeback_index(), kNoEnd};
  if (tagged) mapping.tag_pages_for_writeback(range);
  Walk walk(env, mapping, wbc);
  Errno error = walk.run(range, tagged ? IndexTag::towrite : IndexTag::dirty);
  if (wbc.range_cyclic) mapping.set_writeback_index(walk.done() ? walk.next() : FileIndex(0));
  return error;
}

Errno write_one_page(rmap::Environment& env, Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  WritebackControl wbc = WritebackControl::integrity(Range<FileIndex>::of(folio.index(), folio.pages()));
  wbc.activate = activate_form(env.defects);
  Errno error = Errno::ok;
  {
    LockedFolio locked(folio);
    if (folio.mapping() == &mapping) folio.wait_writeback();
    if (folio.mapping() == &mapping && folio_clear_dirty_for_io(env, folio)) {
      (void)locked.release();
      error = writepage_cb(mapping, folio, wbc);
    }
  }
  if (error != Errno::ok) return error;
  folio.wait_writeback();
  return mapping.flags().check_errors();
}

void filemap_fdatawait_range(Mapping& mapping, Range<FileIndex> range) {
  QUIRE_FUNC();
  constexpr std::size_t kBatch = 8;
  std::array<Mapping::Found, kBatch> batch;
  for (FileIndex index = range.start();;) {
    std::size_t n = mapping.find_get_folios_tag({index, range.limit()}, IndexTag::writeback, batch);
    for (Mapping::Found& found : std::span(batch.data(), n)) {
      found.folio->wait_writeback();
      index = found.after();
      found.folio.reset();
    }
    if (n < kBatch) return;
  }
}

Errno filemap_fdatawrite_range(Mapping& mapping, SyncMode mode, Range<FileIndex> range) {
  WritebackControl wbc = WritebackControl::integrity(range);
  wbc.sync_mode = mode;
  return mapping.ops().writepages(mapping, wbc);
}

Errno filemap_write_and_wait(Mapping& mapping, Range<FileIndex> range) {
  QUIRE_FUNC();
  Errno error = filemap_fdatawrite_range(mapping, SyncMode::all, range);
  // After an I/O error the device may be gone, and waiting for it be long. Linux: the same
  if (error != Errno::eio) filemap_fdatawait_range(mapping, range);
  return error;
}

}  // namespace quire::fs
