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

/// Whether no byte of it would be beyond what an offset can say. Linux: fs/read_write.c rw_verify_area()
bool offsets_fit(int64_t offset, std::size_t bytes) {
  return offset >= 0 && bytes <= fs::kSizeMax - static_cast<uint64_t>(offset);
}

}  // namespace

// Linux: mm/memfd.c memfd_create()
Result<int> Machine::memfd_create(Process& process) {
  QUIRE_FUNC();
  base::Clock clock(sync::driven() ? base::Clock::Kind::stands_still : base::Clock::Kind::real);
  fs::TmpfsInode& inode = tmpfs_.create_inode();
  inode.own_without_name(process.credentials(), clock.now());
  return open_inode(process, inode);
}

// Takes over the reference. Linux: fs/open.c do_dentry_open(), fs/file.c fd_install()
Result<int> Machine::open_inode(Process& process, fs::Inode& inode, fs::FileMode mode) {
  FileRef file(sync::make_object<fs::File>(inode, mode));
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
Result<int> Machine::open(Process& process, std::string_view name, int flags, unsigned mode) {
  QUIRE_FUNC();
  if (name.empty() || name.starts_with('/')) return open_path(process, name, flags, mode);
  if ((flags & ~(abi::kOAccessMode | abi::kOCreat | abi::kOExcl | abi::kOTrunc)) != 0) return Errno::einval;
  int access = flags & abi::kOAccessMode;
  if (access == abi::kOAccessMode) return Errno::einval;
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
  return open_inode(process, inode, {access != abi::kOWronly, access != abi::kORdonly, false});
}

Errno Machine::ftruncate(Process& process, int fd, int64_t bytes) {
  QUIRE_FUNC();
  if (bytes < 0) return Errno::einval;
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (!file->mode().write) return Errno::einval;
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
  if (!file->mode().write) return Errno::ebadf;
  fs::PunchMode what = punch  ? fs::PunchMode::punch_hole
                       : keep ? fs::PunchMode::allocate_keep_size
                              : fs::PunchMode::allocate;
  return file.inode().fallocate(what, static_cast<uint64_t>(offset), static_cast<uint64_t>(bytes));
}

Result<uint64_t> Machine::pread(Process& process, int fd, std::span<std::byte> to, int64_t offset) {
  QUIRE_FUNC();
  if (offset < 0) return Errno::einval;
  FileRef file = process.fget(fd);
  if (!file || !file->mode().read) return Errno::ebadf;
  if (!offsets_fit(offset, to.size())) return Errno::einval;
  return file->pread(to, static_cast<uint64_t>(offset));
}

// Linux: mm/fadvise.c ksys_fadvise64_64()
Errno Machine::posix_fadvise(Process& process, int fd, int64_t offset, int64_t bytes, int advice) {
  QUIRE_FUNC();
  using Advice = fs::File::Advice;
  constexpr Advice kAdvice[] = {Advice::normal,    Advice::random,    Advice::sequential,
                                Advice::will_need, Advice::dont_need, Advice::no_reuse};
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (bytes < 0 || advice < 0 || static_cast<std::size_t>(advice) >= std::size(kAdvice)) return Errno::einval;
  file->fadvise(kAdvice[advice], static_cast<uint64_t>(offset), static_cast<uint64_t>(bytes));
  return Errno::ok;
}

// Linux: mm/readahead.c ksys_readahead()
Errno Machine::readahead(Process& process, int fd, int64_t offset, uint64_t bytes) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file || !file->mode().read) return Errno::ebadf;
  if (file.inode().super() != nullptr && file.inode().getattr().kind != fs::FileKind::regular) return Errno::einval;
  if (bytes > static_cast<uint64_t>(INT64_MAX)) return Errno::einval;
  file->fadvise(fs::File::Advice::will_need, static_cast<uint64_t>(offset), bytes);
  return Errno::ok;
}

Result<uint64_t> Machine::pwrite(Process& process, int fd, std::span<const std::byte> from, int64_t offset) {
  QUIRE_FUNC();
  if (offset < 0) return Errno::einval;
  FileRef file = process.fget(fd);
  if (!file || !file->mode().write) return Errno::ebadf;
  if (!offsets_fit(offset, from.size())) return Errno::einval;
  if (file.inode().super() != nullptr) {
    Errno error = fs::remove_privs(process.credentials(), file.inode());
    if (error != Errno::ok) return error;
  }
  if (file->mode().append) return file.inode().append(from);
  return file.inode().pwrite(from, static_cast<uint64_t>(offset));
}

Result<Stat> Machine::fstat(Process& process, int fd) {
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return Stat{file.inode().size(), file.inode().st_blocks(), file.inode().getattr(), file.inode().ino()};
}

// Linux: fs/read_write.c ksys_lseek(), generic_file_llseek_size()
Result<uint64_t> Machine::lseek(Process& process, int fd, int64_t offset, int whence) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  auto at = static_cast<uint64_t>(offset);
  // Linux: fs/libfs.c offset_dir_llseek()
  bool is_directory = file.inode().directory() != nullptr;
  switch (whence) {
    case abi::kSeekSet:
      break;
    case abi::kSeekCur:
      at += file->position();
      break;
    case abi::kSeekEnd:
      if (is_directory) return Errno::einval;
      at += file.inode().size();
      break;
    case abi::kSeekData:
    case abi::kSeekHole: {
      if (is_directory) return Errno::einval;
      if (offset < 0) return Errno::enxio;
      Result<uint64_t> found = file.inode().seek(whence == abi::kSeekData ? fs::Seek::data : fs::Seek::hole, at);
      if (!found) return found;
      at = *found;
      break;
    }
    default:
      return Errno::einval;
  }
  if (at > fs::kSizeMax) return Errno::einval;
  file->set_position(at);
  return at;
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
