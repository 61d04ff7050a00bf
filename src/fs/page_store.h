// PageStore: what the pages of one file are when they are not in the page cache; in memory, as on a RAM disk.
//
//   hole -> stored: write_page        stored -> hole: discard
// I1  a page that is not stored reads as zeros
// Reading and writing sleep and may fail; the file's locks order them against discard (invalidate_lock, writeback).
// Lock: i_lock for the index of pages; contents are copied under it. Linux: drivers/block/brd.c, under a file system
//
//   PageStore store("f", frames.payload_bytes(), 6);
//   Errno e = store.read_page(FileIndex(0), frames.payload(pfn));
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "cache/radix_tree.h"
#include "fs/byte_range.h"
#include "sync/heap.h"
#include "sync/lock.h"

namespace quire::fs {

class PageStore {
 public:
  /// `name` is what the fail points "io_read" and "io_write" are told.
  PageStore(std::string_view name, uint32_t payload_bytes, unsigned index_bits)
      : name_(name), payload_bytes_(payload_bytes), pages_(index_bits) {}
  ~PageStore() { discard({0}); }
  PageStore(const PageStore&) = delete;
  PageStore& operator=(const PageStore&) = delete;

  [[nodiscard]] const sync::String& name() const { return name_; }
  /// The whole payload of one page; ok or -EIO, then `payload` is as it was.
  [[nodiscard]] base::Errno read_page(FileIndex index, std::span<std::byte> payload);
  [[nodiscard]] base::Errno write_page(FileIndex index, std::span<const std::byte> payload);
  /// Whole pages become holes, parts of a page zeros.
  void discard(ByteRange bytes);
  /// Pages that are stored.
  [[nodiscard]] uint64_t stored();

  /// The contents of a page, or nullptr for a hole: at quiescent points.
  [[nodiscard]] const std::byte* peek_page(FileIndex index) const;

 private:
  void zero(FileIndex index, uint64_t from, uint64_t to);
  [[nodiscard]] std::byte* new_page() const {
    return static_cast<std::byte*>(sync::allocate(payload_bytes_, alignof(uint64_t)));
  }
  void free_page(uint64_t word) const {
    if (word != 0) sync::deallocate(reinterpret_cast<void*>(word), payload_bytes_, alignof(uint64_t));
  }

  const sync::String name_;
  const uint32_t payload_bytes_;
  sync::SpinLock<sync::LockClass::i_lock> lock_;
  cache::RadixTree pages_ QUIRE_GUARDED_BY(lock_);  ///< index -> address of the contents
  uint64_t stored_ QUIRE_GUARDED_BY(lock_) = 0;     ///< announced by pages_
};

}  // namespace quire::fs
