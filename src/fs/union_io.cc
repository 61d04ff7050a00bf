// Contents of a union's files: read, write, truncate, allocate, punch, synchronise.
#include <algorithm>

#include "fs/folio_walk.h"
#include "fs/payload.h"
#include "fs/truncate.h"
#include "fs/union_fs.h"
#include "fs/writeback.h"
#include "sync/trace.h"

namespace quire::fs {

Errno UnionInode::open_for_write() { return copy_up(); }

// Linux: mm/filemap.c filemap_read()
Result<uint64_t> UnionInode::pread(std::span<std::byte> to, uint64_t offset) {
  QUIRE_FUNC();
  if (kind_ == FileKind::directory) return Errno::eisdir;
  uint64_t done = 0;
  while (done < to.size() && offset + done < size_.load()) {
    uint64_t at = offset + done;
    FolioRef folio = mapping_.get_folio(index_of(at));
    Errno error = Errno::ok;
    if (!folio || !folio->uptodate()) {
      Result<HeldFolio> read = read_folio(index_of(at));
      error = read.error();
      if (read) folio = std::move(read->folio);
    }
    if (error == Errno::ok && folio->test(FolioFlag::hwpoison)) error = Errno::eio;
    if (error != Errno::ok) {
      if (done == 0) return error;
      break;
    }
    uint64_t size = size_.load();
    if (at >= size) break;
    folio->mark_accessed();
    uint64_t n = std::min({base::kPageSize - offset_in_page(at), to.size() - done, size - at});
    read_user(fs_.env_.folios.frames(), folio->pfn(), static_cast<uint32_t>(offset_in_page(at)), to.subspan(done, n));
    done += n;
  }
  return done;
}

// The file is one of the upper layer, and as long there as it is going to be here. i_rwsem is held.
Errno UnionInode::write_begin(uint64_t end) {
  Errno error = copy_up();
  if (error != Errno::ok || end <= upper()->size()) return error;
  return upper()->ftruncate(end);
}

// Linux: mm/filemap.c generic_perform_write(); unionfs_write_begin()
Result<uint64_t> UnionInode::pwrite(std::span<const std::byte> from, uint64_t offset) {
  QUIRE_FUNC();
  if (offset + from.size() > kSizeMax) return Errno::efbig;
  if (from.empty()) return uint64_t{0};
  sync::Guard guard(i_rwsem_);
  Errno error = write_begin(offset + from.size());
  uint64_t done = 0;
  while (done < from.size() && error == Errno::ok) {
    uint64_t at = offset + done;
    uint64_t in_page = offset_in_page(at);
    uint64_t n = std::min(base::kPageSize - in_page, from.size() - done);
    Result<HeldFolio> got = read_folio(index_of(at));
    if (got && got->folio->test(FolioFlag::hwpoison)) got = Errno::eio;
    error = got.error();
    if (!got) break;
    write_user(fs_.env_.folios.frames(), got->folio->pfn(), static_cast<uint32_t>(in_page), from.subspan(done, n));
    (void)fs_.dirty_folio(mapping_, *got->folio);
    got->folio->mark_accessed();
    if (at + n > size_.load()) size_.store(at + n);
    done += n;
  }
  if (done == 0) return error;
  upper()->update_time();
  return done;
}

// Shorter: what is cached here goes first, then the real file's end; what came from it between is zeroed once more.
Errno UnionInode::ftruncate(uint64_t bytes) {
  QUIRE_FUNC();
  if (kind_ == FileKind::directory) return Errno::eisdir;
  if (bytes > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  Errno error = copy_up();
  if (error != Errno::ok) return error;
  uint64_t before = size_.load();
  if (bytes > before) {
    error = upper()->ftruncate(bytes);
    if (error == Errno::ok) size_.store(bytes);
    return error;
  }
  truncate_setsize(fs_.env_, mapping_, size_, bytes);
  error = upper()->ftruncate(bytes);
  truncate_inode_pages_range(fs_.env_, mapping_, {bytes});
  return error;
}

// Linux: fs/overlayfs/file.c ovl_fallocate()
Errno UnionInode::fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) {
  QUIRE_FUNC();
  if (kind_ == FileKind::directory) return Errno::eisdir;
  if (bytes == 0) return Errno::einval;
  if (offset + bytes < offset || offset + bytes > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  Errno error = copy_up();
  if (error != Errno::ok) return error;
  if (mode == PunchMode::punch_hole) return punch({offset, std::min(offset + bytes, size_.load())});
  error = upper()->fallocate(mode, offset, bytes);
  if (error == Errno::ok && mode == PunchMode::allocate && offset + bytes > size_.load()) size_.store(offset + bytes);
  return error;
}

// The pages here become zeros before the real file loses its own: as long as they are cached nobody is given what is
// being punched, and what is written out meanwhile is zeros too. Then those that need not be kept go.
Errno UnionInode::punch(ByteRange range) {
  if (range.from >= range.to) return Errno::ok;
  rmap::unmap_mapping_range(mapping_, whole_pages(range), punch_takes(fs_.env_));
  for (FileIndex index = index_of(range.from); index < index_after(range.to); ++index) {
    Result<HeldFolio> held = read_folio(index);
    if (!held) return held.error();
    uint64_t start = std::max(range.from, bytes_before(index));
    uint64_t end = std::min(range.to, bytes_before(index.next()));
    held->folio->wait_writeback();
    zero_user(fs_.env_.folios.frames(), held->folio->pfn(), static_cast<uint32_t>(start - bytes_before(index)),
              static_cast<uint32_t>(end - bytes_before(index)));
    (void)fs_.dirty_folio(mapping_, *held->folio);
  }
  Errno error = upper()->fallocate(PunchMode::punch_hole, range.from, range.to - range.from);
  if (error == Errno::ok) drop_zeros(whole_pages(range));
  return error;
}

// A page that nobody maps, that is all zeros and a hole in the real file, has nothing to write: else a punch would make
// of each page one of zeros.
void UnionInode::drop_zeros(Range<FileIndex> range) {
  (void)for_each_folio(mapping_, range, [&](Folio& folio) {
    LockedFolio locked(folio);
    if (folio.mapping() != &mapping_ || folio.mapped() || folio.under_writeback()) return;
    std::span<std::byte> payload = fs_.env_.folios.frames().payload(folio.pfn());
    sync::region_read(payload.data(), "page");
    bool zeros = std::all_of(payload.begin(), payload.end(), [](std::byte b) { return b == std::byte{0}; });
    if (zeros && upper()->mapping().get_entry(folio.index()).entry.none()) truncate_inode_folio(mapping_, folio);
  });
}

// What is dirty here may be a hole there. Linux: fs/overlayfs/file.c ovl_llseek()
Result<uint64_t> UnionInode::seek(Seek what, uint64_t offset) {
  if (upper() != nullptr) {
    Errno error = fsync({FileIndex(0), kNoEnd});
    if (error != Errno::ok) return error;
  }
  return real().seek(what, offset);
}

// Linux: fs/overlayfs/file.c ovl_fsync()
Errno UnionInode::fsync(Range<FileIndex> range) {
  QUIRE_FUNC();
  if (upper() == nullptr || kind_ != FileKind::regular) return Errno::ok;
  Errno error = filemap_write_and_wait(mapping_, range);
  Errno lower = upper()->fsync(range);
  return error != Errno::ok ? error : lower;
}

void UnionInode::check(sync::CheckReport& report) const {
  using sync::Failure;
  const phys::Frames& frames = fs_.env_.folios.frames();
  const Inode* up = upper_.peek();
  const Mapping& lower = (up != nullptr ? *up : *lowers_[0]).mapping();
  // The mask of a layer's mapping is nobody's to change.
  report.expect(lower.flags().peek_gfp_mask() == Gfp::user(), Failure::check,
                "union: the allocation mask of a layer's file has changed");
  mapping_.peek_entries([&](FileIndex index, cache::IndexEntry entry) {
    if (!entry.is_folio()) return report.fail(Failure::check, "union: index {} holds a value", index.value());
    FolioFlag flags = entry.folio().peek_flags();
    bool dirty = cache::any(flags & FolioFlag::dirty);
    report.expect(!dirty || up != nullptr, Failure::check, "union I2: index {} is dirty and was not copied up",
                  index.value());
    bool same = cache::any(flags & FolioFlag::uptodate) && !dirty && entry.folio().peek_mapcount() == 0;
    if (!same || cache::any(flags & FolioFlag::hwpoison)) return;
    cache::IndexEntry below = lower.peek_entry(index);
    if (!below.is_folio() || !cache::any(below.folio().peek_flags() & FolioFlag::uptodate)) return;
    std::span<std::byte> here = frames.payload(entry.folio().pfn());
    std::span<std::byte> there = frames.payload(below.folio().pfn() + (index - below.folio().peek_index()));
    report.expect(below.folio().peek_mapcount() != 0 || std::equal(here.begin(), here.end(), there.begin()),
                  Failure::lost_store, "union I1: index {} is clean but not what the layer has", index.value());
  });
  mapping_.check(report);
}

}  // namespace quire::fs
