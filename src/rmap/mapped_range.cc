#include "rmap/mapped_range.h"

#include "sync/trace.h"

namespace quire::rmap {
namespace {

using Link = MappedRange* MappedRange::*;

void push(MappedRange*& first, MappedRange& range, Link next, Link previous) {
  range.*next = first;
  range.*previous = nullptr;
  if (first != nullptr) first->*previous = &range;
  first = &range;
}

void remove(MappedRange*& first, MappedRange& range, Link next, Link previous) {
  MappedRange* before = range.*previous;
  MappedRange* after = range.*next;
  (before != nullptr ? before->*next : first) = after;
  if (after != nullptr) after->*previous = before;
  range.*next = range.*previous = nullptr;
}

void zap_overlaps(cache::Mapping& mapping, Range<FileIndex> indexes, const ZapDetails& details) {
  sync::SharedGuard guard(mapping.i_mmap_rwsem);
  for (MappedRange* range = mapping.i_mmap_first; range != nullptr; range = range->file_next) {
    Range<FileIndex> common = range->indexes().intersection(indexes);
    if (!common.empty()) range->zap(Range<VirtPage>::of(range->page_of(common.start()), common.size()), details);
  }
}

}  // namespace

void link_file_range(cache::Mapping& mapping, MappedRange& range) {
  sync::Guard guard(mapping.i_mmap_rwsem);
  push(mapping.i_mmap_first, range, &MappedRange::file_next, &MappedRange::file_previous);
}

void unlink_file_range(cache::Mapping& mapping, MappedRange& range) {
  sync::Guard guard(mapping.i_mmap_rwsem);
  remove(mapping.i_mmap_first, range, &MappedRange::file_next, &MappedRange::file_previous);
}

void link_anon_range(AnonVma& anon_vma, MappedRange& range) {
  sync::Guard guard(anon_vma.rwsem);
  push(anon_vma.first, range, &MappedRange::anon_next, &MappedRange::anon_previous);
}

void unlink_anon_range(AnonVmas& pool, AnonVma& anon_vma, MappedRange& range) {
  {
    sync::Guard guard(anon_vma.rwsem);
    remove(anon_vma.first, range, &MappedRange::anon_next, &MappedRange::anon_previous);
  }
  pool.put(anon_vma);
}

void MappedRange::split_links(VirtPage at, MappedRange& upper, cache::Mapping* mapping,
                              AnonVma* anon_vma) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  if (mapping != nullptr) mapping->i_mmap_rwsem.lock();
  if (anon_vma != nullptr) anon_vma->rwsem.lock();
  pages_ = Range<VirtPage>(pages().start(), at);
  if (mapping != nullptr) push(mapping->i_mmap_first, upper, &MappedRange::file_next, &MappedRange::file_previous);
  if (anon_vma != nullptr) {
    push(anon_vma->first, upper, &MappedRange::anon_next, &MappedRange::anon_previous);
    anon_vma->rwsem.unlock();
  }
  if (mapping != nullptr) mapping->i_mmap_rwsem.unlock();
}

// Linux: mm/memory.c unmap_mapping_range(), unmap_mapping_pages()
void unmap_mapping_range(cache::Mapping& mapping, Range<FileIndex> indexes, EvenCows even_cows) {
  QUIRE_FUNC();
  if (indexes.empty()) return;
  zap_overlaps(mapping, indexes, {even_cows, nullptr});
}

// Linux: mm/memory.c unmap_mapping_folio()
void unmap_mapping_folio(cache::Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  zap_overlaps(mapping, Range<FileIndex>::of(folio.index(), folio.pages()), {EvenCows::keep, &folio});
}

}  // namespace quire::rmap
