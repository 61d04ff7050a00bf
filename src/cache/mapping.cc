#include "cache/mapping.h"

#include "sync/trace.h"

namespace quire::cache {

using base::Errno;
using base::Range;

// Linux: mm/shmem.c shmem_add_to_page_cache()
Errno Mapping::add_folio(Folio& folio, FileIndex index, IndexEntry expected) {
  QUIRE_ASSERT(index.offset_in(folio.pages()) == PageCount(0), "a large folio at an index that is not aligned");
  // A value is replaced in place; anything else may need a node of the index.
  if (expected.none() && sync::should_fail("slab", "GFP_NOFS")) return Errno::enomem;
  uint64_t pages = folio.pages().value();
  folio.get(static_cast<int>(pages));
  folio.set_file(*this, index);
  {
    sync::Guard guard(i_pages_);
    bool free = true;
    for (uint64_t i = 0; i < pages && free; ++i) {
      IndexEntry wanted = expected.is_value() ? IndexEntry::of(expected.swap() + PageCount(i)) : expected;
      free = IndexEntry::from_word(index_.load(index.value() + i)) == wanted;
    }
    if (free) {
      for (uint64_t i = 0; i < pages; ++i) index_.store(index.value() + i, IndexEntry::of(folio).word());
      nr_pages_.add(pages);
      return Errno::ok;
    }
  }
  folio.clear_mapping();
  folio.put(static_cast<int>(pages));
  return Errno::eexist;
}

// Linux: mm/filemap.c filemap_remove_folio()
void Mapping::remove_folio(Folio& folio) {
  QUIRE_ASSERT(folio.mapping() == this, "a folio of another mapping");
  // Linux: mm/filemap.c filemap_unaccount_folio(), "still mapped when deleted"
  QUIRE_ASSERT(!folio.mapped(), "a folio leaves the page cache while it is mapped");
  uint64_t pages = folio.pages().value();
  FileIndex index = folio.index();
  sync::Guard guard(i_pages_);
  for (uint64_t i = 0; i < pages; ++i) {
    uint64_t before = index_.store(index.value() + i, 0);
    QUIRE_ASSERT(before == IndexEntry::of(folio).word(), "a folio that is not at its index");
  }
  folio.clear_mapping();
  nr_pages_.sub(pages);
}

// The references are frozen under i_pages, so that no look-up meets a folio with none.
bool Mapping::move_folio(Folio& from, Folio& to, int references) {
  QUIRE_ASSERT(from.mapping() == this, "a folio of another mapping");
  auto pages = static_cast<int>(from.pages().value());
  FileIndex index = from.index();
  to.set_file(*this, index);
  to.get(pages);
  {
    sync::Guard guard(i_pages_);
    if (from.ref_freeze(references + pages)) {
      for (uint64_t i = 0; i < from.pages().value(); ++i)
        (void)index_.store(index.value() + i, IndexEntry::of(to).word());
      from.clear_mapping();
      from.ref_unfreeze(references);
      return true;
    }
  }
  to.clear_mapping();
  to.put(pages);
  return false;
}

bool Mapping::split_folio(Folio& folio) {
  QUIRE_ASSERT(folio.mapping() == this, "a folio of another mapping");
  uint64_t pages = folio.pages().value();
  FileIndex index = folio.index();
  sync::Guard guard(i_pages_);
  if (!folio.ref_freeze(1 + static_cast<int>(pages))) return false;
  folio.folios().split(folio, 2);
  for (uint64_t i = 0; i < pages; ++i)
    (void)index_.store(index.value() + i, IndexEntry::of(folio.folios().page(folio.pfn() + PageCount(i))).word());
  return true;
}

bool Mapping::collapse_folios(std::span<Folio* const> from, Folio& to) {
  FileIndex index = from.front()->index();
  to.set_file(*this, index);
  to.get(static_cast<int>(from.size()));
  {
    sync::Guard guard(i_pages_);
    std::size_t frozen = 0;
    while (frozen < from.size() && from[frozen]->ref_freeze(2)) ++frozen;
    bool all = frozen == from.size();
    for (std::size_t i = 0; i < frozen; ++i) {
      if (all) {
        (void)index_.store(index.value() + i, IndexEntry::of(to).word());
        from[i]->clear_mapping();
      }
      from[i]->ref_unfreeze(all ? 1 : 2);
    }
    if (all) return true;
  }
  to.clear_mapping();
  to.put(static_cast<int>(from.size()));
  return false;
}

// Linux: mm/shmem.c shmem_delete_from_page_cache()
void Mapping::replace_folio(Folio& folio, SwapEntry entry) {
  QUIRE_ASSERT(folio.mapping() == this, "a folio of another mapping");
  uint64_t pages = folio.pages().value();
  FileIndex index = folio.index();
  sync::Guard guard(i_pages_);
  for (uint64_t i = 0; i < pages; ++i) {
    uint64_t before = index_.store(index.value() + i, IndexEntry::of(entry + PageCount(i)).word());
    QUIRE_ASSERT(before == IndexEntry::of(folio).word(), "a folio that is not at its index");
  }
  folio.clear_mapping();
  nr_pages_.sub(pages);
}

// Linux: mm/shmem.c shmem_free_swap()
bool Mapping::replace_value(FileIndex index, SwapEntry expected, IndexEntry desired) {
  sync::Guard guard(i_pages_);
  if (index_.load(index.value()) != IndexEntry::of(expected).word()) return false;
  index_.store(index.value(), desired.word());
  return true;
}

Mapping::Found Mapping::found_at(RadixTree::Found at) {
  Found found{FileIndex(at.index), IndexEntry::from_word(at.word), {}};
  if (found.entry.is_folio()) found.folio = FolioRef::of(found.entry.folio());
  return found;
}

// Linux: mm/filemap.c filemap_get_folio()
FolioRef Mapping::get_folio(FileIndex index) { return std::move(get_entry(index).folio); }

// Linux: mm/filemap.c filemap_get_entry()
Mapping::Found Mapping::get_entry(FileIndex index) {
  sync::SharedGuard guard(i_pages_);
  return found_at({index.value(), index_.load(index.value())});
}

// Linux: mm/filemap.c find_get_entries()
std::size_t Mapping::find_get_entries(Range<FileIndex> range, std::span<Found> found) {
  std::size_t count = 0;
  sync::SharedGuard guard(i_pages_);
  uint64_t from = range.start().value();
  while (count < found.size()) {
    auto at = index_.find_from(from);
    if (!at || !range.contains(FileIndex(at->index))) break;
    found[count] = found_at(*at);
    uint64_t pages = found[count].folio ? found[count].folio->pages().value() : 1;
    from = (at->index & ~(pages - 1)) + pages;
    ++count;
    if (from == 0) break;
  }
  return count;
}

void Mapping::check(sync::CheckReport& report) const {
  uint64_t pages = 0;
  peek_entries([&](FileIndex index, IndexEntry entry) {
    if (!entry.is_folio()) return;
    ++pages;
    const Folio& folio = entry.folio();
    bool right = folio.peek_mapping() == this && folio.peek_index() <= index &&
                 (index - folio.peek_index()) < folio.pages() && folio.peek_refcount() > 0;
    report.expect(right, sync::Failure::bug, "mapping I1: index {} holds folio {} which is not of this place",
                  index.value(), folio.pfn().value());
  });
  report.expect(pages == nr_pages_.peek(), sync::Failure::bug, "mapping I2: nrpages {} but {} pages are in the index",
                nr_pages_.peek(), pages);
}

}  // namespace quire::cache
