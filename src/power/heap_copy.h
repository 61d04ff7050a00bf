// HeapCopy: what the engine has on its heap, as it is at one moment: pages that are not zero, and where they were.
//
//   HeapCopy copy;
//   Errno error = copy.take(skip);      // nobody allocates meanwhile, and take() does not either
#pragma once

#include <cstdint>
#include <span>

#include "power/host_memory.h"
#include "power/image_writer.h"

namespace quire::power {

/// Addresses: [start, end), whole pages.
struct AddressRange {
  uint64_t start = 0;
  uint64_t end = 0;
};

class HeapCopy {
 public:
  /// All of sync::NativeHeap but for `skip`, which is in order. -ENOMEM.
  [[nodiscard]] Errno take(std::span<const AddressRange> skip);
  [[nodiscard]] std::span<const PageRun> runs() const {
    return {reinterpret_cast<const PageRun*>(run_memory_.data()), run_count_};
  }
  [[nodiscard]] uint64_t pages() const { return pages_; }
  [[nodiscard]] AddressRange heap() const { return heap_; }

 private:
  void take_range(AddressRange range);

  HostMemory page_memory_;
  HostMemory run_memory_;
  std::size_t run_count_ = 0;
  uint64_t pages_ = 0;
  AddressRange heap_;
};

}  // namespace quire::power
