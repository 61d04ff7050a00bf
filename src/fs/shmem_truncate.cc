// Taking pages out of a file: truncation, hole punch, eviction, and giving pages to it by fallocate.
#include "fs/payload.h"
#include "fs/tmpfs.h"
#include "rmap/mapped_range.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

constexpr std::size_t kBatch = 8;
constexpr FileIndex kNoEnd{~uint64_t{0}};

FileIndex index_of(uint64_t bytes) { return FileIndex(bytes >> base::kPageShift); }
FileIndex index_after(uint64_t bytes) { return FileIndex((bytes + base::kPageSize - 1) >> base::kPageShift); }
uint64_t offset_in_page(uint64_t bytes) { return bytes & (base::kPageSize - 1); }

}  // namespace

// Linux: mm/shmem.c shmem_free_swap()
int TmpFs::shmem_free_swap(Mapping& mapping, FileIndex index, SwapEntry entry) {
  QUIRE_FUNC();
  if (!mapping.replace_value(index, entry)) return 0;
  QUIRE_POINT("value entry is gone", "index {} held slot {}", index.value(), entry.offset().value());
  // Nothing is held here: only a device reference taken inside keeps the maps.
  if (entry == swapin_error_entry()) return 0;
  (void)env_.swap.free_swap_and_cache(entry, swap::FreeCaller::tmpfs);
  return 1;
}

// Linux: mm/truncate.c truncate_inode_folio(), the folio is locked
void TmpFs::truncate_inode_folio(Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  if (folio.mapping() != &mapping) return;
  if (folio.mapped()) rmap::unmap_mapping_folio(mapping, folio);
  mapping.remove_folio(folio);
  folio.put(static_cast<int>(folio.pages().value()));
}

// The first pass: whatever can be had without waiting. Linux: mm/shmem.c shmem_undo_range(), find_lock_entries()
int TmpFs::undo_locked_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo) {
  Mapping& mapping = inode.mapping_;
  Mapping::Found batch[kBatch];
  int swaps_freed = 0;
  for (FileIndex index = range.start(); index < range.limit();) {
    std::size_t n = mapping.find_get_entries({index, range.limit()}, batch);
    for (std::size_t i = 0; i < n; ++i) {
      Mapping::Found& found = batch[i];
      index = found.after();
      if (found.entry.is_value()) {
        if (undo == Undo::everything) swaps_freed += shmem_free_swap(mapping, found.index, found.entry.swap());
      } else if (LockedFolio locked = LockedFolio::try_lock(*found.folio)) {
        if (undo == Undo::everything || !locked->uptodate()) truncate_inode_folio(mapping, *locked);
      }
      found.folio.reset();
    }
    if (n < kBatch) break;
  }
  return swaps_freed;
}

// One entry of the second pass; false: it has changed meanwhile, look again. Linux: mm/shmem.c shmem_undo_range()
bool TmpFs::undo_entry(TmpfsInode& inode, Mapping::Found& found, Undo undo, int& swaps_freed) {
  Mapping& mapping = inode.mapping_;
  if (found.entry.is_value()) {
    if (undo != Undo::everything) return true;
    int freed = shmem_free_swap(mapping, found.index, found.entry.swap());
    swaps_freed += freed;
    return freed != 0 || found.entry.swap() == swapin_error_entry();
  }
  LockedFolio locked(*found.folio);
  if (undo != Undo::everything && locked->uptodate()) return true;
  if (locked->mapping() != &mapping) return false;
  truncate_inode_folio(mapping, *locked);
  return true;
}

// The second pass: everything, waiting for folio locks, until nothing is left. Linux: mm/shmem.c shmem_undo_range()
int TmpFs::undo_all_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo) {
  Mapping::Found batch[kBatch];
  int swaps_freed = 0;
  FileIndex index = range.start();
  while (index < range.limit()) {
    std::size_t n = inode.mapping_.find_get_entries({index, range.limit()}, batch);
    if (n == 0) {
      if (index == range.start() || range.limit() != kNoEnd) break;
      index = range.start();
      continue;
    }
    bool again = false;
    for (std::size_t i = 0; i < n && !again; ++i) {
      index = batch[i].after();
      if (!undo_entry(inode, batch[i], undo, swaps_freed)) {
        QUIRE_REACHED("shmem_undo_range: page and swap entry changed places");
        index = batch[i].index;
        again = true;
      }
    }
    for (Mapping::Found& found : std::span(batch, n)) found.folio.reset();
    if (again) sync::retry_point("shmem_undo_range");
  }
  return swaps_freed;
}

// Linux: mm/shmem.c shmem_undo_range(), its partial folios
void TmpFs::zero_partial(TmpfsInode& inode, FileIndex index, uint64_t from, uint64_t to) {
  Result<ShmemFolio> got = shmem_get_folio(inode, index, Sgp::read);
  if (!got || !got->folio) return;
  zero_user(env_.folios.frames(), got->folio->pfn(), static_cast<uint32_t>(from), static_cast<uint32_t>(to));
  got->folio->set(FolioFlag::dirty);
}

// Linux: mm/shmem.c shmem_undo_range()
void TmpFs::shmem_undo_range(TmpfsInode& inode, uint64_t from, uint64_t to, Undo undo) {
  QUIRE_FUNC();
  FileIndex start = index_after(from);
  FileIndex end = to == kToEnd ? kNoEnd : index_of(to);
  Range<FileIndex> whole = start < end ? Range<FileIndex>(start, end) : Range<FileIndex>(start, start);
  int swaps_freed = undo_locked_pass(inode, whole, undo);
  bool one_page = to != kToEnd && index_of(from) == index_of(to);
  if (one_page) {
    if (from < to) zero_partial(inode, index_of(from), offset_in_page(from), offset_in_page(to));
  } else {
    if (offset_in_page(from) != 0) zero_partial(inode, index_of(from), offset_in_page(from), base::kPageSize);
    if (to != kToEnd && offset_in_page(to) != 0) zero_partial(inode, index_of(to), 0, offset_in_page(to));
  }
  swaps_freed += undo_all_pass(inode, whole, undo);
  shmem_recalc_inode(inode, 0, -swaps_freed);
}

// Linux: mm/shmem.c shmem_setattr()
Errno TmpfsInode::ftruncate(uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes > uint64_t{1} << 62) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  uint64_t before = size_.load();
  if (bytes != before) size_.store(bytes);
  if (bytes > before) return Errno::ok;
  Range<FileIndex> beyond(index_after(bytes), kNoEnd);
  bool unmap = before > beyond.start().value() << base::kPageShift;
  if (unmap) rmap::unmap_mapping_range(mapping_, beyond, rmap::EvenCows::zap);
  fs_.shmem_undo_range(*this, bytes, TmpFs::kToEnd, TmpFs::Undo::everything);
  // Private copies made between the first unmapping and the removal of their page go now.
  if (unmap) rmap::unmap_mapping_range(mapping_, beyond, rmap::EvenCows::zap);
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_fallocate(), FALLOC_FL_PUNCH_HOLE
void TmpFs::shmem_punch_hole(TmpfsInode& inode, uint64_t offset, uint64_t end) {
  QUIRE_FUNC();
  FileIndex first = index_after(offset);
  Range<FileIndex> whole(first, std::max(first, index_of(end)));
  if (!whole.empty()) {
    inode.falloc_.store(whole.start().value() << 32 | (whole.limit().value() & 0xffff'ffff));
    rmap::unmap_mapping_range(inode.mapping_, whole, rmap::EvenCows::keep);
  }
  shmem_undo_range(inode, offset, end, Undo::everything);
  if (whole.empty()) return;
  inode.falloc_.store(0);
  inode.falloc_.wake_all();
}

// Linux: mm/shmem.c shmem_fallocate()
Errno TmpFs::shmem_allocate(TmpfsInode& inode, PunchMode mode, uint64_t offset, uint64_t end) {
  QUIRE_FUNC();
  for (FileIndex index = index_of(offset); index < index_after(end); ++index) {
    Result<ShmemFolio> got = shmem_get_folio(inode, index, Sgp::falloc);
    if (!got) {
      uint64_t start = offset - offset_in_page(offset);
      uint64_t reached = index.value() << base::kPageShift;
      if (start < reached) shmem_undo_range(inode, start, reached, Undo::unused_fallocated);
      return got.error();
    }
    got->folio->set(FolioFlag::dirty | FolioFlag::lru);
  }
  if (mode == PunchMode::allocate && end > inode.size()) inode.size_.store(end);
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_fallocate()
Errno TmpfsInode::fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes == 0) return Errno::einval;
  if (offset + bytes < offset || offset + bytes > uint64_t{1} << 43) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  if (mode != PunchMode::punch_hole) return fs_.shmem_allocate(*this, mode, offset, offset + bytes);
  fs_.shmem_punch_hole(*this, offset, offset + bytes);
  return Errno::ok;
}

}  // namespace quire::fs
