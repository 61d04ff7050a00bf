// FileBackend: a swap device in a file or block device of the host; page i is at byte i * payload_bytes. Native only.
//
// Ways in, best first; access() tells which one it is and why not a better one:
//   io_uring   a pool of rings, each with one request in flight; a slot always goes to the same ring
//   pread      where the kernel gives no ring; also for a single ring that stopped working
// and, apart from that, O_DIRECT if pages are whole blocks and a first read shows that the file system does it; memory
// that is not aligned then goes by way of the ring's bounce buffer.
//
// Locks: one swap_backend_lock for each ring, held for one request. An error of the host and a transfer that is too
// short are both -EIO. The file is locked (flock) while the back end lives, so that no other machine uses it, and what
// it held is overwritten.
//
//   Errno e = FileBackend::create("/var/tmp/swap", PageCount(1025), 4096);
//   auto file = FileBackend::open({"F", "/var/tmp/swap", PageCount(1025), 4096});
//   if (file) areas.swapon(**file);
#pragma once

#include <string_view>

#include "swap/backend.h"

namespace quire::swap {

struct FileSettings {
  const char* name;
  std::string_view file;   ///< its path
  PageCount pages;         ///< the header included
  uint32_t payload_bytes;  ///< per page
  SwapInPath path = SwapInPath::through_cache;
  enum class Engine : uint8_t { io_uring, pread } engine = Engine::io_uring;
};

class FileBackend final : public SwapBackend {
 public:
  /// -ENOENT: missing; -EINVAL: smaller than its pages, or neither a regular file nor a block device; -EBUSY: in use by
  /// another back end, or a block device that the host uses itself; other errors are those of open(2).
  [[nodiscard]] static Result<sync::Box<FileBackend>> open(const FileSettings& settings);
  /// Makes the file, or gives it room for `pages` pages. Errors are those of open(2) and posix_fallocate(3).
  [[nodiscard]] static Errno create(std::string_view file, PageCount pages, uint32_t payload_bytes);

  /// Takes over the descriptor, which open() has looked at.
  FileBackend(const FileSettings& settings, int fd, bool direct);
  ~FileBackend();

  [[nodiscard]] const sync::String& access() const { return access_; }
  void describe(sync::String& out) const override;

 private:
  static constexpr unsigned kRings = 8;
  class Ring;
  enum class Direction : uint8_t { read, write };

  Errno read(SwapOffset slot, std::span<std::byte> payload) override;
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override;
  void start_rings(FileSettings::Engine engine);
  [[nodiscard]] Ring& ring_of(SwapOffset slot) { return *rings_[slot.value() % kRings]; }

  const int fd_;
  const uint32_t payload_bytes_;
  const bool direct_;
  sync::String access_;
  sync::Vector<sync::Box<Ring>> rings_;
};

}  // namespace quire::swap
