// System calls on descriptors.
#include "fs/truncate.h"
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {
namespace {

/// Rounded outwards.
base::Range<base::FileIndex> touched_pages(Machine::FileRange range) {
  auto from = static_cast<uint64_t>(range.offset);
  auto bytes = static_cast<uint64_t>(range.bytes);
  base::FileIndex start = fs::index_of(from);
  return {start, bytes == 0 ? fs::kNoEnd : fs::index_after(from + bytes)};
}

}  // namespace

// Linux: mm/memfd.c memfd_create()
Result<int> Machine::memfd_create(Process& process) {
  QUIRE_FUNC();
  return open_inode(process, tmpfs_.create_inode());
}

// Takes over the reference. Linux: fs/open.c do_dentry_open(), fs/file.c fd_install()
Result<int> Machine::open_inode(Process& process, fs::Inode& inode) {
  FileRef file(sync::make_object<fs::File>(inode));
  Result<int> fd = process.install(*file);
  if (fd) (void)file.release();
  return fd;
}

// Linux: mm/secretmem.c memfd_secret()
Result<int> Machine::memfd_secret(Process& process, int flags) {
  QUIRE_FUNC();
  if (!secretmem_.available()) return Errno::enosys;
  if ((flags & ~abi::kOCloexec) != 0) return Errno::einval;
  return open_inode(process, secretmem_.create_inode());
}

// Linux: fs/open.c do_sys_openat2()
Result<int> Machine::open(Process& process, std::string_view name, int flags) {
  QUIRE_FUNC();
  if ((flags & ~(abi::kOAccessMode | abi::kOCreat | abi::kOExcl | abi::kOTrunc)) != 0) return Errno::einval;
  auto create = fs::Create::no;
  if ((flags & abi::kOCreat) != 0) create = (flags & abi::kOExcl) != 0 ? fs::Create::must : fs::Create::yes;
  Result<fs::BlockInode*> opened = block_fs_.open(name, create);
  if (!opened) return opened.error();
  fs::BlockInode& inode = **opened;
  if ((flags & abi::kOTrunc) != 0) {
    Errno error = truncate(inode, 0);
    if (error != Errno::ok) {
      inode.put();
      return error;
    }
  }
  return open_inode(process, inode);
}

Errno Machine::ftruncate(Process& process, int fd, int64_t bytes) {
  QUIRE_FUNC();
  if (bytes < 0) return Errno::einval;
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return truncate(file.inode(), static_cast<uint64_t>(bytes));
}

Errno Machine::truncate(fs::Inode& file, uint64_t bytes) {
  base::FileIndex from = fs::index_after(bytes);
  Discarding discards(private_data_, file.mapping(), from);
  return file.ftruncate(bytes);
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
  return file.inode().fallocate(what, static_cast<uint64_t>(offset), static_cast<uint64_t>(bytes));
}

Result<uint64_t> Machine::pread(Process& process, int fd, std::span<std::byte> to, int64_t offset) {
  QUIRE_FUNC();
  if (offset < 0) return Errno::einval;
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return file.inode().pread(to, static_cast<uint64_t>(offset));
}

Result<uint64_t> Machine::pwrite(Process& process, int fd, std::span<const std::byte> from, int64_t offset) {
  QUIRE_FUNC();
  if (offset < 0) return Errno::einval;
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return file.inode().pwrite(from, static_cast<uint64_t>(offset));
}

Result<Stat> Machine::fstat(Process& process, int fd) {
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return Stat{file.inode().size(), file.inode().st_blocks()};
}

// Linux: fs/sync.c do_fsync()
Errno Machine::fsync(Process& process, int fd) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return file->fsync(fs::kWholeFile);
}

// Linux: mm/filemap.c kiocb_invalidate_pages()
Errno Machine::invalidate_inode_pages2(Process& process, int fd, FileRange range) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (range.offset < 0 || range.bytes < 0) return Errno::einval;
  return fs::invalidate_inode_pages2_range(file->mapping(), touched_pages(range));
}

// Linux: include/linux/mm.h unmap_shared_mapping_range()
Errno Machine::unmap_shared_mapping_range(Process& process, int fd, FileRange range) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (range.offset < 0 || range.bytes < 0) return Errno::einval;
  rmap::unmap_mapping_range(file->mapping(), touched_pages(range), rmap::EvenCows::keep);
  return Errno::ok;
}

}  // namespace quire::machine
