// Bringing pages into the cache: look-up, fault, pread.
#include "fs/block_fs.h"
#include "fs/payload.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {
using cache::FaultOutcome;
}  // namespace

// The locked folio, made and read if need be. A read that fails leaves it in the cache, not uptodate: the next one
// tries again. The caller has invalidate_lock, or i_rwsem when it is about to write.
// Linux: mm/filemap.c filemap_create_folio(), filemap_read_folio()
Result<HeldFolio> BlockInode::filemap_read_folio(FileIndex index, Fill fill) {
  QUIRE_FUNC();
  Result<HeldFolio> got = mapping_.find_or_create_folio(fs_.env_.folios, index, mapping_.flags().gfp_mask());
  if (!got) return got.error();
  HeldFolio held = std::move(*got);
  Folio& folio = *held.folio;
  if (fill == Fill::overwrite || folio.uptodate()) return held;
  Errno error = store_.read_page(index, fs_.env_.folios.frames().payload(folio.pfn()));
  folio.add_lru(error == Errno::ok ? FolioFlag::uptodate : FolioFlag::none);
  if (error != Errno::ok) {
    QUIRE_POINT("read error", "index {}", index.value());
    return error;
  }
  return held;
}

// Linux: mm/filemap.c filemap_fault()
cache::FaultResult BlockInode::filemap_fault(FileIndex index) {
  QUIRE_FUNC();
  if (index >= index_after(size_.load())) return {FaultOutcome::beyond_end, {}, {}};
  HeldFolio held = mapping_.lock_folio(index);
  if (!held.folio || !held.folio->uptodate()) {
    held.locked.unlock();
    held.folio.reset();
    sync::SharedGuard guard(invalidate_lock_);
    Result<HeldFolio> read = filemap_read_folio(index, Fill::read);
    if (!read) return {read.error() == Errno::enomem ? FaultOutcome::no_memory : FaultOutcome::io_error, {}, {}};
    held = std::move(*read);
  }
  if (index >= index_after(size_.load())) {
    // Beyond the end there are zeros at most: it may stay in the cache.
    QUIRE_REACHED("filemap_fault: truncated meanwhile");
    return {FaultOutcome::beyond_end, {}, {}};
  }
  if (held.folio->test(FolioFlag::hwpoison)) return {FaultOutcome::hwpoison, {}, {}};
  return {FaultOutcome::found, std::move(held.folio), std::move(held.locked)};
}

cache::FaultResult BlockFs::fault(Mapping& mapping, FileIndex index) {
  return static_cast<BlockInode&>(host_of(mapping)).filemap_fault(index);
}

Result<HeldFolio> BlockFs::find_or_create(Mapping& mapping, FileIndex index, Gfp gfp) {
  return mapping.find_or_create_folio(env_.folios, index, gfp);
}

// Uptodate, not locked: who reads a page that is truncated at this moment may see it as it was.
// Linux: mm/filemap.c filemap_get_pages()
Result<FolioRef> BlockInode::filemap_get_pages(FileIndex index) {
  FolioRef folio = mapping_.get_folio(index);
  if (folio && folio->uptodate()) return folio;
  folio.reset();
  sync::SharedGuard guard(invalidate_lock_);
  Result<HeldFolio> read = filemap_read_folio(index, Fill::read);
  if (!read) return read.error();
  read->locked.unlock();
  return std::move(read->folio);
}

// Linux: mm/filemap.c filemap_read()
Result<uint64_t> BlockInode::filemap_read(std::span<std::byte> to, uint64_t offset, FileReadahead* ra) {
  QUIRE_FUNC();
  uint64_t done = 0;
  while (done < to.size() && offset + done < size_.load()) {
    uint64_t at = offset + done;
    if (ra != nullptr) read_ahead(*ra, index_of(at), (index_after(offset + to.size()) - index_of(at)).value());
    Result<FolioRef> folio = filemap_get_pages(index_of(at));
    if (folio && (*folio)->test(FolioFlag::hwpoison)) folio = Errno::eio;
    if (!folio) {
      if (done == 0) return folio.error();
      break;
    }
    // The size again, now that the page is known to have what the file has.
    uint64_t size = size_.load();
    if (at >= size) break;
    (*folio)->mark_accessed();
    uint64_t n = std::min({base::kPageSize - offset_in_page(at), to.size() - done, size - at});
    read_user(fs_.env_.folios.frames(), (*folio)->pfn(), static_cast<uint32_t>(offset_in_page(at)),
              to.subspan(done, n));
    done += n;
  }
  if (ra != nullptr && done != 0) ra->note_read(index_of(offset + done - 1));
  return done;
}

}  // namespace quire::fs
