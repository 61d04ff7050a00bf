// From the program to the cache, and from the cache to the store: pwrite, writepage, fsync.
#include "fs/block_fs.h"
#include "fs/folio_walk.h"
#include "fs/payload.h"
#include "fs/truncate.h"
#include "rmap/mkclean.h"
#include "sync/trace.h"

namespace quire::fs {
// The locked folio that a program is about to write to, and room for it if this is when it gets some. A page that is
// overwritten need not be read. Linux: fs/buffer.c block_write_begin()
Result<HeldFolio> BlockInode::write_begin(FileIndex index, Fill fill) {
  if (store_.allocates_at_write()) {
    Errno error = store_.allocate(Range<FileIndex>::of(index, base::PageCount(1)));
    if (error != Errno::ok) return error;
  }
  Result<HeldFolio> got = filemap_read_folio(index, fill);
  if (got && got->folio->test(FolioFlag::hwpoison)) return Errno::eio;
  return got;
}

// Linux: mm/filemap.c generic_perform_write()
Result<uint64_t> BlockInode::pwrite(std::span<const std::byte> from, uint64_t offset) {
  QUIRE_FUNC();
  if (offset + from.size() > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  uint64_t done = 0;
  while (done < from.size()) {
    uint64_t at = offset + done;
    uint64_t in_page = offset_in_page(at);
    uint64_t n = std::min(base::kPageSize - in_page, from.size() - done);
    Result<HeldFolio> got = write_begin(index_of(at), n == base::kPageSize ? Fill::overwrite : Fill::read);
    if (!got) {
      if (done == 0) return got.error();
      break;
    }
    write_user(fs_.env_.folios.frames(), got->folio->pfn(), static_cast<uint32_t>(in_page), from.subspan(done, n));
    got->folio->add_lru(FolioFlag::uptodate | FolioFlag::dirty);
    got->folio->mark_accessed();
    if (at + n > size_.load()) size_.store(at + n);
    done += n;
  }
  return done;
}

// Whether `folio`, which is locked, has to be written; it is clean from now on, in page tables too. What is stored
// after this makes an entry dirty again. Linux: mm/page-writeback.c folio_clear_dirty_for_io()
bool BlockInode::folio_clear_dirty_for_io(Folio& folio) {
  if (rmap::folio_mkclean(fs_.env_, folio)) folio.set(FolioFlag::dirty);
  return folio.test_and_clear(FolioFlag::dirty);
}

// `folio` is under writeback, which keeps it in the file, and not locked any more if the caller has unlocked it.
// Linux: fs/buffer.c end_buffer_async_write(), mm/page-writeback.c folio_redirty_for_writepage()
Errno BlockInode::write_out(Folio& folio, FileIndex index) {
  // What the memory has lost must not replace what the store has.
  Errno error = folio.test(FolioFlag::hwpoison)
                    ? Errno::eio
                    : store_.write_page(index, fs_.env_.folios.frames().payload(folio.pfn()));
  if (error != Errno::ok) {
    QUIRE_POINT("write error", "index {}", index.value());
    folio.set(FolioFlag::dirty);
    mapping_.set_error(error);
  }
  folio.end_writeback();
  return error;
}

// Linux: fs/buffer.c block_write_full_folio()
Errno BlockInode::writepage(Folio& folio, WritebackControl& wbc) {
  QUIRE_FUNC();
  uint64_t size = size_.load();
  FileIndex index = folio.index();
  if (index >= index_after(size)) {
    QUIRE_REACHED("block_write_full_folio: truncated meanwhile");
    folio.unlock();
    return Errno::ok;
  }
  // What a program stores behind the end of the file in its last page is not the file's.
  if (index == index_of(size))
    zero_user(fs_.env_.folios.frames(), folio.pfn(), static_cast<uint32_t>(offset_in_page(size)), base::kPageSize);
  folio.start_writeback();
  folio.unlock();
  if (write_out(folio, index) != Errno::ok) ++wbc.pages_skipped;
  return Errno::ok;
}

Errno BlockFs::writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) {
  return static_cast<BlockInode&>(host_of(mapping)).writepage(folio, wbc);
}

// The folio stays locked, and nothing maps it. Linux: mm/truncate.c folio_launder()
Errno BlockInode::launder_folio(Folio& folio) {
  QUIRE_FUNC();
  if (!folio.test_and_clear(FolioFlag::dirty)) return Errno::ok;
  folio.start_writeback();
  return write_out(folio, folio.index());
}

Errno BlockFs::launder_folio(Mapping& mapping, Folio& folio) {
  return static_cast<BlockInode&>(host_of(mapping)).launder_folio(folio);
}

// What is dirty is nowhere else: it stays, and its reader is told. Linux: mm/memory-failure.c me_pagecache_clean()
bool BlockFs::error_remove_folio(Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  if (folio.test(FolioFlag::dirty)) return false;
  truncate_inode_folio(mapping, folio);
  return true;
}

// Linux: mm/filemap.c file_write_and_wait_range(), mm/page-writeback.c write_cache_pages()
Errno BlockInode::fsync(Range<FileIndex> range) {
  QUIRE_FUNC();
  WritebackControl wbc = WritebackControl::integrity(range);
  (void)for_each_folio(mapping_, range, [&](Folio& folio) {
    LockedFolio locked(folio);
    if (folio.mapping() != &mapping_) {
      QUIRE_REACHED("write_cache_pages: folio left the file");
      return;
    }
    folio.wait_writeback();
    if (!folio_clear_dirty_for_io(folio)) return;
    (void)locked.release();
    (void)writepage(folio, wbc);
  });
  return Errno::ok;
}

}  // namespace quire::fs
