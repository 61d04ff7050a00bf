// System calls that write files back, and what modules ask for.
#include "fs/writeback.h"
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {

// Linux: fs/sync.c do_fsync()
Errno Machine::fsync(Process& process, int fd) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  return file->fsync(fs::kWholeFile);
}

Errno Machine::syncfs(Process& process, int fd) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  return file ? file->syncfs() : Errno::ebadf;
}

// Linux: fs/sync.c ksys_sync_file_range(), sync_file_range()
Errno Machine::sync_file_range(Process& process, int fd, int64_t offset, int64_t bytes, unsigned flags) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if ((flags & ~abi::kSyncFileRangeMask) != 0 || offset < 0) return Errno::einval;
  auto from = static_cast<uint64_t>(offset);
  auto to = from + static_cast<uint64_t>(bytes);
  constexpr auto kMost = static_cast<uint64_t>(INT64_MAX);
  if (bytes < 0 || to > kMost) return Errno::einval;
  base::FileIndex end = bytes == 0 ? fs::kNoEnd : fs::index_after(to);
  return file->sync_file_range({fs::index_of(from), end}, flags);
}

Errno Machine::write_one_page(Process& process, int fd, int64_t offset) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  if (offset < 0) return Errno::einval;
  cache::FolioRef folio = file->mapping().get_folio(fs::index_of(static_cast<uint64_t>(offset)));
  return folio ? fs::write_one_page(env_, file->mapping(), *folio) : Errno::ok;
}

Errno Machine::mapping_set_gfp_mask(Process& process, int fd, phys::Gfp gfp) {
  QUIRE_FUNC();
  FileRef file = process.fget(fd);
  if (!file) return Errno::ebadf;
  file->mapping().flags().set_gfp_mask(gfp);
  return Errno::ok;
}

}  // namespace quire::machine
