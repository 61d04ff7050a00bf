// Taking pages out of a file, the same for every file system: truncation, hole punch, invalidation.
//
// Entries go first, without a folio lock; then each folio leaves the index under its lock, and with it the entries that
// came since; truncation then looks at the entries once more, since a private copy may have been made of a page that
// was still cached, and no folio of the file leads to it:
//
//   operation          range pass    private copies    folios       second range pass
//   truncation         yes           go                locked       yes
//   hole punch         yes           stay              locked       no
//   invalidation       if mapped     stay              locked       no
//
// The caller has i_rwsem or is the last to know the inode. Sleeps: i_mmap_rwsem, folio locks, writeback.
// Linux: mm/truncate.c
//
//   truncate_setsize(env, mapping, size_, 4096);
//   truncate_pagecache_range(env, mapping, {0, 8192});
#pragma once

#include "fs/inode.h"

namespace quire::fs {

/// Of truncation, and of a hole punch. Linux: mm/truncate.c truncate_pagecache(), truncate_pagecache_range()
[[nodiscard]] rmap::EvenCows truncation_takes(const rmap::Environment& env);
[[nodiscard]] rmap::EvenCows punch_takes(const rmap::Environment& env);

/// `folio` is locked; nothing happens if it has left `mapping`. Linux: truncate_inode_folio()
void truncate_inode_folio(Mapping& mapping, Folio& folio);
/// The pages `inside` of a large folio (locked, in its file) are zeroed; then it becomes single pages, if nobody but
/// the caller has a reference: whether it did. Sleeps. Linux: truncate_inode_partial_folio()
[[nodiscard]] bool truncate_inode_partial_folio(rmap::Environment& env, Folio& folio, Range<FileIndex> inside);
/// Large folios of which `range` has a part only become single pages, so that the part can be removed by itself; one
/// that somebody else uses stays whole: the part of it in `range` is zeroed and keeps its place. Returns the rest of
/// the range, which has whole folios only. Sleeps. Linux: mm/truncate.c truncate_inode_partial_folio()
[[nodiscard]] Range<FileIndex> split_partial_folios(rmap::Environment& env, Mapping& mapping, Range<FileIndex> range);

/// Removes the pages of `bytes` and zeroes the parts of those it has a part of, if they are cached. No page-table entry
/// of a page that is not cached is touched. Linux: truncate_inode_pages_range()
void truncate_inode_pages_range(rmap::Environment& env, Mapping& mapping, ByteRange bytes);

/// i_size is `size` already. Linux: truncate_pagecache()
void truncate_pagecache(rmap::Environment& env, Mapping& mapping, uint64_t size);

using FileSize = sync::Atomic<uint64_t, "inode->i_size">;
/// Stores i_size and truncates: faults look at i_size with the folio locked. Linux: truncate_setsize()
void truncate_setsize(rmap::Environment& env, Mapping& mapping, FileSize& i_size, uint64_t size);

/// A hole punch. Linux: truncate_pagecache_range()
void truncate_pagecache_range(rmap::Environment& env, Mapping& mapping, ByteRange bytes);

/// Removes the pages of `range` that nobody uses, and that are neither dirty nor being written; how many. Linux:
/// invalidate_mapping_pages()
uint64_t invalidate_mapping_pages(Mapping& mapping, Range<FileIndex> range);

/// Removes the pages of `range`, the dirty ones written first. -EBUSY: one became dirty again; -EIO: it could not be
/// written. Linux: invalidate_inode_pages2_range()
[[nodiscard]] Errno invalidate_inode_pages2_range(Mapping& mapping, Range<FileIndex> range);

}  // namespace quire::fs
