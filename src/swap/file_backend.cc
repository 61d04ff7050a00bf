#include "swap/file_backend.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <liburing.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "phys/bulk.h"
#include "sync/lock.h"

namespace quire::swap {
namespace {

constexpr std::size_t kBlockBytes = 4096;
constexpr unsigned kRingEntries = 4;

/// A descriptor that is closed unless it is released.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

bool holds_pages(const struct stat& status) { return S_ISREG(status.st_mode) || S_ISBLK(status.st_mode); }

Result<uint64_t> size_of(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return static_cast<Errno>(errno);
  if (!holds_pages(status)) return Errno::einval;
  if (S_ISREG(status.st_mode)) return static_cast<uint64_t>(status.st_size);
  uint64_t bytes = 0;
  if (ioctl(fd, BLKGETSIZE64, &bytes) != 0) return Errno::einval;
  return bytes;
}

/// Whether direct transfers of whole blocks work, tried on the first one.
bool reads_directly(int fd) {
  void* block = sync::allocate(kBlockBytes, kBlockBytes);
  ssize_t n = pread(fd, block, kBlockBytes, 0);
  sync::deallocate(block, kBlockBytes, kBlockBytes);
  return n == static_cast<ssize_t>(kBlockBytes);
}

}  // namespace

/// One request at a time, through io_uring while that works.
class FileBackend::Ring {
 public:
  Ring(int fd, std::size_t bytes)
      : fd_(fd), bytes_(bytes), bounce_(static_cast<std::byte*>(sync::allocate(bytes, kBlockBytes))) {}
  ~Ring() {
    stop();
    sync::deallocate(bounce_, bytes_, kBlockBytes);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// 0 or -errno.
  [[nodiscard]] int start() {
    int error = io_uring_queue_init(kRingEntries, &ring_, 0);
    started_ = error == 0;
    return error;
  }

  /// `memory` as it is, or the bounce buffer in its place where blocks have to be aligned.
  Errno transfer(Direction direction, std::byte* memory, off_t offset, bool direct) QUIRE_REQUIRES(lock_) {
    bool bounced = direct && reinterpret_cast<uintptr_t>(memory) % kBlockBytes != 0;
    std::byte* at = bounced ? bounce_ : memory;
    if (bounced && direction == Direction::write) phys::copy_contents(at, memory, bytes_);
    int n = 0;
    do {
      n = started_ ? through_ring(direction, at, offset) : through_call(direction, at, offset);
    } while (n == -EINTR || n == -EAGAIN);
    if (n != static_cast<int>(bytes_)) return Errno::eio;
    if (bounced && direction == Direction::read) phys::copy_contents(memory, at, bytes_);
    return Errno::ok;
  }

  sync::Mutex<sync::LockClass::swap_backend_lock> lock_;

 private:
  // A ring that takes no request is given up, and nothing is in flight then. One that took it is waited for whatever
  // happens: closing it would not stop the kernel from writing to the page later.
  int through_ring(Direction direction, std::byte* at, off_t offset) QUIRE_REQUIRES(lock_) {
    io_uring_sqe* request = io_uring_get_sqe(&ring_);
    QUIRE_ASSERT(request != nullptr, "a ring with one request in flight is full");
    auto bytes = static_cast<unsigned>(bytes_);
    if (direction == Direction::read)
      io_uring_prep_read(request, fd_, at, bytes, static_cast<__u64>(offset));
    else
      io_uring_prep_write(request, fd_, at, bytes, static_cast<__u64>(offset));
    int submitted = 0;
    do {
      submitted = io_uring_submit(&ring_);
    } while (submitted == -EINTR);
    if (submitted != 1) {
      stop();
      return through_call(direction, at, offset);
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

  int through_call(Direction direction, std::byte* at, off_t offset) const {
    ssize_t n = direction == Direction::read ? pread(fd_, at, bytes_, offset) : pwrite(fd_, at, bytes_, offset);
    return n < 0 ? -errno : static_cast<int>(n);
  }

  void stop() {
    if (started_) io_uring_queue_exit(&ring_);
    started_ = false;
  }

  const int fd_;
  const std::size_t bytes_;
  std::byte* const bounce_;
  io_uring ring_ = {};
  bool started_ = false;
};

Result<sync::Box<FileBackend>> FileBackend::open(const FileSettings& settings) {
  const sync::String path(settings.file);
  // Before opening: to open a FIFO or a character device may block or do something.
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return static_cast<Errno>(errno);
  if (!holds_pages(status)) return Errno::einval;
  // O_EXCL: a block device that the host has mounted or swaps to is -EBUSY.
  Descriptor plain(::open(path.c_str(), O_RDWR | O_CLOEXEC | (S_ISBLK(status.st_mode) ? O_EXCL : 0)));
  if (plain.get() < 0) return static_cast<Errno>(errno);
  auto bytes = size_of(plain.get());
  if (!bytes) return bytes.error();
  if (*bytes < settings.pages.value() * settings.payload_bytes) return Errno::einval;
  if (flock(plain.get(), LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? Errno::ebusy : static_cast<Errno>(errno);

  // The flag is set on the descriptor that has the lock: a lock belongs to one opening of the file.
  bool direct = false;
  int flags = fcntl(plain.get(), F_GETFL);
  if (settings.payload_bytes % kBlockBytes == 0 && fcntl(plain.get(), F_SETFL, flags | O_DIRECT) == 0) {
    direct = reads_directly(plain.get());
    if (!direct && fcntl(plain.get(), F_SETFL, flags) != 0) return static_cast<Errno>(errno);
  }
  return sync::make_box<FileBackend>(settings, plain.release(), direct);
}

Errno FileBackend::create(std::string_view file, PageCount pages, uint32_t payload_bytes) {
  Descriptor made(::open(sync::String(file).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (made.get() < 0) return static_cast<Errno>(errno);
  return static_cast<Errno>(posix_fallocate(made.get(), 0, static_cast<off_t>(pages.value() * payload_bytes)));
}

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
    rings_.push_back(sync::make_box<Ring>(fd_, payload_bytes_));
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
  ::close(fd_);
}

void FileBackend::describe(sync::String& out) const {
  fmt::format_to(std::back_inserter(out), "    file by {}\n", std::string_view(access_));
}

Errno FileBackend::read(SwapOffset slot, std::span<std::byte> payload) {
  QUIRE_ASSERT(payload.size() == payload_bytes_);
  Ring& ring = ring_of(slot);
  sync::Guard guard(ring.lock_);
  return ring.transfer(Direction::read, payload.data(), static_cast<off_t>(slot.value() * payload.size()), direct_);
}

Errno FileBackend::write(SwapOffset slot, std::span<const std::byte> payload) {
  QUIRE_ASSERT(payload.size() == payload_bytes_);
  Ring& ring = ring_of(slot);
  sync::Guard guard(ring.lock_);
  auto* memory = const_cast<std::byte*>(payload.data());  // only read from, see Direction::write
  return ring.transfer(Direction::write, memory, static_cast<off_t>(slot.value() * payload.size()), direct_);
}

}  // namespace quire::swap
