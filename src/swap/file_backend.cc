#include "swap/file_backend.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "phys/bulk.h"
#include "swap/swap_header.h"
#include "sync/lock.h"

namespace quire::swap {
namespace {

constexpr std::size_t kBlockBytes = 4096;
constexpr unsigned kRingEntries = 4;

constexpr std::size_t kBounceBytes = 16 * kBlockBytes;

}  // namespace

/// One request at a time, through io_uring while that works.
class FileBackend::Ring {
 public:
  Ring(int fd, std::size_t bounce_bytes)
      : fd_(fd),
        bounce_bytes_(bounce_bytes),
        bounce_(static_cast<std::byte*>(sync::allocate(bounce_bytes, kBlockBytes))) {}
  ~Ring() {
    stop();
    sync::deallocate(bounce_, bounce_bytes_, kBlockBytes);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// 0 or -errno.
  [[nodiscard]] int start() {
    int error = io_uring_queue_init(kRingEntries, &ring_, 0);
    started_ = error == 0;
    return error;
  }

  /// The memory as it is, or by way of the bounce buffer where blocks have to be aligned.
  Errno transfer(Direction direction, std::span<std::byte> memory, off_t offset, bool direct) QUIRE_REQUIRES(lock_) {
    if (!direct || reinterpret_cast<uintptr_t>(memory.data()) % kBlockBytes == 0)
      return whole(direction, memory, offset);
    Errno error = Errno::ok;
    for (std::size_t at = 0; at < memory.size() && error == Errno::ok; at += bounce_bytes_) {
      std::span<std::byte> part = memory.subspan(at, std::min(bounce_bytes_, memory.size() - at));
      if (direction == Direction::write) phys::copy_contents(bounce_, part.data(), part.size());
      error = whole(direction, {bounce_, part.size()}, offset + static_cast<off_t>(at));
      if (direction == Direction::read) phys::copy_contents(part.data(), bounce_, part.size());
    }
    return error;
  }

  sync::Mutex<sync::LockClass::swap_backend_lock> lock_;

 private:
  Errno whole(Direction direction, std::span<std::byte> memory, off_t offset) QUIRE_REQUIRES(lock_) {
    int n = 0;
    do {
      n = started_ ? through_ring(direction, memory, offset) : through_call(direction, memory, offset);
    } while (n == -EINTR || n == -EAGAIN);
    return n == static_cast<int>(memory.size()) ? Errno::ok : Errno::eio;
  }

  // A ring that takes no request is given up, and nothing is in flight then. One that took it is waited for whatever
  // happens: closing it would not stop the kernel from writing to the page later.
  int through_ring(Direction direction, std::span<std::byte> memory, off_t offset) QUIRE_REQUIRES(lock_) {
    io_uring_sqe* request = io_uring_get_sqe(&ring_);
    QUIRE_ASSERT(request != nullptr, "a ring with one request in flight is full");
    auto bytes = static_cast<unsigned>(memory.size());
    if (direction == Direction::read)
      io_uring_prep_read(request, fd_, memory.data(), bytes, static_cast<__u64>(offset));
    else
      io_uring_prep_write(request, fd_, memory.data(), bytes, static_cast<__u64>(offset));
    int submitted = 0;
    do {
      submitted = io_uring_submit(&ring_);
    } while (submitted == -EINTR);
    if (submitted != 1) {
      stop();
      return through_call(direction, memory, offset);
    }
    io_uring_cqe* completion = nullptr;
    int error = 0;
    do {
      error = io_uring_wait_cqe(&ring_, &completion);
    } while (error == -EINTR || error == -EAGAIN);
    QUIRE_ASSERT(error == 0, "a ring took a request and cannot be waited for");
    int n = completion->res;
    io_uring_cqe_seen(&ring_, completion);
    return n;
  }

  int through_call(Direction direction, std::span<std::byte> memory, off_t offset) const {
    ssize_t n = direction == Direction::read ? pread(fd_, memory.data(), memory.size(), offset)
                                             : pwrite(fd_, memory.data(), memory.size(), offset);
    return n < 0 ? -errno : static_cast<int>(n);
  }

  void stop() {
    if (started_) io_uring_queue_exit(&ring_);
    started_ = false;
  }

  const int fd_;
  const std::size_t bounce_bytes_;
  std::byte* const bounce_;
  io_uring ring_ = {};
  bool started_ = false;
};

FileBackend::FileBackend(const FileSettings& settings, int fd, bool direct)
    : SwapBackend(settings.name, settings.pages, settings.path),
      fd_(fd),
      payload_bytes_(settings.payload_bytes),
      direct_(direct) {
  start_rings(settings.engine);
}

void FileBackend::start_rings(FileSettings::Engine engine) {
  int error = 0;
  for (unsigned i = 0; i < kRings; ++i) {
    rings_.push_back(sync::make_box<Ring>(fd_, kBounceBytes));
    if (engine == FileSettings::Engine::io_uring && error == 0) error = rings_.back()->start();
  }
  auto out = std::back_inserter(access_);
  if (engine == FileSettings::Engine::pread)
    fmt::format_to(out, "pread and pwrite");
  else if (error != 0)
    fmt::format_to(out, "pread and pwrite, because of io_uring: {}", strerrordesc_np(-error));
  else
    fmt::format_to(out, "io_uring");
  fmt::format_to(out, ", {}", direct_ ? "O_DIRECT" : "page cache");
}

FileBackend::~FileBackend() {
  rings_.clear();
  auto bytes = place_of(SwapOffset(static_cast<uint32_t>(pages().value())));
  // Where the host has no room left the next swapon finds the hole and says so.
  if (punched_.load() != 0) (void)posix_fallocate(fd_, 0, bytes);
  ::close(fd_);
}

void FileBackend::describe(sync::String& out) const {
  fmt::format_to(std::back_inserter(out), "    file by {}\n", std::string_view(access_));
}

off_t FileBackend::place_of(SwapOffset slot) const {
  return static_cast<off_t>(SwapHeader::kBytes + (slot.value() - uint64_t{1}) * payload_bytes_);
}

Errno FileBackend::transfer(Direction direction, SwapOffset first, std::span<std::byte> memory) {
  Ring& ring = ring_of(first);
  sync::Guard guard(ring.lock_);
  return ring.transfer(direction, memory, place_of(first), direct_);
}

Errno FileBackend::read(SwapOffset slot, std::span<std::byte> payload) {
  QUIRE_ASSERT(payload.size() == payload_bytes_);
  return transfer(Direction::read, slot, payload);
}

Errno FileBackend::write(SwapOffset slot, std::span<const std::byte> payload) {
  QUIRE_ASSERT(payload.size() == payload_bytes_);
  return transfer(Direction::write, slot, {const_cast<std::byte*>(payload.data()), payload.size()});  // only read from
}

// Neighbouring slots are neighbours in the file, and the pages of a folio in memory: one transfer.
Errno FileBackend::read_run(SwapOffset first, PageCount pages, std::span<std::byte> payload) {
  QUIRE_ASSERT(payload.size() == pages.value() * payload_bytes_);
  return transfer(Direction::read, first, payload);
}

Errno FileBackend::write_run(SwapOffset first, PageCount pages, std::span<const std::byte> payload) {
  QUIRE_ASSERT(payload.size() == pages.value() * payload_bytes_);
  return transfer(Direction::write, first, {const_cast<std::byte*>(payload.data()), payload.size()});
}

// What the host cannot discard stays. A file system that takes the room back is told with the first hole.
void FileBackend::discard_run(SwapOffset first, PageCount pages) {
  auto bytes = static_cast<off_t>(pages.value() * payload_bytes_);
  struct stat status;
  if (fstat(fd_, &status) != 0) return;
  if (S_ISBLK(status.st_mode)) {
    uint64_t range[2] = {static_cast<uint64_t>(place_of(first)), static_cast<uint64_t>(bytes)};
    (void)ioctl(fd_, BLKDISCARD, range);
    return;
  }
  punched_.store(1);
  (void)fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place_of(first), bytes);
}

}  // namespace quire::swap
