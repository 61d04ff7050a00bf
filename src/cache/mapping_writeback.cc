// What the index knows of writeback: which pages are dirty, being written, to be written.
#include "cache/mapping.h"

namespace quire::cache {

using base::Range;

void Mapping::tag_locked(const Folio& folio, IndexTag tag) {
  for (FileIndex index : Range<FileIndex>::of(folio.index(), folio.pages())) {
    if (!index_.set_tag(index.value(), tag) || counts_ == nullptr) continue;
    if (tag == IndexTag::dirty) counts_->dirty.add(1);
    if (tag == IndexTag::writeback) counts_->writeback.add(1);
  }
}

void Mapping::untag_locked(FileIndex index, IndexTag tag) {
  if (!index_.clear_tag(index.value(), tag) || counts_ == nullptr) return;
  if (tag == IndexTag::dirty) counts_->dirty.sub(1);
  if (tag == IndexTag::writeback) counts_->writeback.sub(1);
}

void Mapping::untag_locked(const Folio& folio, IndexTag tag) {
  for (FileIndex index : Range<FileIndex>::of(folio.index(), folio.pages())) untag_locked(index, tag);
}

// Linux: mm/page-writeback.c filemap_dirty_folio(), __folio_mark_dirty()
bool Mapping::filemap_dirty_folio(Folio& folio) {
  if (folio.test_and_set(FolioFlag::dirty)) return false;
  sync::Guard guard(i_pages_);
  if (folio.mapping() == this) tag_locked(folio, IndexTag::dirty);
  return true;
}

// Linux: mm/page-writeback.c __folio_start_writeback()
void Mapping::start_writeback(Folio& folio) {
  sync::Guard guard(i_pages_);
  folio.start_writeback();
  tag_locked(folio, IndexTag::writeback);
  if (!folio.test(FolioFlag::dirty)) untag_locked(folio, IndexTag::dirty);
  untag_locked(folio, IndexTag::towrite);
}

// Who removes the folio waits for this: it is still in the file. Linux: mm/page-writeback.c __folio_end_writeback()
void Mapping::end_writeback(Folio& folio) {
  {
    sync::Guard guard(i_pages_);
    untag_locked(folio, IndexTag::writeback);
  }
  folio.end_writeback();
}

// Linux: mm/page-writeback.c tag_pages_for_writeback()
void Mapping::tag_pages_for_writeback(Range<FileIndex> range) {
  sync::Guard guard(i_pages_);
  for (FileIndex from = range.start();;) {
    auto at = index_.find_tagged_from(from.value(), IndexTag::dirty);
    if (!at || !range.contains(FileIndex(at->index))) return;
    (void)index_.set_tag(at->index, IndexTag::towrite);
    from = FileIndex(at->index).next();
  }
}

// Linux: mm/filemap.c filemap_get_folios_tag()
std::size_t Mapping::find_get_folios_tag(Range<FileIndex> range, IndexTag tag, std::span<Found> found) {
  std::size_t count = 0;
  sync::SharedGuard guard(i_pages_);
  for (FileIndex from = range.start(); count < found.size() && range.contains(from);) {
    auto at = index_.find_tagged_from(from.value(), tag);
    if (!at || !range.contains(FileIndex(at->index))) break;
    found[count] = found_at(*at);
    from = found[count].after();
    ++count;
  }
  return count;
}

bool Mapping::tagged(IndexTag tag) {
  sync::SharedGuard guard(i_pages_);
  return index_.find_tagged_from(0, tag).has_value();
}

void Mapping::check_tags(FileIndex index, const Folio& folio, sync::CheckReport& report) const {
  if (!ops_.can_writeback()) return;
  auto tagged = [&](IndexTag tag) {
    auto at = index_.peek_tagged_from(index.value(), tag);
    return at && at->index == index.value();
  };
  bool dirty = any(folio.peek_flags() & FolioFlag::dirty);
  report.expect(!dirty || tagged(IndexTag::dirty), sync::Failure::lost_store,
                "mapping I4: index {} is dirty and writeback will not find it", index.value());
  report.expect(folio.peek_writeback() == tagged(IndexTag::writeback), sync::Failure::bug,
                "mapping I4: index {} is under writeback, or its tag says so", index.value());
}

}  // namespace quire::cache
