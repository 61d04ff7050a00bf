#include "rmap/mapped_range.h"

#include "sync/trace.h"

namespace quire::rmap {
namespace {

void zap_overlaps(cache::Mapping& mapping, Range<FileIndex> indexes, const ZapDetails& details) {
  sync::SharedGuard guard(mapping.i_mmap_rwsem);
  FileRanges::walk(mapping.i_mmap, indexes, [&](MappedRange& range) {
    Range<FileIndex> common = range.indexes().intersection(indexes);
    range.zap(Range<VirtPage>::of(range.page_of(common.start()), common.size()), details);
    return true;
  });
}

}  // namespace

void link_file_range(cache::Mapping& mapping, MappedRange& range) {
  sync::Guard guard(mapping.i_mmap_rwsem);
  FileRanges::insert(mapping.i_mmap, range, range.indexes());
}

void unlink_file_range(cache::Mapping& mapping, MappedRange& range) {
  sync::Guard guard(mapping.i_mmap_rwsem);
  FileRanges::remove(mapping.i_mmap, range);
}

void link_anon_range(MappedRange& range) {
  sync::Guard guard(range.anon_chains.own()->rwsem());
  range.anon_chains.insert(range.indexes());
}

void unlink_anon_range(AnonVmas& pool, MappedRange& range) {
  {
    sync::Guard guard(range.anon_chains.own()->rwsem());
    range.anon_chains.remove();
  }
  range.anon_chains.drop(pool);
}

LockedTrees::LockedTrees(cache::Mapping* mapping, AnonVma* anon_vma) QUIRE_NO_THREAD_SAFETY_ANALYSIS
    : mapping_(mapping),
      anon_vma_(anon_vma) {
  if (mapping_ != nullptr) mapping_->i_mmap_rwsem.lock();
  if (anon_vma_ != nullptr) anon_vma_->rwsem().lock();
}

LockedTrees::~LockedTrees() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (anon_vma_ != nullptr) anon_vma_->rwsem().unlock();
  if (mapping_ != nullptr) mapping_->i_mmap_rwsem.unlock();
}

void LockedTrees::link(MappedRange& range) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (mapping_ != nullptr) FileRanges::insert(mapping_->i_mmap, range, range.indexes());
  if (anon_vma_ != nullptr) range.anon_chains.insert(range.indexes());
}

void LockedTrees::unlink(MappedRange& range) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (anon_vma_ != nullptr) range.anon_chains.remove();
  if (mapping_ != nullptr) FileRanges::remove(mapping_->i_mmap, range);
}

void LockedTrees::resize(MappedRange& range, const MappedRange::Span& span) {
  unlink(range);
  range.span_ = span;
  link(range);
}

// Linux: mm/memory.c unmap_mapping_range(), unmap_mapping_pages()
void unmap_mapping_range(cache::Mapping& mapping, Range<FileIndex> indexes, EvenCows even_cows) {
  QUIRE_FUNC();
  if (indexes.empty()) return;
  zap_overlaps(mapping, indexes, {.even_cows = even_cows, .markers = Markers::keep, .from = ZapFrom::file});
}

// Linux: mm/memory.c unmap_mapping_folio()
void unmap_mapping_folio(cache::Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  zap_overlaps(mapping, Range<FileIndex>::of(folio.index(), folio.pages()),
               {.even_cows = EvenCows::keep, .markers = Markers::drop, .from = ZapFrom::file, .single_folio = &folio});
}

}  // namespace quire::rmap
