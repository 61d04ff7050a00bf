// The pages of a file become a huge page in the page cache.
#include "reclaim/khugepaged.h"
#include "sync/trace.h"

namespace quire::reclaim {
namespace {

using base::Errno;
using base::FileIndex;
using base::PageCount;
using base::Range;
using base::Result;
using base::VirtPage;
using cache::FaultOutcome;
using cache::FaultResult;
using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;
using pgtable::LockedPmd;
using phys::Gfp;

}  // namespace

// Brought in or made, one after the other, none kept: a fault may wait for a hole punch, and that for a folio.
// Linux: mm/khugepaged.c collapse_file(), its shmem_get_folio()
Errno Khugepaged::bring_in_pages(cache::Mapping& mapping, Range<FileIndex> range) {
  for (FileIndex index : range) {
    FaultResult got = mapping.ops().fault(mapping, index);
    if (got.outcome == FaultOutcome::no_memory) return Errno::enomem;
    if (got.outcome == FaultOutcome::beyond_end) return Errno::einval;
    if (got.outcome != FaultOutcome::found) return Errno::eagain;
    if (got.folio->pages() == range.size()) return Errno::eexist;
  }
  return Errno::ok;
}

// All pages of the range, locked without waiting, unmapped, isolated, and each a folio of its own.
// Linux: mm/khugepaged.c collapse_file()
Errno Khugepaged::lock_pages(cache::Mapping& mapping, Range<FileIndex> range, sync::Vector<HeldPage>& pages) {
  for (FileIndex index : range) {
    HeldPage page{mapping.get_folio(index), {}};
    if (!page.folio || page.folio->is_large()) return Errno::eagain;
    page.locked = LockedFolio::try_lock(*page.folio);
    if (!page.locked || page.folio->mapping() != &mapping || !page.folio->uptodate()) {
      QUIRE_REACHED("collapse_file: a page is in use");
      return Errno::eagain;
    }
    if (page.folio->mapped())
      rmap::unmap_mapping_range(mapping, Range<FileIndex>::of(index, PageCount(1)), rmap::EvenCows::keep);
    if (page.folio->mapped() || !page.folio->isolate_lru()) return Errno::eagain;
    pages.push_back(std::move(page));
  }
  return Errno::ok;
}

// A table that maps nothing any more, so that a fault may map the huge page. One with a private copy or a marker stays.
void Khugepaged::retract_page_table(rmap::MappedRange& range, Range<FileIndex> indexes) {
  if (!range.indexes().contains(indexes)) return;
  VirtPage first = range.page_of(indexes.start());
  if (first.offset_in(indexes.size()) != PageCount(0)) return;
  pgtable::LeafTable* leaf = range.space().tables.find(first);
  if (leaf == nullptr) return;
  LockedPmd pmd(*leaf);
  (void)pmd.collapse_if_empty();
}

// Linux: mm/khugepaged.c retract_page_tables()
void Khugepaged::retract_page_tables(cache::Mapping& mapping, FileIndex start) {
  QUIRE_FUNC();
  auto indexes = Range<FileIndex>::of(start, env_.pmd_order().pages());
  sync::SharedGuard guard(mapping.i_mmap_rwsem);
  rmap::FileRanges::walk(mapping.i_mmap, indexes, [&](rmap::MappedRange& range) {
    retract_page_table(range, indexes);
    return true;
  });
}

Errno Khugepaged::collapse_file(cache::Mapping& mapping, FileIndex start) {
  QUIRE_FUNC();
  Result<FolioRef> allocated = env_.folios.alloc(Gfp::user(), env_.pmd_order());
  if (!allocated) return Errno::enomem;
  Folio& huge = **allocated;
  auto range = Range<FileIndex>::of(start, huge.pages());
  sync::Vector<HeldPage> pages;
  pages.reserve(huge.pages().value());
  Errno error = bring_in_pages(mapping, range);
  if (error == Errno::ok) error = lock_pages(mapping, range, pages);
  if (error == Errno::ok) {
    FolioFlag flags = pages.front().folio->flags();
    LockedFolio locked(huge);
    sync::Vector<Folio*> from;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      env_.folios.frames().copy(huge.pfn() + PageCount(i), pages[i].folio->pfn());
      from.push_back(pages[i].folio.get());
    }
    huge.init_flags((flags & FolioFlag::swapbacked) | FolioFlag::uptodate | FolioFlag::dirty);
    if (!mapping.collapse_folios(from, huge)) error = Errno::eagain;
    if (error == Errno::ok) {
      huge.add_lru();
      retract_page_tables(mapping, start);
    }
  }
  for (HeldPage& page : pages) {
    page.folio->putback_lru();  // of what was replaced, this is the last reference
    page.locked.unlock();
    page.folio.reset();
  }
  return error == Errno::eexist ? Errno::ok : error;
}

}  // namespace quire::reclaim
