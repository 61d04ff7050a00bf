#include "phys/ram.h"

#include <sys/mman.h>
#include <unistd.h>

#include "sync/heap.h"

namespace quire::phys {
namespace {

constexpr int kReadWriteHost = PROT_READ | PROT_WRITE;

/// `at`: nullptr: anywhere.
std::byte* map_shared(int fd, void* at, std::size_t bytes) {
  void* got = mmap(at, bytes, kReadWriteHost, MAP_SHARED | MAP_NORESERVE | (at == nullptr ? 0 : MAP_FIXED), fd, 0);
  if (got == MAP_FAILED) return nullptr;
  (void)madvise(got, bytes, MADV_DONTFORK);
  return static_cast<std::byte*>(got);
}

int make_memory(std::size_t bytes) {
  int fd = memfd_create("quire-ram", MFD_CLOEXEC);
  if (fd >= 0 && ftruncate(fd, static_cast<off_t>(bytes)) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

/// What the heap has there again: zeros of its own.
void give_back(std::byte* at, std::size_t bytes) {
  if (at == nullptr) return;
  if (!sync::NativeHeap::contains(at)) {
    munmap(at, bytes);
    return;
  }
  (void)mmap(at, bytes, kReadWriteHost, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

}  // namespace

Ram::Ram(std::size_t bytes, std::size_t align, Mapped mapped) : bytes_(bytes), align_(align) {
  if (mapped == Mapped::twice && map_twice()) return;
  data_ = kernel_ = static_cast<std::byte*>(sync::allocate(bytes, align));
}

bool Ram::map_twice() {
  int fd = make_memory(bytes_);
  if (fd < 0) return false;
  bool fixed = sync::NativeHeap::in_use();
  data_ = map_shared(fd, fixed ? sync::NativeHeap::reserve(bytes_) : nullptr, bytes_);
  kernel_ = map_shared(fd, fixed ? sync::NativeHeap::reserve(bytes_) : nullptr, bytes_);
  close(fd);
  if (data_ != nullptr && kernel_ != nullptr) return true;
  give_back(data_, bytes_);
  give_back(kernel_, bytes_);
  return false;
}

Ram::~Ram() {
  if (is_twice()) {
    give_back(data_, bytes_);
    give_back(kernel_, bytes_);
  } else {
    sync::deallocate(data_, bytes_, align_);
  }
}

base::Errno Ram::protect(std::size_t offset, std::size_t bytes, Perm perm) const {
  if (!is_twice()) return base::Errno::ok;
  int prot = !has(perm, Perm::present) ? PROT_NONE : has(perm, Perm::write) ? kReadWriteHost : PROT_READ;
  return mprotect(kernel_ + offset, bytes, prot) == 0 ? base::Errno::ok : base::Errno::enomem;
}

base::Errno Ram::map_twice_at(void* data, void* kernel, std::size_t bytes) {
  int fd = make_memory(bytes);
  if (fd < 0) return base::Errno::enomem;
  bool mapped = map_shared(fd, data, bytes) != nullptr && map_shared(fd, kernel, bytes) != nullptr;
  close(fd);
  return mapped ? base::Errno::ok : base::Errno::enomem;
}

}  // namespace quire::phys
