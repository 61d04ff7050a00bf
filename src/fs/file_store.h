// FileStore: what the pages of one file are when they are not in the page cache.
//
//   hole -> stored: write_page        stored -> hole: discard
//   hole -> reserved: allocate        reserved -> stored: write_page        reserved -> hole: discard
// I1  a page that is not stored reads as zeros
// Reading and writing sleep and may fail; the file's locks order them against discard (invalidate_lock, writeback).
// Implemented by PageStore, which has room for everything, and by ExtentStore, whose room is that of a device.
//
//   Errno e = store.read_page(FileIndex(0), frames.payload(pfn));
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "fs/byte_range.h"
#include "sync/check_report.h"
#include "sync/heap.h"

namespace quire::fs {

/// One page of a read of several.
struct PageRead {
  std::span<std::byte> payload;  ///< of the whole page
  base::Errno error = base::Errno::ok;
};

class FileStore {
 public:
  /// `name` is what the fail points "io_read" and "io_write" are told.
  explicit FileStore(std::string_view name) : name_(name) {}
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;

  [[nodiscard]] const sync::String& name() const { return name_; }
  /// The whole payload of one page; ok or -EIO, then `payload` is as it was.
  [[nodiscard]] virtual base::Errno read_page(FileIndex index, std::span<std::byte> payload) = 0;
  /// Pages that follow each other from `first` on, in as few requests as they are stored in.
  virtual void read_pages(FileIndex first, std::span<PageRead> pages) {
    for (std::size_t i = 0; i < pages.size(); ++i)
      pages[i].error = read_page(first + base::PageCount(i), pages[i].payload);
  }
  /// -EIO, -ENOSPC: what is stored is as it was.
  [[nodiscard]] virtual base::Errno write_page(FileIndex index, std::span<const std::byte> payload) = 0;
  /// Room for the pages of `range` is set aside, which go on reading as zeros. -ENOSPC: a part of it may be.
  [[nodiscard]] virtual base::Errno allocate(Range<FileIndex> range) = 0;
  /// Whether a program that writes to a page has to have room for it first; without, -ENOSPC comes when the page is
  /// written out.
  [[nodiscard]] virtual bool allocates_at_write() const = 0;
  /// Whole pages become holes. Parts of a page become zeros if zeroes_parts(); else they are the caller's business.
  virtual void discard(ByteRange bytes) = 0;
  [[nodiscard]] virtual bool zeroes_parts() const = 0;
  /// Whether the page has contents of its own.
  [[nodiscard]] virtual bool has_page(FileIndex index) = 0;
  /// Pages that take room.
  [[nodiscard]] virtual uint64_t stored() = 0;

  /// The contents of a page, or nullptr for a hole: at quiescent points.
  [[nodiscard]] virtual const std::byte* peek_page(FileIndex index) const = 0;
  /// Whether peek_page() knows: at quiescent points.
  [[nodiscard]] virtual bool can_peek_page(FileIndex /*index*/) const { return true; }
  virtual void check(sync::CheckReport& report) const = 0;

 protected:
  ~FileStore() = default;

  const sync::String name_;
};

}  // namespace quire::fs
