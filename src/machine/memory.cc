// System calls on address spaces, and the program's own accesses.
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {

using base::VirtAddr;
using mm::VmFlag;

// Linux: mm/mmap.c ksys_mmap_pgoff()
Result<uint64_t> Machine::mmap(Process& process, uint64_t hint, uint64_t bytes, int prot, int flags, int fd,
                               uint64_t offset) {
  QUIRE_FUNC();
  int type = flags & abi::kMapTypeMask;
  if (type != abi::kMapShared && type != abi::kMapPrivate) return Errno::einval;
  mm::MmapRequest request;
  request.hint = VirtAddr(hint);
  request.length = bytes;
  if ((prot & abi::kProtRead) != 0) request.flags = request.flags | VmFlag::read;
  if ((prot & abi::kProtWrite) != 0) request.flags = request.flags | VmFlag::write;
  if (type == abi::kMapShared) request.flags = request.flags | VmFlag::shared;
  if ((flags & abi::kMapFixed) != 0) request.placement = mm::Placement::fixed;
  bool anonymous = (flags & abi::kMapAnonymous) != 0;
  if (anonymous && type == abi::kMapPrivate) {
    Result<VirtAddr> start = process.mm().mmap(request);
    if (!start) return start.error();
    return start->value();
  }
  // Shared anonymous memory is a file of tmpfs that has no descriptor. Linux: shmem_zero_setup()
  FileRef file = anonymous ? FileRef(&tmpfs_.create_inode()) : process.fget(fd);
  if (!file) return Errno::ebadf;
  if (anonymous) {
    Errno error = file->ftruncate(bytes);
    if (error != Errno::ok) return error;
  } else {
    request.offset = offset;
  }
  request.file = file.get();
  Result<VirtAddr> start = process.mm().mmap(request);
  if (!start) return start.error();
  return start->value();
}

namespace {

// The file of the next shared mapping, which is written back with mmap_lock dropped; nothing for another mapping. Moves
// `at` behind it. Linux: mm/msync.c
FileRef msync_next(mm::AddressSpace& mm, base::VirtPage& at, base::VirtPage end, bool& whole) {
  sync::SharedGuard guard(mm.mmap_lock);
  mm::Vma* vma = mm.find_vma(at);
  if (vma == nullptr || vma->pages().start() > at) whole = false;
  if (vma == nullptr || vma->pages().start() >= end) {
    at = end;
    return {};
  }
  at = vma->pages().limit();
  if (vma->file() == nullptr || !vma->has(VmFlag::shared)) return {};
  vma->file()->get();
  return FileRef(static_cast<fs::Inode*>(vma->file()));
}

}  // namespace

Errno Machine::munmap(Process& process, uint64_t address, uint64_t bytes) {
  return process.mm().munmap(VirtAddr(address), bytes);
}

Errno Machine::madvise(Process& process, uint64_t address, uint64_t bytes, int advice, PageoutKeep keep) {
  using mm::Advice;
  VirtAddr start(address);
  mm::AddressSpace& mm = process.mm();
  switch (advice) {
    case abi::kMadvDontneed:
      return mm.madvise(start, bytes, Advice::dont_need);
    case abi::kMadvFree:
      return mm.madvise(start, bytes, Advice::free);
    case abi::kMadvHugepage:
      return mm.madvise(start, bytes, Advice::huge_page);
    case abi::kMadvNohugepage:
      return mm.madvise(start, bytes, Advice::no_huge_page);
    case abi::kMadvPageout:
      return reclaim_.madvise_pageout(
          mm, start, bytes, keep == PageoutKeep::swapcache ? reclaim::SwapCached::keep : reclaim::SwapCached::free);
    default:
      return Errno::einval;
  }
}

// Writes back the whole of each file, and not only the part that is mapped here. Linux: mm/msync.c
Errno Machine::msync(Process& process, uint64_t address, uint64_t bytes, int flags) {
  QUIRE_FUNC();
  if ((flags & ~(abi::kMsAsync | abi::kMsInvalidate | abi::kMsSync)) != 0) return Errno::einval;
  if (address % base::kPageSize != 0) return Errno::einval;
  if ((flags & abi::kMsAsync) != 0 && (flags & abi::kMsSync) != 0) return Errno::einval;
  uint64_t length = (bytes + base::kPageSize - 1) & ~(base::kPageSize - 1);
  if (address + length < address || length < bytes) return Errno::enomem;
  if (length == 0) return Errno::ok;
  base::VirtPage at = base::page_of(VirtAddr(address));
  base::VirtPage end = at + base::pages_of(base::ByteCount(length));
  bool whole = true;
  while (at < end) {
    FileRef file = msync_next(process.mm(), at, end, whole);
    if (!file || (flags & abi::kMsSync) == 0) continue;
    Errno error = file->fsync();
    if (error != Errno::ok) return error;
  }
  return whole ? Errno::ok : Errno::enomem;
}

mm::Loaded Machine::load(Process& process, uint64_t address) { return process.mm().load(VirtAddr(address)); }

mm::Signal Machine::store(Process& process, uint64_t address, std::byte value) {
  return process.mm().store(VirtAddr(address), value);
}

Result<bool> Machine::mincore(Process& process, uint64_t address) { return process.mm().mincore(VirtAddr(address)); }

mm::PagemapKind Machine::pagemap(Process& process, uint64_t address) { return process.mm().pagemap(VirtAddr(address)); }

Rss Machine::rss(const Process& process) const {
  const rmap::RssCounters& rss = process.mm().rss;
  return {rss.get(rmap::RssClass::anon), rss.get(rmap::RssClass::file), rss.get(rmap::RssClass::shmem),
          rss.get(rmap::RssClass::swap_entries)};
}

void Machine::corrupt_pte(Process& process, uint64_t to, uint64_t from) {
  process.mm().corrupt_pte(base::VirtAddr(to), base::VirtAddr(from));
}

}  // namespace quire::machine
