// SwapBackend: where the pages of a swap area are stored. One object per device; it outlives swapoff.
//
//   RamBackend device("S", PageCount(8), frames.payload_bytes());
//   FileBackend file("F", path, PageCount(1024), 4096);     // native only
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/types.h"
#include "sync/heap.h"

namespace quire::swap {

using base::Errno;
using base::PageCount;
using base::Result;
using base::SwapOffset;

/// How a page with one reference comes back. Linux: SWP_SYNCHRONOUS_IO
enum class SwapInPath : uint8_t { through_cache, around_cache };

class SwapBackend {
 public:
  SwapBackend(const char* name, PageCount pages, SwapInPath path) : name_(name), pages_(pages), path_(path) {}
  SwapBackend(const SwapBackend&) = delete;
  SwapBackend& operator=(const SwapBackend&) = delete;

  [[nodiscard]] const char* name() const { return name_.c_str(); }
  /// Its size, the header page included.
  [[nodiscard]] PageCount pages() const { return pages_; }
  [[nodiscard]] SwapInPath swap_in_path() const { return path_; }
  /// One page at `slot`; sleeps; ok or -EIO. Fail points "io_read" and "io_write" with the name.
  [[nodiscard]] Errno read_page(SwapOffset slot, std::span<std::byte> payload);
  [[nodiscard]] Errno write_page(SwapOffset slot, std::span<const std::byte> payload);
  /// The stored page where it can be looked at, else nullptr: at quiescent points.
  [[nodiscard]] virtual const std::byte* peek(SwapOffset) const { return nullptr; }

 protected:
  ~SwapBackend() = default;
  virtual Errno read(SwapOffset slot, std::span<std::byte> payload) = 0;
  virtual Errno write(SwapOffset slot, std::span<const std::byte> payload) = 0;

 private:
  const sync::String name_;
  const PageCount pages_;
  const SwapInPath path_;
};

/// Keeps the pages in memory (Linux brd).
class RamBackend final : public SwapBackend {
 public:
  RamBackend(const char* name, PageCount pages, uint32_t payload_bytes, SwapInPath path = SwapInPath::through_cache);
  ~RamBackend();
  [[nodiscard]] const std::byte* peek(SwapOffset slot) const override {
    return storage_ + std::size_t{slot.value()} * payload_bytes_;
  }

 private:
  Errno read(SwapOffset slot, std::span<std::byte> payload) override;
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override;

  const uint32_t payload_bytes_;
  std::byte* storage_;
};

/// Keeps the pages in a file of the host. Native only.
class FileBackend final : public SwapBackend {
 public:
  /// Takes over the open descriptor `fd`.
  FileBackend(const char* name, int fd, PageCount pages, SwapInPath path = SwapInPath::through_cache)
      : SwapBackend(name, pages, path), fd_(fd) {}
  ~FileBackend();
  /// Makes or opens `path` and gives it the size of `pages` pages; -errno.
  [[nodiscard]] static Result<int> open(const char* path, PageCount pages, uint32_t payload_bytes);

 private:
  Errno read(SwapOffset slot, std::span<std::byte> payload) override;
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override;

  const int fd_;
};

}  // namespace quire::swap
