// HostFile: a descriptor of the host, closed at its end, with transfers that are whole or fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.h"
#include "power/image_format.h"
#include "sync/heap.h"

namespace quire::power {

using base::Errno;

class HostFile {
 public:
  explicit HostFile(int fd = -1) : fd_(fd) {}
  HostFile(HostFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  HostFile& operator=(HostFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~HostFile();

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }
  /// What open(2) says.
  [[nodiscard]] static Errno open(const sync::String& path, int flags, HostFile& opened);
  /// -EIO: the file ends before.
  [[nodiscard]] Errno read_at(uint64_t offset, std::span<std::byte> to) const;
  [[nodiscard]] Errno write_at(uint64_t offset, std::span<const std::byte> from) const;
  /// -EINVAL: no regular file.
  [[nodiscard]] base::Result<uint64_t> size() const;

 private:
  int fd_;
};

/// The directory that a path names something in.
[[nodiscard]] sync::String directory_of(const sync::String& path);
/// "No space left on device"
[[nodiscard]] const char* describe(Errno error);

}  // namespace quire::power
