// From the program to the cache, and from the cache to the store: pwrite, writepage, fsync.
#include "fs/block_fs.h"
#include "fs/payload.h"
#include "fs/truncate.h"
#include "fs/writeback.h"
#include "sync/trace.h"

namespace quire::fs {

Errno BlockInode::allocate_at_write(FileIndex index) {
  return store_.allocates_at_write() ? store_.allocate(Range<FileIndex>::of(index, PageCount(1))) : Errno::ok;
}

// The locked folio that a program is about to write to, and room for it if this is when it gets some. A page that is
// overwritten need not be read. Linux: fs/buffer.c block_write_begin()
Result<HeldFolio> BlockInode::write_begin(FileIndex index, Fill fill) {
  Errno error = allocate_at_write(index);
  if (error != Errno::ok) return error;
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
    Errno error = write_part(from.subspan(done, n), at);
    if (error != Errno::ok) {
      if (done == 0) return error;
      break;
    }
    done += n;
    fs_.balance_dirty_pages(mapping_);
  }
  return done;
}

// All of it is in one page. The caller has i_rwsem.
Errno BlockInode::write_part(std::span<const std::byte> from, uint64_t offset) {
  Fill fill = from.size() == base::kPageSize ? Fill::overwrite : Fill::read;
  Result<HeldFolio> got = write_begin(index_of(offset), fill);
  if (!got) return got.error();
  auto in_page = static_cast<uint32_t>(offset_in_page(offset));
  write_user(fs_.env_.folios.frames(), got->folio->pfn(), in_page, from);
  got->folio->add_lru(FolioFlag::uptodate);
  (void)fs_.dirty_folio(mapping_, *got->folio);
  got->folio->mark_accessed();
  if (offset + from.size() > size_.load()) size_.store(offset + from.size());
  return Errno::ok;
}

// Linux: fs/buffer.c block_dirty_folio()
bool BlockFs::dirty_folio(Mapping& mapping, Folio& folio) {
  if (!mapping.filemap_dirty_folio(folio)) return false;
  if (wb_ != nullptr) wb_->mark_inode_dirty(static_cast<BlockInode&>(host_of(mapping)).wb_inode_);
  return true;
}

// A hole gets its block now, if this is when pages get them. What truncates or punches it waits for the folio's lock
// before it gives blocks back. Linux: fs/buffer.c block_page_mkwrite(), fs/ext4/inode.c ext4_page_mkwrite()
Errno BlockFs::page_mkwrite(Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  Errno error = static_cast<BlockInode&>(host_of(mapping)).allocate_at_write(folio.index());
  if (error == Errno::ok) (void)dirty_folio(mapping, folio);
  return error;
}

// Where the page goes to. Linux: get_block_t
Errno BlockInode::get_block(FileIndex index) {
  if (!sync::should_fail("get_block", store_.name().c_str())) return Errno::ok;
  QUIRE_POINT("no block", "index {}", index.value());
  return Errno::enospc;
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
    (void)fs_.dirty_folio(mapping_, folio);
    mapping_.set_error(error);
  }
  mapping_.end_writeback(folio);
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
  Errno error = get_block(index);
  if (error != Errno::ok) {
    folio_redirty_for_writepage(fs_.env_, mapping_, wbc, folio);
    folio.unlock();
    return error;
  }
  // What a program stores behind the end of the file in its last page is not the file's.
  if (index == index_of(size))
    zero_user(fs_.env_.folios.frames(), folio.pfn(), static_cast<uint32_t>(offset_in_page(size)), base::kPageSize);
  mapping_.start_writeback(folio);
  folio.unlock();
  // What the I/O came to is recorded; a device that is full says so before there is any.
  error = write_out(folio, index);
  if (error != Errno::ok) ++wbc.pages_skipped;
  return error == Errno::enospc ? error : Errno::ok;
}

Errno BlockFs::writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) {
  return static_cast<BlockInode&>(host_of(mapping)).writepage(folio, wbc);
}

// The folio stays locked, and nothing maps it. Linux: mm/truncate.c folio_launder()
Errno BlockInode::launder_folio(Folio& folio) {
  QUIRE_FUNC();
  if (!folio.test_and_clear(FolioFlag::dirty)) return Errno::ok;
  mapping_.start_writeback(folio);
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

Errno BlockFs::writepages(Mapping& mapping, WritebackControl& wbc) { return write_cache_pages(env_, mapping, wbc); }

}  // namespace quire::fs
