#include "fs/extent_map.h"

#include <algorithm>

namespace quire::fs {
namespace {

/// What `extent` has of `pages`, which it contains.
Extent part(const Extent& extent, Range<FileIndex> pages) {
  return {pages.start(), extent.block + (pages.start() - extent.index), pages.size(), extent.state};
}

bool continues(const Extent& first, const Extent& second) {
  return first.pages().limit() == second.index && first.on().limit() == second.block && first.state == second.state;
}

}  // namespace

std::size_t ExtentMap::place(FileIndex index) const {
  auto ends_before = [](FileIndex at, const Extent& extent) { return at < extent.pages().limit(); };
  auto found = std::upper_bound(extents_.begin(), extents_.end(), index, ends_before);
  return static_cast<std::size_t>(found - extents_.begin());
}

std::optional<BlockNr> ExtentMap::find(FileIndex index) const {
  std::size_t at = place(index);
  if (at == extents_.size() || !extents_[at].pages().contains(index)) return std::nullopt;
  return extents_[at].block + (index - extents_[at].index);
}

bool ExtentMap::written(FileIndex index) const {
  std::size_t at = place(index);
  return at < extents_.size() && extents_[at].pages().contains(index) && extents_[at].state == ExtentState::written;
}

FileIndex ExtentMap::next_hole(FileIndex index) const {
  for (std::size_t at = place(index); at < extents_.size() && extents_[at].pages().contains(index); ++at)
    index = extents_[at].pages().limit();
  return index;
}

std::optional<FileIndex> ExtentMap::next_extent(FileIndex index) const {
  std::size_t at = place(index);
  if (at == extents_.size()) return std::nullopt;
  return std::max(index, extents_[at].index);
}

BlockNr ExtentMap::goal(FileIndex index) const {
  std::size_t at = place(index);
  return at == 0 ? BlockNr(0) : extents_[at - 1].on().limit();
}

void ExtentMap::put(std::size_t at, const Extent& extent) {
  extents_.insert(extents_.begin() + static_cast<std::ptrdiff_t>(at), extent);
}

void ExtentMap::merge_with_next(std::size_t at) {
  if (at + 1 >= extents_.size() || !continues(extents_[at], extents_[at + 1])) return;
  extents_[at].length += extents_[at + 1].length;
  extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

void ExtentMap::insert(const Extent& extent) {
  std::size_t at = place(extent.index);
  QUIRE_ASSERT(at == extents_.size() || extent.pages().limit() <= extents_[at].index, "a page on two blocks");
  put(at, extent);
  blocks_ += extent.length.value();
  merge_with_next(at);
  if (at != 0) merge_with_next(at - 1);
}

std::optional<Extent> ExtentMap::remove_first(Range<FileIndex> range) {
  std::size_t at = place(range.start());
  if (range.empty() || at == extents_.size() || !extents_[at].pages().overlaps(range)) return std::nullopt;
  Extent whole = extents_[at];
  Range<FileIndex> taken = whole.pages().intersection(range);
  Range<FileIndex> before{whole.index, taken.start()};
  Range<FileIndex> after{taken.limit(), whole.pages().limit()};
  extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(at));
  if (!after.empty()) put(at, part(whole, after));
  if (!before.empty()) put(at, part(whole, before));
  blocks_ -= taken.size().value();
  return part(whole, taken);
}

void ExtentMap::set_written(FileIndex index) {
  if (written(index)) return;
  std::optional<Extent> page = remove_first(Range<FileIndex>::of(index, PageCount(1)));
  QUIRE_ASSERT(page.has_value(), "a page was written that is on no block");
  page->state = ExtentState::written;
  insert(*page);
}

void ExtentMap::check(sync::CheckReport& report) const {
  using sync::Failure;
  uint64_t sum = 0;
  for (std::size_t i = 0; i < extents_.size(); ++i) {
    const Extent& extent = extents_[i];
    sum += extent.length.value();
    report.expect(extent.length != PageCount(0), Failure::check, "extents I1: extent {} is empty", i);
    if (i == 0) continue;
    const Extent& before = extents_[i - 1];
    report.expect(before.pages().limit() <= extent.index, Failure::check, "extents I1: index {} is in two extents",
                  extent.index.value());
    report.expect(!continues(before, extent), Failure::check, "extents I2: two extents are one at index {}",
                  extent.index.value());
  }
  report.expect(sum == blocks_, Failure::check, "extents I3: {} blocks counted as {}", sum, blocks_);
}

}  // namespace quire::fs
