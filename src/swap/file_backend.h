// FileBackend: a swap device in a file or block device of the host. Native only.
//
// It begins with a header page as mkswap(8) writes it (swap/swap_header.h); the pages follow it. To the machine the
// file is a disk: its header may name bad pages, as Linux allows on a block device only.
//
// Ways in, best first; access() tells which one it is and why not a better one:
//   io_uring   a pool of rings, each with one request in flight; a slot always goes to the same ring
//   pread      where the kernel gives no ring; also for a single ring that stopped working
// and, apart from that, O_DIRECT if pages are whole blocks and a first read shows that the file system does it; memory
// that is not aligned then goes by way of the ring's bounce buffer.
//
// Locks: one swap_backend_lock for each ring, held for one request, which may be of many pages. An error of the host
// and a transfer that is too short are both -EIO. The file is locked (flock) while the back end lives, so that no other
// machine uses it, and what it held but for its header is overwritten.
//
// A discard punches a hole into a file, which gives the room back to the host. The holes are filled again when the back
// end ends: a swap file has none (open() refuses it). After a kill mkswap() mends it.
//
//   Errno e = FileBackend::mkswap("/var/tmp/swap", {.pages = PageCount(1025), .payload_bytes = 4096});
//   auto file = FileBackend::open({"F", "/var/tmp/swap", PageCount(1025), 4096});
//   if (file) areas.swapon(**file);
#pragma once

#include <string_view>

#include "swap/backend.h"
#include "sync/atomic.h"

namespace quire::swap {

struct FileSettings {
  const char* name;
  std::string_view file;   ///< its path
  PageCount pages;         ///< the header included
  uint32_t payload_bytes;  ///< per page
  SwapInPath path = SwapInPath::through_cache;
  enum class Engine : uint8_t { io_uring, pread } engine = Engine::io_uring;
};

/// What to make of a file; a block device has its size.
struct MkswapSettings {
  PageCount pages{0};  ///< the header included; 0: as many as there is room for
  uint32_t payload_bytes = 4096;
  std::span<const SwapOffset> bad_pages = {};
};

class FileBackend final : public SwapBackend {
 public:
  /// -ENOENT: missing; -EINVAL: neither a regular file nor a block device, a header that read_swap_header() refuses or
  /// that has fewer pages than asked for, or a hole; -EBUSY: in use by another back end, or a block device that the
  /// host uses itself; -EACCES and other errors are those of open(2). `*reason` is a sentence about -EINVAL.
  [[nodiscard]] static Result<sync::Box<FileBackend>> open(const FileSettings& settings, const char** reason = nullptr);
  /// Makes a file that is not there; gives it room; writes its header. -EINVAL: no room for a page, or bad pages that
  /// are none of it; -EBUSY: a back end uses it. Other errors are those of open(2) and posix_fallocate(3).
  [[nodiscard]] static Errno mkswap(std::string_view file, const MkswapSettings& settings);

  /// Takes over the descriptor, which open() has looked at.
  FileBackend(const FileSettings& settings, int fd, bool direct);
  ~FileBackend();

  [[nodiscard]] const sync::String& access() const { return access_; }
  void describe(sync::String& out) const override;
  [[nodiscard]] Errno suspend() override { return Errno::eopnotsupp; }

 private:
  static constexpr unsigned kRings = 8;
  class Ring;
  enum class Direction : uint8_t { read, write };

  Errno read(SwapOffset slot, std::span<std::byte> payload) override;
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override;
  Errno read_run(SwapOffset first, PageCount pages, std::span<std::byte> payload) override;
  Errno write_run(SwapOffset first, PageCount pages, std::span<const std::byte> payload) override;
  void discard_run(SwapOffset first, PageCount pages) override;
  Errno transfer(Direction direction, SwapOffset first, std::span<std::byte> memory);
  [[nodiscard]] off_t place_of(SwapOffset slot) const;
  void start_rings(FileSettings::Engine engine);
  [[nodiscard]] Ring& ring_of(SwapOffset slot) { return *rings_[slot.value() % kRings]; }

  const int fd_;
  const uint32_t payload_bytes_;
  const bool direct_;
  sync::Atomic<uint32_t, "file has holes"> punched_{0};
  sync::String access_;
  sync::Vector<sync::Box<Ring>> rings_;
};

}  // namespace quire::swap
