// Taking pages out of a file: truncation, hole punch, eviction, and giving pages to it by fallocate.
#include "fs/payload.h"
#include "fs/tmpfs.h"
#include "fs/truncate.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {
constexpr std::size_t kUndoBatch = 8;

// Whether all of the folio (locked) is in `range`; one that has left the file may be anything.
bool inside(const Folio& folio, Range<FileIndex> range) {
  return !folio.is_large() || range.contains(Range<FileIndex>::of(folio.index(), folio.pages()));
}
}  // namespace

// Returns the pages that were in swap and are gone. Linux: mm/shmem.c shmem_free_swap()
int TmpFs::shmem_free_swap(Mapping& mapping, FileIndex index, SwapEntry entry, Range<FileIndex> range) {
  QUIRE_FUNC();
  bool order_first = env_.defects.has(base::Defect::D2_9);
  PageCount pages_before = order_first ? mapping.get_entry(index).entry.order().pages() : PageCount(0);
  Range<FileIndex> taken = mapping.take_value(index, entry, range);
  if (taken.empty()) return 0;
  if (order_first) taken = Range<FileIndex>::of(index.align_down(pages_before), pages_before);
  QUIRE_POINT("value entry is gone", "index {} held slot {}", index.value(), entry.offset().value());
  // Nothing is held here: only a device reference taken inside keeps the maps.
  if (entry == swapin_error_entry()) return 0;
  SwapEntry first = entry - (index - taken.start());
  for (FileIndex i : taken) (void)env_.swap.free_swap_and_cache(first + (i - taken.start()), swap::FreeCaller::tmpfs);
  return static_cast<int>(taken.size().value());
}

void TmpFs::forget_swapped(TmpfsInode& inode, FileIndex index) {
  cache::IndexEntry entry = inode.mapping_.get_entry(index).entry;
  if (!entry.is_value()) return;
  int freed = shmem_free_swap(inode.mapping_, index, entry.swap(), Range<FileIndex>::of(index, PageCount(1)));
  shmem_recalc_inode(inode, 0, -freed);
}

// Its contents are nowhere else, so it stays, and whoever asks for it is told. Linux: mm/shmem.c
// shmem_error_remove_folio()
bool TmpFs::error_remove_folio(Mapping& mapping, Folio& folio) {
  if (!env_.defects.has(base::Defect::D1_14)) return false;
  truncate_inode_folio(mapping, folio);
  return true;
}

// The first pass: whatever can be had without waiting. Linux: mm/shmem.c shmem_undo_range(), find_lock_entries()
int TmpFs::undo_locked_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo) {
  Mapping& mapping = inode.mapping_;
  Mapping::Found batch[kUndoBatch];
  int swaps_freed = 0;
  for (FileIndex index = range.start(); index < range.limit();) {
    std::size_t n = mapping.find_get_entries({index, range.limit()}, batch);
    for (std::size_t i = 0; i < n; ++i) {
      Mapping::Found& found = batch[i];
      index = found.after();
      if (found.entry.is_value()) {
        if (undo == Undo::everything) swaps_freed += shmem_free_swap(mapping, found.index, found.entry.swap(), range);
      } else if (LockedFolio locked = LockedFolio::try_lock(*found.folio)) {
        bool wanted = undo == Undo::everything || !locked->uptodate();
        if (wanted && inside(*locked, range)) truncate_inode_folio(mapping, *locked);
      }
      found.folio.reset();
    }
    if (n < kUndoBatch) break;
  }
  return swaps_freed;
}

// One entry of the second pass. Linux: mm/shmem.c shmem_undo_range()
TmpFs::UndoStep TmpFs::undo_entry(TmpfsInode& inode, Mapping::Found& found, Range<FileIndex> range, Undo undo,
                                  int& swaps_freed) {
  Mapping& mapping = inode.mapping_;
  if (found.entry.is_value()) {
    if (undo != Undo::everything) return UndoStep::done;
    int freed = shmem_free_swap(mapping, found.index, found.entry.swap(), range);
    swaps_freed += freed;
    return freed != 0 || found.entry.swap() == swapin_error_entry() ? UndoStep::done : UndoStep::changed;
  }
  LockedFolio locked(*found.folio);
  if (undo != Undo::everything && locked->uptodate()) return UndoStep::done;
  if (locked->mapping() != &mapping) return UndoStep::changed;
  if (!inside(*locked, range)) {
    QUIRE_REACHED("shmem_undo_range: a huge page came back across the end of the range");
    auto extent = Range<FileIndex>::of(locked->index(), locked->pages());
    return truncate_inode_partial_folio(env_, *locked, extent.intersection(range)) ? UndoStep::split
                                                                                   : UndoStep::changed;
  }
  truncate_inode_folio(mapping, *locked);
  return UndoStep::done;
}

// The second pass: everything, waiting for folio locks, until nothing is left. Linux: mm/shmem.c shmem_undo_range()
int TmpFs::undo_all_pass(TmpfsInode& inode, Range<FileIndex> range, Undo undo) {
  Mapping::Found batch[kUndoBatch];
  int swaps_freed = 0;
  FileIndex index = range.start();
  while (index < range.limit()) {
    std::size_t n = inode.mapping_.find_get_entries({index, range.limit()}, batch);
    if (n == 0) {
      if (index == range.start() || range.limit() != kNoEnd) break;
      index = range.start();
      continue;
    }
    auto step = UndoStep::done;
    for (std::size_t i = 0; i < n && step == UndoStep::done; ++i) {
      index = batch[i].after();
      step = undo_entry(inode, batch[i], range, undo, swaps_freed);
      if (step == UndoStep::changed) QUIRE_REACHED("shmem_undo_range: page and swap entry changed places");
      if (step != UndoStep::done) index = batch[i].index;
    }
    for (Mapping::Found& found : std::span(batch, n)) found.folio.reset();
    if (step == UndoStep::changed) sync::retry_point("shmem_undo_range");
  }
  return swaps_freed;
}

// Linux: mm/shmem.c shmem_undo_range(), its partial folios
void TmpFs::zero_partial(TmpfsInode& inode, FileIndex index, uint64_t from, uint64_t to) {
  Result<ShmemFolio> got = shmem_get_folio(inode, index, Sgp::read);
  if (!got || !got->folio) return;
  zero_user(env_.folios.frames(), got->folio->pfn_at(index), static_cast<uint32_t>(from), static_cast<uint32_t>(to));
  got->folio->set(FolioFlag::dirty);
}

// Linux: mm/shmem.c shmem_undo_range()
void TmpFs::shmem_undo_range(TmpfsInode& inode, ByteRange bytes, Undo undo) {
  QUIRE_FUNC();
  Range<FileIndex> whole = split_partial_folios(env_, inode.mapping_, whole_pages(bytes));
  int swaps_freed = undo_locked_pass(inode, whole, undo);
  for_each_partial_page(bytes,
                        [&](FileIndex index, uint64_t from, uint64_t to) { zero_partial(inode, index, from, to); });
  swaps_freed += undo_all_pass(inode, whole, undo);
  if (undo == Undo::everything) undo_vector(inode, whole);
  shmem_recalc_inode(inode, 0, -swaps_freed);
}

// Linux: mm/shmem.c shmem_setattr()
Errno TmpfsInode::ftruncate(uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  update_time();
  uint64_t before = size_.load();
  if (bytes != before) size_.store(bytes);
  if (bytes > before) return Errno::ok;
  Range<FileIndex> beyond = whole_pages({bytes});
  bool unmap = before > bytes_before(beyond.start());
  rmap::EvenCows taken = truncation_takes(fs_.env_);
  if (unmap) rmap::unmap_mapping_range(mapping_, beyond, taken);
  fs_.shmem_undo_range(*this, {bytes}, TmpFs::Undo::everything);
  // Private copies made between the first unmapping and the removal of their page go now.
  if (unmap && !fs_.env_.defects.has(base::Defect::D1_9)) rmap::unmap_mapping_range(mapping_, beyond, taken);
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_fallocate(), FALLOC_FL_PUNCH_HOLE
void TmpFs::shmem_punch_hole(TmpfsInode& inode, ByteRange bytes) {
  QUIRE_FUNC();
  Range<FileIndex> whole = whole_pages(bytes);
  if (whole.empty()) return shmem_undo_range(inode, bytes, Undo::everything);
  // Stands in this function's frame: gone when it returns, whoever still looks at it.
  sync::Box<ShmemFalloc> hole = sync::make_box<ShmemFalloc>(whole);
  inode.falloc_.publish(*hole);
  rmap::unmap_mapping_range(inode.mapping_, whole, punch_takes(env_));
  shmem_undo_range(inode, bytes, Undo::everything);
  inode.falloc_.end();
}

// Linux: mm/shmem.c shmem_fallocate()
Errno TmpFs::shmem_allocate(TmpfsInode& inode, PunchMode mode, ByteRange bytes) {
  QUIRE_FUNC();
  uint64_t pages = index_after(bytes.to).value() - index_of(bytes.from).value();
  uint64_t limit = inode.mount() != nullptr ? inode.mount()->limit_pages() : 0;
  if (limit != 0 && pages > limit) return Errno::enospc;
  for (FileIndex index = index_of(bytes.from); index < index_after(bytes.to); ++index) {
    Result<ShmemFolio> got = shmem_get_folio(inode, index, Sgp::falloc);
    if (!got) {
      ByteRange unused{bytes_before(index_of(bytes.from)), bytes_before(index)};
      if (unused.from < unused.to) shmem_undo_range(inode, unused, Undo::unused_fallocated);
      return got.error();
    }
    got->folio->add_lru(FolioFlag::dirty);
  }
  if (mode == PunchMode::allocate && bytes.to > inode.size()) inode.size_.store(bytes.to);
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_fallocate()
Errno TmpfsInode::fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes == 0) return Errno::einval;
  if (offset + bytes < offset || offset + bytes > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  ByteRange range{offset, offset + bytes};
  Errno error = Errno::ok;
  if (mode == PunchMode::punch_hole)
    fs_.shmem_punch_hole(*this, range);
  else
    error = fs_.shmem_allocate(*this, mode, range);
  if (error == Errno::ok) update_time();
  return error;
}

}  // namespace quire::fs
