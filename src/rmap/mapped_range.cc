#include "rmap/mapped_range.h"

#include "sync/trace.h"

namespace quire::rmap {
namespace {

using Link = MappedRange* MappedRange::*;

// At the end: a walk that puts migrated pages back must come to a parent before its child, into which fork may copy an
// entry behind the walk's back.
void push(MappedRange*& first, MappedRange& range, Link next, Link previous) {
  range.*next = nullptr;
  MappedRange* last = first;
  while (last != nullptr && last->*next != nullptr) last = last->*next;
  range.*previous = last;
  (last != nullptr ? last->*next : first) = &range;
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
  zap_overlaps(mapping, indexes, {.even_cows = even_cows, .markers = Markers::keep, .from = ZapFrom::file});
}

// Linux: mm/memory.c unmap_mapping_folio()
void unmap_mapping_folio(cache::Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  zap_overlaps(mapping, Range<FileIndex>::of(folio.index(), folio.pages()),
               {.even_cows = EvenCows::keep, .markers = Markers::drop, .from = ZapFrom::file, .single_folio = &folio});
}

}  // namespace quire::rmap
