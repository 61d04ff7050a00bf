#include "fs/block_device.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "phys/bulk.h"
#include "sync/plain.h"
#include "sync/wait.h"

namespace quire::fs {
namespace {
constexpr const char* kBlock = "device block";
}

bool BlockDevice::usable(BlockNr block) const {
  QUIRE_ASSERT(block.value() < blocks_.value(), "a block behind the end of its device");
  return std::find(bad_.begin(), bad_.end(), block) == bad_.end();
}

Errno BlockDevice::read_block(BlockNr block, std::span<std::byte> payload) {
  sync::might_sleep("read a block");
  return usable(block) ? read(block, payload) : Errno::eio;
}

Errno BlockDevice::write_block(BlockNr block, std::span<const std::byte> payload) {
  sync::might_sleep("write a block");
  return usable(block) ? write(block, payload) : Errno::eio;
}

void BlockDevice::read_blocks(BlockNr first, std::span<PageRead> pages) {
  sync::might_sleep("read blocks");
  bool all_usable = true;
  for (std::size_t i = 0; i < pages.size(); ++i) all_usable = all_usable && usable(first + PageCount(i));
  if (all_usable && pages.size() > 1 && read_run(first, pages)) return;
  for (std::size_t i = 0; i < pages.size(); ++i)
    pages[i].error = usable(first + PageCount(i)) ? read(first + PageCount(i), pages[i].payload) : Errno::eio;
}

RamDisk::RamDisk(std::string_view name, PageCount blocks, uint32_t payload_bytes)
    : BlockDevice(name, blocks),
      payload_bytes_(payload_bytes),
      storage_(static_cast<std::byte*>(sync::allocate(blocks.value() * payload_bytes, alignof(uint64_t)))) {
  phys::zero_contents(storage_, blocks.value() * payload_bytes);
}

RamDisk::~RamDisk() { sync::deallocate(storage_, blocks().value() * payload_bytes_, alignof(uint64_t)); }

Errno RamDisk::read(BlockNr block, std::span<std::byte> payload) {
  sync::region_read(place(block), kBlock);
  phys::copy_contents(payload.data(), place(block), payload_bytes_);
  return Errno::ok;
}

Errno RamDisk::write(BlockNr block, std::span<const std::byte> payload) {
  sync::region_write(place(block), kBlock);
  phys::copy_contents(place(block), payload.data(), payload_bytes_);
  return Errno::ok;
}

Result<sync::Box<FileDisk>> FileDisk::open(std::string_view name, std::string_view path, PageCount blocks,
                                           uint32_t payload_bytes) {
  sync::String terminated(path);
  int fd = ::open(terminated.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return static_cast<Errno>(errno);
  std::size_t bytes = blocks.value() * payload_bytes;
  void* view = MAP_FAILED;
  if (::ftruncate(fd, static_cast<off_t>(bytes)) == 0) view = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (view == MAP_FAILED) {
    auto error = static_cast<Errno>(errno);
    ::close(fd);
    return error;
  }
  return sync::make_box<FileDisk>(name, Opened{fd, static_cast<const std::byte*>(view)}, blocks, payload_bytes);
}

FileDisk::~FileDisk() {
  ::munmap(const_cast<std::byte*>(opened_.view), blocks().value() * payload_bytes_);
  ::close(opened_.fd);
}

Errno FileDisk::flush() { return ::fdatasync(opened_.fd) == 0 ? Errno::ok : Errno::eio; }

Errno FileDisk::read(BlockNr block, std::span<std::byte> payload) {
  auto at = static_cast<off_t>(block.value() * payload_bytes_);
  ssize_t n = ::pread(opened_.fd, payload.data(), payload_bytes_, at);
  return n == static_cast<ssize_t>(payload_bytes_) ? Errno::ok : Errno::eio;
}

// An error, or a transfer that is too short, is looked at block by block.
bool FileDisk::read_run(BlockNr first, std::span<PageRead> pages) {
  constexpr std::size_t kRunMax = 32;
  std::array<iovec, kRunMax> parts;
  if (pages.size() > kRunMax) return false;
  for (std::size_t i = 0; i < pages.size(); ++i) parts[i] = {pages[i].payload.data(), payload_bytes_};
  ssize_t n = ::preadv(opened_.fd, parts.data(), static_cast<int>(pages.size()),
                       static_cast<off_t>(first.value() * payload_bytes_));
  return n == static_cast<ssize_t>(pages.size() * payload_bytes_);
}

Errno FileDisk::write(BlockNr block, std::span<const std::byte> payload) {
  auto at = static_cast<off_t>(block.value() * payload_bytes_);
  ssize_t n = ::pwrite(opened_.fd, payload.data(), payload_bytes_, at);
  return n == static_cast<ssize_t>(payload_bytes_) ? Errno::ok : Errno::eio;
}

}  // namespace quire::fs
