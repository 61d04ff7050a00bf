// What has to be true of a file before it is a swap device, and how it becomes one.
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "swap/file_backend.h"
#include "swap/swap_header.h"

namespace quire::swap {
namespace {

constexpr std::size_t kDirectBytes = 4096;

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

/// A descriptor of the file that has its lock; `flags` are added to those of open(2).
Result<int> open_locked(const sync::String& path, int flags) {
  // Before opening: to open a FIFO or a character device may block or do something.
  struct stat status;
  bool exists = stat(path.c_str(), &status) == 0;
  if (!exists && ((flags & O_CREAT) == 0 || errno != ENOENT)) return static_cast<Errno>(errno);
  if (exists && !holds_pages(status)) return Errno::einval;
  // O_EXCL: a block device that the host has mounted or swaps to is -EBUSY.
  if (exists) flags = (flags & ~O_CREAT) | (S_ISBLK(status.st_mode) ? O_EXCL : 0);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
  if (file.get() < 0) return static_cast<Errno>(errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? Errno::ebusy : static_cast<Errno>(errno);
  return file.release();
}

/// Whether the host has given room to each of the first `bytes` bytes; unwritten room will do. Linux:
/// fs/iomap/swapfile.c
bool has_no_holes(int fd, uint64_t bytes) {
  struct stat status;
  if (fstat(fd, &status) != 0) return false;
  if (S_ISBLK(status.st_mode)) return true;
  constexpr unsigned kExtents = 32;
  alignas(fiemap) std::array<std::byte, sizeof(fiemap) + kExtents * sizeof(fiemap_extent)> room;
  for (uint64_t at = 0; at < bytes;) {
    room.fill(std::byte{0});
    auto* map = reinterpret_cast<fiemap*>(room.data());
    map->fm_start = at;
    map->fm_length = bytes - at;
    map->fm_flags = FIEMAP_FLAG_SYNC;
    map->fm_extent_count = kExtents;
    // Some file systems cannot tell where, only how much.
    if (ioctl(fd, FS_IOC_FIEMAP, map) != 0) return static_cast<uint64_t>(status.st_blocks) * 512 >= bytes;
    if (map->fm_mapped_extents == 0) return false;
    for (unsigned i = 0; i < map->fm_mapped_extents; ++i) {
      if (map->fm_extents[i].fe_logical > at) return false;
      at = map->fm_extents[i].fe_logical + map->fm_extents[i].fe_length;
    }
  }
  return true;
}

uint64_t bytes_of(PageCount pages, uint32_t payload_bytes) {
  return SwapHeader::kBytes + (pages.value() - 1) * payload_bytes;
}

PageCount pages_in(uint64_t bytes, uint32_t payload_bytes) {
  return PageCount(bytes < SwapHeader::kBytes ? 0 : 1 + (bytes - SwapHeader::kBytes) / payload_bytes);
}

/// The header of a file, checked against the file and what is asked of it.
ReadHeader header_of(int fd, const FileSettings& settings) {
  auto bytes = size_of(fd);
  if (!bytes) return {bytes.error(), "neither a regular file nor a block device", {}};
  std::array<std::byte, SwapHeader::kBytes> page;
  if (pread(fd, page.data(), page.size(), 0) != static_cast<ssize_t>(page.size()))
    return {Errno::einval, "too small for a header", {}};
  ReadHeader read = read_swap_header(page, pages_in(*bytes, settings.payload_bytes));
  if (read.error != Errno::ok) return read;
  if (read.header.last_page + uint64_t{1} < settings.pages.value())
    return {Errno::einval, "the header has fewer pages than the area", {}};
  if (!has_no_holes(fd, bytes_of(settings.pages, settings.payload_bytes)))
    return {Errno::einval, "the file has holes", {}};
  return read;
}

/// Whether direct transfers of whole blocks work, tried on the first one.
bool reads_directly(int fd) {
  void* block = sync::allocate(kDirectBytes, kDirectBytes);
  ssize_t n = pread(fd, block, kDirectBytes, 0);
  sync::deallocate(block, kDirectBytes, kDirectBytes);
  return n == static_cast<ssize_t>(kDirectBytes);
}

}  // namespace

Result<sync::Box<FileBackend>> FileBackend::open(const FileSettings& settings, const char** reason) {
  Result<int> opened = open_locked(sync::String(settings.file), 0);
  if (!opened) return opened.error();
  Descriptor file(*opened);
  ReadHeader read = header_of(file.get(), settings);
  if (reason != nullptr) *reason = read.reason;
  if (read.error != Errno::ok) return read.error;

  // The flag is set on the descriptor that has the lock: a lock belongs to one opening of the file.
  bool direct = false;
  int flags = fcntl(file.get(), F_GETFL);
  if (settings.payload_bytes % kDirectBytes == 0 && fcntl(file.get(), F_SETFL, flags | O_DIRECT) == 0) {
    direct = reads_directly(file.get());
    if (!direct && fcntl(file.get(), F_SETFL, flags) != 0) return static_cast<Errno>(errno);
  }
  auto device = sync::make_box<FileBackend>(settings, file.release(), direct);
  std::erase_if(read.header.bad_pages, [&](SwapOffset bad) { return bad.value() >= settings.pages.value(); });
  device->set_bad_pages(std::move(read.header.bad_pages));
  return device;
}

Errno FileBackend::mkswap(std::string_view file, const MkswapSettings& settings) {
  Result<int> opened = open_locked(sync::String(file), O_CREAT);
  if (!opened) return opened.error();
  Descriptor made(*opened);
  auto bytes = size_of(made.get());
  if (!bytes) return bytes.error();
  PageCount pages = settings.pages != PageCount(0) ? settings.pages : pages_in(*bytes, settings.payload_bytes);
  if (pages < PageCount(2)) return Errno::einval;
  SwapHeader header{static_cast<uint32_t>(pages.value() - 1), {}};
  header.bad_pages.assign(settings.bad_pages.begin(), settings.bad_pages.end());
  std::array<std::byte, SwapHeader::kBytes> page;
  Errno error = write_swap_header(page, header);
  if (error != Errno::ok) return error;
  struct stat status;
  if (fstat(made.get(), &status) != 0) return static_cast<Errno>(errno);
  uint64_t needed = bytes_of(pages, settings.payload_bytes);
  if (S_ISREG(status.st_mode)) {
    if (int cannot = posix_fallocate(made.get(), 0, static_cast<off_t>(needed))) return static_cast<Errno>(cannot);
  } else if (*bytes < needed) {
    return Errno::einval;
  }
  ssize_t n = pwrite(made.get(), page.data(), page.size(), 0);
  if (n != static_cast<ssize_t>(page.size())) return n < 0 ? static_cast<Errno>(errno) : Errno::eio;
  return fsync(made.get()) == 0 ? Errno::ok : static_cast<Errno>(errno);
}

}  // namespace quire::swap
