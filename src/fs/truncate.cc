#include "fs/truncate.h"

#include "fs/folio_walk.h"
#include "fs/payload.h"
#include "rmap/migrate.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

using base::Defect;
using rmap::EvenCows;

// What can be had without waiting. Linux: mm/truncate.c truncate_inode_pages_range(), mm/filemap.c find_lock_entries()
void truncate_without_waiting(Mapping& mapping, Range<FileIndex> range) {
  (void)for_each_folio(mapping, range, [&](Folio& folio) {
    LockedFolio locked = LockedFolio::try_lock(folio);
    if (locked && !folio.under_writeback()) truncate_inode_folio(mapping, folio);
  });
}

// Everything that is there. Linux: mm/truncate.c truncate_inode_pages_range()
std::size_t truncate_waiting(Mapping& mapping, Range<FileIndex> range) {
  return for_each_folio(mapping, range, [&](Folio& folio) {
    LockedFolio locked(folio);
    if (folio.mapping() != &mapping) QUIRE_REACHED("truncate_inode_pages_range: folio left the file");
    folio.wait_writeback();
    truncate_inode_folio(mapping, folio);
  });
}

// Linux: mm/truncate.c truncate_inode_partial_folio()
void truncate_partial(rmap::Environment& env, Mapping& mapping, FileIndex index, uint64_t from, uint64_t to) {
  FolioRef folio = mapping.get_folio(index);
  if (!folio) return;
  LockedFolio locked(*folio);
  if (folio->mapping() != &mapping) return;
  folio->wait_writeback();
  zero_user(env.folios.frames(), folio->pfn_at(index), static_cast<uint32_t>(from), static_cast<uint32_t>(to));
}

}  // namespace

bool truncate_inode_partial_folio(rmap::Environment& env, Folio& folio, Range<FileIndex> inside) {
  folio.wait_writeback();
  for (FileIndex i : inside) env.folios.frames().zero(folio.pfn_at(i));
  folio.set(FolioFlag::dirty);
  return rmap::split_folio(env, folio);
}

namespace {

// What stays of the range when the folio at `index`, if only in part inside, could not be split.
Range<FileIndex> split_at(rmap::Environment& env, Mapping& mapping, Range<FileIndex> range, FileIndex index) {
  FolioRef folio = mapping.get_folio(index);
  if (!folio || !folio->is_large()) return range;
  LockedFolio locked(*folio);
  if (folio->mapping() != &mapping || !folio->is_large()) return range;
  auto extent = Range<FileIndex>::of(folio->index(), folio->pages());
  Range<FileIndex> inside = extent.intersection(range);
  if (inside == extent || inside.empty()) return range;
  if (truncate_inode_partial_folio(env, *folio, inside)) return range;
  FileIndex start = inside.start() == range.start() ? inside.limit() : range.start();
  FileIndex end = inside.limit() == range.limit() ? inside.start() : range.limit();
  return {std::min(start, end), end};
}

// Linux: mm/truncate.c invalidate_complete_folio2()
bool invalidate_complete_folio2(Mapping& mapping, Folio& folio) {
  if (folio.mapping() != &mapping || folio.test(FolioFlag::dirty)) return false;
  mapping.remove_folio(folio);
  folio.put(static_cast<int>(folio.pages().value()));
  return true;
}

}  // namespace

EvenCows truncation_takes(const rmap::Environment& env) {
  return env.defects.has(Defect::D1_8) ? EvenCows::keep : EvenCows::zap;
}

EvenCows punch_takes(const rmap::Environment& env) {
  return env.defects.has(Defect::D1_8) ? EvenCows::zap : EvenCows::keep;
}

void truncate_inode_folio(Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  if (folio.mapping() != &mapping) return;
  if (folio.mapped()) rmap::unmap_mapping_folio(mapping, folio);
  mapping.remove_folio(folio);
  folio.put(static_cast<int>(folio.pages().value()));
}

Range<FileIndex> split_partial_folios(rmap::Environment& env, Mapping& mapping, Range<FileIndex> range) {
  if (range.empty()) return range;
  range = split_at(env, mapping, range, range.start());
  if (range.empty() || range.limit() == kNoEnd) return range;
  return split_at(env, mapping, range, FileIndex(range.limit().value() - 1));
}

void truncate_inode_pages_range(rmap::Environment& env, Mapping& mapping, ByteRange bytes) {
  QUIRE_FUNC();
  Range<FileIndex> whole = split_partial_folios(env, mapping, whole_pages(bytes));
  truncate_without_waiting(mapping, whole);
  for_each_partial_page(
      bytes, [&](FileIndex index, uint64_t from, uint64_t to) { truncate_partial(env, mapping, index, from, to); });
  while (truncate_waiting(mapping, whole) != 0) {
  }
}

void truncate_pagecache(rmap::Environment& env, Mapping& mapping, uint64_t size) {
  QUIRE_FUNC();
  Range<FileIndex> beyond = whole_pages({size});
  rmap::unmap_mapping_range(mapping, beyond, truncation_takes(env));
  truncate_inode_pages_range(env, mapping, {size});
  // Private copies made between the first unmapping and the removal of their page go now.
  if (!env.defects.has(Defect::D1_9)) rmap::unmap_mapping_range(mapping, beyond, truncation_takes(env));
}

void truncate_setsize(rmap::Environment& env, Mapping& mapping, FileSize& i_size, uint64_t size) {
  uint64_t before = i_size.load();
  i_size.store(size);
  if (size <= before) truncate_pagecache(env, mapping, size);
}

void truncate_pagecache_range(rmap::Environment& env, Mapping& mapping, ByteRange bytes) {
  QUIRE_FUNC();
  rmap::unmap_mapping_range(mapping, whole_pages(bytes), punch_takes(env));
  truncate_inode_pages_range(env, mapping, bytes);
}

// Linux: mm/truncate.c mapping_try_invalidate(), mapping_evict_folio()
uint64_t invalidate_mapping_pages(Mapping& mapping, Range<FileIndex> range) {
  QUIRE_FUNC();
  uint64_t removed = 0;
  (void)for_each_folio(mapping, range, [&](Folio& folio) {
    LockedFolio locked = LockedFolio::try_lock(folio);
    if (!locked || folio.mapping() != &mapping || folio.test(FolioFlag::dirty) || folio.under_writeback()) return;
    // The index's references, and that of this walk.
    int pages = static_cast<int>(folio.pages().value());
    if (folio.refcount() != pages + 1) return;
    mapping.remove_folio(folio);
    folio.put(pages);
    ++removed;
  });
  return removed;
}

Errno invalidate_inode_pages2_range(Mapping& mapping, Range<FileIndex> range) {
  QUIRE_FUNC();
  Errno result = Errno::ok;
  bool range_unmapped = false;
  (void)for_each_folio(mapping, range, [&](Folio& folio) {
    if (!range_unmapped && folio.mapped()) {
      // All at once, so that fewer folios have to be unmapped one by one.
      rmap::unmap_mapping_range(mapping, range, EvenCows::keep);
      range_unmapped = true;
    }
    LockedFolio locked(folio);
    if (folio.mapping() != &mapping) {
      QUIRE_REACHED("invalidate_inode_pages2_range: folio left the file");
      return;
    }
    folio.wait_writeback();
    if (folio.mapped()) {
      QUIRE_REACHED("invalidate_inode_pages2_range: mapped again");
      rmap::unmap_mapping_folio(mapping, folio);
    }
    QUIRE_ASSERT(!folio.mapped(), "a folio is mapped although it is locked and was unmapped");
    Errno error = mapping.ops().launder_folio(mapping, folio);
    if (error == Errno::ok && !invalidate_complete_folio2(mapping, folio)) error = Errno::ebusy;
    if (error != Errno::ok) result = error;
  });
  return result;
}

}  // namespace quire::fs
