// PageStore: a FileStore in memory that has room for everything, as a RAM disk that is never full.
//
// Lock: i_lock for the index of pages; contents are copied under it. Linux: drivers/block/brd.c, under a file system
//
//   PageStore store("f", frames.payload_bytes(), 6);
//   Errno e = store.read_page(FileIndex(0), frames.payload(pfn));
#pragma once

#include "cache/radix_tree.h"
#include "fs/file_store.h"
#include "sync/lock.h"

namespace quire::fs {

class PageStore final : public FileStore {
 public:
  PageStore(std::string_view name, uint32_t payload_bytes, unsigned index_bits)
      : FileStore(name), payload_bytes_(payload_bytes), pages_(index_bits) {}
  ~PageStore() { discard({0}); }

  [[nodiscard]] base::Errno read_page(FileIndex index, std::span<std::byte> payload) override;
  [[nodiscard]] base::Errno write_page(FileIndex index, std::span<const std::byte> payload) override;
  [[nodiscard]] base::Errno allocate(Range<FileIndex>) override { return base::Errno::ok; }
  [[nodiscard]] bool allocates_at_write() const override { return false; }
  void discard(ByteRange bytes) override;
  [[nodiscard]] bool zeroes_parts() const override { return true; }
  [[nodiscard]] bool has_page(FileIndex index) override;
  [[nodiscard]] uint64_t stored() override;
  [[nodiscard]] const std::byte* peek_page(FileIndex index) const override;
  void check(sync::CheckReport&) const override {}

 private:
  void zero(FileIndex index, uint64_t from, uint64_t to);
  [[nodiscard]] std::byte* new_page() const {
    return static_cast<std::byte*>(sync::allocate(payload_bytes_, alignof(uint64_t)));
  }
  void free_page(uint64_t word) const {
    if (word != 0) sync::deallocate(reinterpret_cast<void*>(word), payload_bytes_, alignof(uint64_t));
  }

  const uint32_t payload_bytes_;
  sync::SpinLock<sync::LockClass::i_lock> lock_;
  cache::RadixTree pages_ QUIRE_GUARDED_BY(lock_);  ///< index -> address of the contents
  uint64_t stored_ QUIRE_GUARDED_BY(lock_) = 0;     ///< announced by pages_
};

}  // namespace quire::fs
