// ByteRange: a stretch of a file in bytes, and the pages that it touches or contains.
//
//   ByteRange hole{100, 9000};
//   whole_pages(hole)       // index 1 only: [4096, 8192)
#pragma once

#include <algorithm>

#include "base/types.h"

namespace quire::fs {

using base::FileIndex;
using base::Range;

/// Stands for the end of every file.
inline constexpr uint64_t kToEnd = ~uint64_t{0};
inline constexpr FileIndex kNoEnd{~uint64_t{0}};
inline constexpr Range<FileIndex> kWholeFile{FileIndex(0), kNoEnd};
/// In bytes; small enough that no sum of two overflows. Linux: MAX_LFS_FILESIZE
inline constexpr uint64_t kSizeMax = uint64_t{1} << 62;

/// Bytes [from, to).
struct ByteRange {
  uint64_t from;
  uint64_t to = kToEnd;
};

[[nodiscard]] constexpr FileIndex index_of(uint64_t bytes) { return FileIndex(bytes >> base::kPageShift); }
/// The first page that begins at `bytes` or after it.
[[nodiscard]] constexpr FileIndex index_after(uint64_t bytes) {
  return FileIndex((bytes >> base::kPageShift) + ((bytes & (base::kPageSize - 1)) != 0 ? 1 : 0));
}
[[nodiscard]] constexpr uint64_t offset_in_page(uint64_t bytes) { return bytes & (base::kPageSize - 1); }
[[nodiscard]] constexpr uint64_t bytes_before(FileIndex index) { return index.value() << base::kPageShift; }

/// Rounded inwards; empty if no whole page is inside.
[[nodiscard]] constexpr Range<FileIndex> whole_pages(ByteRange bytes) {
  FileIndex start = index_after(bytes.from);
  FileIndex end = bytes.to == kToEnd ? kNoEnd : index_of(bytes.to);
  return {start, std::max(start, end)};
}

/// Calls visit(FileIndex, from, to) for each page of which `bytes` has a part only; at most two.
template <typename Visit>
void for_each_partial_page(ByteRange bytes, Visit visit) {
  uint64_t from = offset_in_page(bytes.from);
  uint64_t to = bytes.to == kToEnd ? 0 : offset_in_page(bytes.to);
  if (bytes.to != kToEnd && index_of(bytes.from) == index_of(bytes.to)) {
    if (bytes.from < bytes.to) visit(index_of(bytes.from), from, to);
    return;
  }
  if (from != 0) visit(index_of(bytes.from), from, base::kPageSize);
  if (to != 0) visit(index_of(bytes.to), uint64_t{0}, to);
}

}  // namespace quire::fs
