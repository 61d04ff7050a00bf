#include "power/heap_copy.h"

#include <cstring>

#include "power/image_codec.h"
#include "sync/native_heap.h"

namespace quire::power {

Errno HeapCopy::take(std::span<const AddressRange> skip) {
  heap_ = {sync::NativeHeap::kStart, sync::NativeHeap::used_end()};
  uint64_t bytes = heap_.end - heap_.start;
  for (const AddressRange& range : skip) bytes -= range.end - range.start;
  page_memory_ = HostMemory(bytes);
  run_memory_ = HostMemory((bytes / kImagePage / 2 + 1) * sizeof(PageRun));
  if (!page_memory_ || !run_memory_) return Errno::enomem;
  uint64_t at = heap_.start;
  for (const AddressRange& range : skip) {
    take_range({at, range.start});
    at = range.end;
  }
  take_range({at, heap_.end});
  return Errno::ok;
}

void HeapCopy::take_range(AddressRange range) {
  auto* runs = reinterpret_cast<PageRun*>(run_memory_.data());
  for (uint64_t at = range.start; at < range.end; at += kImagePage) {
    const auto* from = reinterpret_cast<const std::byte*>(at);
    if (is_zero_page(from)) continue;
    std::byte* to = page_memory_.data() + pages_++ * kImagePage;
    std::memcpy(to, from, kImagePage);
    bool next = run_count_ > 0 && runs[run_count_ - 1].address + runs[run_count_ - 1].pages * kImagePage == at;
    if (!next) runs[run_count_++] = {at, to, 0};
    ++runs[run_count_ - 1].pages;
  }
}

}  // namespace quire::power
