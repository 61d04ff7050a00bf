#include "cache/mapping.h"

#include "sync/trace.h"

namespace quire::cache {

using base::Range;

bool Mapping::all_hold_locked(Range<FileIndex> range, IndexEntry expected, Order order) const {
  for (FileIndex index : range) {
    auto entry = IndexEntry::from_word(index_.load(index.value()));
    bool held = expected.is_value() ? entry.is_swap(expected.swap() + (index - range.start())) && entry.order() <= order
                                    : entry == expected;
    if (!held) return false;
  }
  return true;
}

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
    if (all_hold_locked(Range<FileIndex>::of(index, folio.pages()), expected, folio.order())) {
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
  untag_locked(folio, IndexTag::dirty);
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
  FileIndex end(ops_.size_pages(*this).value());
  FileIndex index = folio.index();
  sync::Guard guard(i_pages_);
  if (!folio.ref_freeze(1 + static_cast<int>(pages))) return false;
  folio.folios().split(folio, 2);
  for (uint64_t i = 0; i < pages; ++i) {
    Folio& page = folio.folios().page(folio.pfn() + PageCount(i));
    bool kept = index + PageCount(i) < end || i == 0;
    if (!kept) untag_locked(index + PageCount(i), IndexTag::dirty);
    (void)index_.store(index.value() + i, kept ? IndexEntry::of(page).word() : 0);
    if (kept) continue;
    page.clear_mapping();
    page.put();
    nr_pages_.sub(1);
  }
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
    uint64_t before = index_.store(index.value() + i, IndexEntry::of(entry + PageCount(i), folio.order()).word());
    QUIRE_ASSERT(before == IndexEntry::of(folio).word(), "a folio that is not at its index");
  }
  folio.clear_mapping();
  nr_pages_.sub(pages);
}

void Mapping::split_value_locked(FileIndex index, IndexEntry value) {
  PageCount pages = value.order().pages();
  FileIndex first = index.align_down(pages);
  for (FileIndex i : Range<FileIndex>::of(first, pages))
    (void)index_.store(i.value(), IndexEntry::of(IndexEntry::from_word(index_.load(i.value())).swap()).word());
}

// The order is read under the lock under which the value is taken: it may have been split, and a folio of another order
// swapped out to the same slot. Linux: mm/shmem.c shmem_free_swap()
Range<FileIndex> Mapping::take_value(FileIndex index, SwapEntry expected, Range<FileIndex> range) {
  sync::Guard guard(i_pages_);
  auto entry = IndexEntry::from_word(index_.load(index.value()));
  if (!entry.is_swap(expected)) return {index, index};
  auto taken = Range<FileIndex>::of(index.align_down(entry.order().pages()), entry.order().pages());
  if (!range.contains(taken)) {
    split_value_locked(index, entry);
    taken = Range<FileIndex>::of(index, PageCount(1));
  }
  for (FileIndex i : taken) (void)index_.store(i.value(), 0);
  return taken;
}

bool Mapping::replace_value(FileIndex index, SwapEntry expected, SwapEntry desired) {
  sync::Guard guard(i_pages_);
  auto entry = IndexEntry::from_word(index_.load(index.value()));
  if (!entry.is_swap(expected)) return false;
  split_value_locked(index, entry);
  (void)index_.store(index.value(), IndexEntry::of(desired).word());
  return true;
}

void Mapping::split_value(FileIndex index, SwapEntry expected) {
  sync::Guard guard(i_pages_);
  auto entry = IndexEntry::from_word(index_.load(index.value()));
  if (entry.is_swap(expected)) split_value_locked(index, entry);
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

void Mapping::set_error(Errno error) {
  if (error == Errno::ok) return;
  wb_err_.set(error);
  if (sb_wb_err_ != nullptr) sb_wb_err_->set(error);
  flags_.set_error(error);
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
    from = found[count].after().value();
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
    check_tags(index, folio, report);
  });
  report.expect(pages == nr_pages_.peek(), sync::Failure::bug, "mapping I2: nrpages {} but {} pages are in the index",
                nr_pages_.peek(), pages);
}

}  // namespace quire::cache
