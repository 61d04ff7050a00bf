#include "fs/page_store.h"

#include "phys/bulk.h"
#include "sync/plain.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::fs {

using base::Errno;

Errno PageStore::read_page(FileIndex index, std::span<std::byte> payload) {
  sync::might_sleep("read a page of a file");
  if (sync::should_fail("io_read", name_.c_str())) return Errno::eio;
  sync::region_write(payload.data(), "page");
  sync::Guard guard(lock_);
  if (uint64_t page = pages_.load(index.value()))
    phys::copy_contents(payload.data(), reinterpret_cast<const std::byte*>(page), payload_bytes_);
  else
    phys::zero_contents(payload.data(), payload_bytes_);
  return Errno::ok;
}

Errno PageStore::write_page(FileIndex index, std::span<const std::byte> payload) {
  sync::might_sleep("write a page of a file");
  if (sync::should_fail("io_write", name_.c_str())) return Errno::eio;
  std::byte* page = new_page();
  sync::region_read(payload.data(), "page");
  phys::copy_contents(page, payload.data(), payload_bytes_);
  uint64_t before = 0;
  {
    sync::Guard guard(lock_);
    before = pages_.store(index.value(), reinterpret_cast<uint64_t>(page));
    if (before == 0) ++stored_;
  }
  free_page(before);
  return Errno::ok;
}

void PageStore::zero(FileIndex index, uint64_t from, uint64_t to) {
  sync::Guard guard(lock_);
  uint64_t page = pages_.load(index.value());
  uint64_t end = std::min<uint64_t>(to, payload_bytes_);
  if (page != 0 && from < end) phys::zero_contents(reinterpret_cast<std::byte*>(page) + from, end - from);
}

void PageStore::discard(ByteRange bytes) {
  for_each_partial_page(bytes, [&](FileIndex index, uint64_t from, uint64_t to) { zero(index, from, to); });
  Range<FileIndex> whole = whole_pages(bytes);
  for (;;) {
    sync::Guard guard(lock_);
    auto at = pages_.find_from(whole.start().value());
    if (!at || !whole.contains(FileIndex(at->index))) return;
    (void)pages_.store(at->index, 0);
    --stored_;
    free_page(at->word);
  }
}

bool PageStore::has_page(FileIndex index) {
  sync::Guard guard(lock_);
  return pages_.load(index.value()) != 0;
}

uint64_t PageStore::stored() {
  sync::Guard guard(lock_);
  (void)pages_.load(0);
  return stored_;
}

const std::byte* PageStore::peek_page(FileIndex index) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  auto at = pages_.peek_from(index.value());
  return at && at->index == index.value() ? reinterpret_cast<const std::byte*>(at->word) : nullptr;
}

}  // namespace quire::fs
