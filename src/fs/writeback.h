// Writing the dirty pages of one file: the walk, its per-page steps, and waiting for what was begun.
//
// A page on its way to the store, under its lock up to the writepage() that takes the lock over:
//   dirty -> folio_clear_dirty_for_io(): clean in page tables too, its place still tagged dirty
//         -> writepage(): under writeback, tag writeback -> written
//                         or dirty again (folio_redirty_for_writepage(), or an error of the I/O)
// Integrity (SyncMode::all): what is dirty at the beginning is tagged towrite, each such page is written, after waiting
// for those who write it already; all are tried, and the first error is kept. Otherwise pages that are being written
// are passed over, and the first error ends the walk. An error is recorded on the mapping for all who have the file
// open (Mapping::set_error()), and returned to who asked. kAopWritepageActivate ends here: it is no error, and nobody
// above hears of it (I11).
//
// Locks: takes folio locks, one at a time; the caller holds none. Sleeps. Linux: mm/page-writeback.c, mm/filemap.c
//
//   WritebackControl wbc = WritebackControl::integrity(range);
//   Errno error = write_cache_pages(env, mapping, wbc);
//   filemap_fdatawait_range(mapping, range);
#pragma once

#include "fs/inode.h"

namespace quire::fs {

/// Whether `folio` (locked) has to be written; it is clean from now on, in page tables too: who stores next makes it
/// dirty again. Linux: folio_clear_dirty_for_io()
[[nodiscard]] bool folio_clear_dirty_for_io(rmap::Environment& env, Folio& folio);
/// `folio` (locked, cleared for I/O) was not written: as dirty as before. Linux: folio_redirty_for_writepage()
void folio_redirty_for_writepage(const rmap::Environment& env, Mapping& mapping, WritebackControl& wbc, Folio& folio);

/// The pages of wbc.range, as far as wbc wants; the first error of writepage(). Linux: write_cache_pages(),
/// generic_writepages()
[[nodiscard]] Errno write_cache_pages(rmap::Environment& env, Mapping& mapping, WritebackControl& wbc);
/// One page, and waits for it; its error, or what the flags of the file say. For who writes a page outside of any walk.
/// Linux: mm/page-writeback.c write_one_page(), to 6.2
[[nodiscard]] Errno write_one_page(rmap::Environment& env, Mapping& mapping, Folio& folio);
/// Waits for the pages of `range` that are under writeback now. Linux: __filemap_fdatawait_range()
void filemap_fdatawait_range(Mapping& mapping, Range<FileIndex> range);
/// Begins to write what is dirty in `range`; the first error of that. Linux: __filemap_fdatawrite_range()
[[nodiscard]] Errno filemap_fdatawrite_range(Mapping& mapping, cache::SyncMode mode, Range<FileIndex> range);
/// Writes for integrity, and waits; the first error of the writing. What is recorded for everybody is the caller's
/// business. Linux: filemap_write_and_wait_range()
[[nodiscard]] Errno filemap_write_and_wait(Mapping& mapping, Range<FileIndex> range);

}  // namespace quire::fs
