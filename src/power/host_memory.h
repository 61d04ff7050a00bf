// HostMemory: whole pages of the host, outside of every heap, so that having them changes nothing of a machine.
//
//   HostMemory copy(bytes);
//   if (!copy) return Errno::enomem;
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <utility>

namespace quire::power {

class HostMemory {
 public:
  HostMemory() = default;
  /// Zero; what is never touched takes no memory. False afterwards: there is none.
  explicit HostMemory(std::size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    void* got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    data_ = got == MAP_FAILED ? nullptr : static_cast<std::byte*>(got);
  }
  HostMemory(HostMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  HostMemory& operator=(HostMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~HostMemory() {
    if (data_ != nullptr) munmap(data_, bytes_);
  }

  explicit operator bool() const { return data_ != nullptr || bytes_ == 0; }
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return bytes_; }
  [[nodiscard]] std::span<std::byte> bytes() const { return {data_, bytes_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace quire::power
