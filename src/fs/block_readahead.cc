// Pages of a block-backed file that are read before anybody asks for them: fs/readahead.h says which.
#include <array>

#include "fs/block_fs.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {
constexpr std::size_t kRunMax = 32;
}  // namespace

/// Locked folios of pages that follow each other, which are read as one.
struct BlockInode::ReadRun {
  std::array<HeldFolio, kRunMax> folios;
  std::size_t count = 0;
  FileIndex first{0};
  [[nodiscard]] FileIndex next() const { return first + PageCount(count); }
};

// Linux: mm/readahead.c read_pages()
void BlockInode::read_run(ReadRun& run) {
  if (run.count == 0) return;
  std::array<PageRead, kRunMax> reads;
  for (std::size_t i = 0; i < run.count; ++i)
    reads[i].payload = fs_.env_.folios.frames().payload(run.folios[i].folio->pfn());
  store_.read_pages(run.first, std::span(reads.data(), run.count));
  for (std::size_t i = 0; i < run.count; ++i) {
    HeldFolio& held = run.folios[i];
    // What could not be read is read again by who needs it, and is told then.
    held.folio->add_lru(reads[i].error == Errno::ok ? FolioFlag::uptodate : FolioFlag::none);
    held.locked.unlock();
    held.folio.reset();
  }
  run.count = 0;
}

// A new locked folio for `index` at the end of the run, which is read first if it is full or somewhere else. A page
// that is there already stays as it is. -ENOMEM: nobody tries hard for what may not be needed.
Errno BlockInode::add_to_run(ReadRun& run, FileIndex index, Gfp gfp) {
  cache::Folios& folios = fs_.env_.folios;
  if (mapping_.get_folio(index)) return Errno::ok;
  Result<FolioRef> made = folios.alloc(gfp, base::Order(0));
  if (!made) return made.error();
  LockedFolio locked(**made);
  Errno error = mapping_.add_folio(**made, index);
  if (error == Errno::eexist) {
    QUIRE_REACHED("page_cache_ra_unbounded: somebody else was first");
    return Errno::ok;
  }
  if (error != Errno::ok) return error;
  (*made)->workingset_refault(cache::Lru::key(mapping_, index));
  if (run.count == kRunMax || (run.count != 0 && run.next() != index)) read_run(run);
  if (run.count == 0) run.first = index;
  run.folios[run.count++] = {std::move(*made), std::move(locked)};
  return Errno::ok;
}

uint32_t BlockInode::ra_pages() const { return fs_.ra_pages_; }

// Up to the end of the file. Linux: mm/readahead.c do_page_cache_ra(), page_cache_ra_unbounded()
void BlockInode::page_cache_ra(const ReadaheadWindow& window) {
  QUIRE_FUNC();
  FileIndex start(window.start);
  FileIndex end = std::min(index_after(size_.load()), FileIndex(window.start + window.size));
  if (start >= end) return;
  Gfp gfp = mapping_.flags().gfp_mask().without_retry();
  sync::SharedGuard guard(invalidate_lock_);
  ReadRun run;
  for (FileIndex index : Range<FileIndex>{start, end}) {
    if (add_to_run(run, index, gfp) != Errno::ok) break;
    bool marked = window.async_size != 0 && index.value() == window.mark();
    if (marked && run.count != 0 && index < run.next()) run.folios[run.count - 1].folio->set(FolioFlag::readahead);
  }
  read_run(run);
}

// Pages right before `index` that are cached. Linux: page_cache_prev_miss()
uint64_t BlockInode::cached_before(FileIndex index, uint64_t max) {
  uint64_t count = 0;
  while (count < max && count < index.value() && mapping_.get_folio(FileIndex(index.value() - count - 1))) ++count;
  return count;
}

// The first page from `index` on that is not cached. Linux: page_cache_next_miss()
uint64_t BlockInode::next_miss(FileIndex index, uint64_t max) {
  uint64_t at = index.value();
  while (at - index.value() < max && mapping_.get_folio(FileIndex(at))) ++at;
  return at;
}

void BlockInode::sync_readahead(FileReadahead& ra, FileIndex index, uint64_t wanted) {
  uint64_t before = ra.wants_history(index, wanted) ? cached_before(index, ra.max_pages()) : 0;
  page_cache_ra(ra.sync(index, wanted, before));
}

// Linux: mm/filemap.c filemap_readahead(), mm/readahead.c page_cache_async_ra()
void BlockInode::async_readahead(FileReadahead& ra, Folio& folio, FileIndex index, uint64_t wanted) {
  if (!folio.test(FolioFlag::readahead) || !folio.test_and_clear(FolioFlag::readahead)) return;
  uint64_t max = ra.max_pages();
  page_cache_ra(ra.async(index, wanted, next_miss(index.next(), max)));
}

// Before the page at `index` is read, the first of `wanted`.
void BlockInode::read_ahead(FileReadahead& ra, FileIndex index, uint64_t wanted) {
  FolioRef folio = mapping_.get_folio(index);
  if (!folio) {
    sync_readahead(ra, index, wanted);
    folio = mapping_.get_folio(index);
  }
  if (folio) async_readahead(ra, *folio, index, wanted);
}

// Linux: mm/filemap.c do_sync_mmap_readahead(), do_async_mmap_readahead()
void BlockInode::mmap_readahead(FileReadahead& ra, FileIndex index, rmap::ReadAdvice advice) {
  if (advice == rmap::ReadAdvice::random) return;
  QUIRE_FUNC();
  FolioRef folio = mapping_.get_folio(index);
  if (folio) {
    ra.mmap_hit();
    async_readahead(ra, *folio, index, ra.max_pages());
  } else if (advice == rmap::ReadAdvice::sequential) {
    sync_readahead(ra, index, std::max<uint64_t>(1, ra.max_pages()));
  } else {
    page_cache_ra(ra.around(index));
  }
}

// Linux: mm/readahead.c force_page_cache_ra()
void BlockInode::force_readahead(Range<FileIndex> range) {
  QUIRE_FUNC();
  FileIndex end = std::min(range.limit(), index_after(size_.load()));
  if (range.start() < end) page_cache_ra({range.start().value(), (end - range.start()).value(), 0});
}

}  // namespace quire::fs
