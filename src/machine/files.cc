// System calls on descriptors.
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {

// Linux: mm/memfd.c memfd_create()
Result<int> Machine::memfd_create(Process& process) {
  QUIRE_FUNC();
  fs::Inode& file = tmpfs_.create_inode();
  Result<int> fd = process.install(file);
  if (!fd) file.put();
  return fd;
}

Errno Machine::ftruncate(Process& process, int fd, int64_t bytes) {
  QUIRE_FUNC();
  if (bytes < 0) return Errno::einval;
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return file->ftruncate(static_cast<uint64_t>(bytes));
}

// Linux: fs/open.c vfs_fallocate()
Errno Machine::fallocate(Process& process, int fd, int mode, int64_t offset, int64_t bytes) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (offset < 0 || bytes <= 0) return Errno::einval;
  bool punch = (mode & abi::kFallocPunchHole) != 0;
  bool keep = (mode & abi::kFallocKeepSize) != 0;
  if ((mode & ~(abi::kFallocPunchHole | abi::kFallocKeepSize)) != 0 || (punch && !keep)) return Errno::eopnotsupp;
  fs::PunchMode what = punch  ? fs::PunchMode::punch_hole
                       : keep ? fs::PunchMode::allocate_keep_size
                              : fs::PunchMode::allocate;
  return file->fallocate(what, static_cast<uint64_t>(offset), static_cast<uint64_t>(bytes));
}

Result<uint64_t> Machine::pread(Process& process, int fd, std::span<std::byte> to, int64_t offset) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (offset < 0) return Errno::einval;
  return file->pread(to, static_cast<uint64_t>(offset));
}

Result<uint64_t> Machine::pwrite(Process& process, int fd, std::span<const std::byte> from, int64_t offset) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (offset < 0) return Errno::einval;
  return file->pwrite(from, static_cast<uint64_t>(offset));
}

Result<Stat> Machine::fstat(Process& process, int fd) {
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return Stat{file->size(), file->st_blocks()};
}

}  // namespace quire::machine
