// System calls on address spaces, and the program's own accesses.
#include <optional>

#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {

using base::VirtAddr;
using mm::VmFlag;

namespace {

std::optional<mm::Advice> advice_of(int advice) {
  using mm::Advice;
  switch (advice) {
    case abi::kMadvNormal:
      return Advice::normal;
    case abi::kMadvRandom:
      return Advice::random;
    case abi::kMadvSequential:
      return Advice::sequential;
    case abi::kMadvDontdump:
      return Advice::dont_dump;
    case abi::kMadvDodump:
      return Advice::do_dump;
    case abi::kMadvWillneed:
      return Advice::will_need;
    case abi::kMadvDontneed:
      return Advice::dont_need;
    case abi::kMadvFree:
      return Advice::free;
    case abi::kMadvRemove:
      return Advice::remove;
    case abi::kMadvHugepage:
      return Advice::huge_page;
    case abi::kMadvNohugepage:
      return Advice::no_huge_page;
    case abi::kMadvDontfork:
      return Advice::dont_fork;
    case abi::kMadvDofork:
      return Advice::do_fork;
    case abi::kMadvWipeonfork:
      return Advice::wipe_on_fork;
    case abi::kMadvKeeponfork:
      return Advice::keep_on_fork;
    case abi::kMadvCold:
      return Advice::cold;
    case abi::kMadvPopulateRead:
      return Advice::populate_read;
    case abi::kMadvPopulateWrite:
      return Advice::populate_write;
    case abi::kMadvDontneedLocked:
      return Advice::dont_need_locked;
    case abi::kMadvGuardInstall:
      return Advice::guard_install;
    case abi::kMadvGuardRemove:
      return Advice::guard_remove;
    default:
      return std::nullopt;
  }
}

bool takes_data(mm::Advice advice) {
  using mm::Advice;
  return advice == Advice::dont_need || advice == Advice::dont_need_locked || advice == Advice::free ||
         advice == Advice::guard_install;
}

// Linux: mm/mmap.c do_mmap()
Errno may_map(fs::File& file, bool shared_writable) {
  if (!file.mode().read || (shared_writable && !file.mode().write)) return Errno::eacces;
  fs::Inode& inode = file.inode();
  if (inode.super() == nullptr) return Errno::ok;
  if (inode.getattr().kind != fs::FileKind::regular) return Errno::enodev;
  inode.touch_atime();
  return Errno::ok;
}

}  // namespace

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
  if ((flags & (abi::kMapPopulate | abi::kMapNonblock)) == abi::kMapPopulate) request.populate = mm::Populate::yes;
  bool fixed = (flags & abi::kMapFixed) != 0;
  if (fixed) request.placement = mm::Placement::fixed;
  Discarding replaced = discarding(process, hint, fixed ? bytes : 0);
  bool anonymous = (flags & abi::kMapAnonymous) != 0;
  if (anonymous && type == abi::kMapPrivate) {
    Result<VirtAddr> start = process.mm().mmap(request);
    if (!start) return start.error();
    return start->value();
  }
  // Shared anonymous memory is a file of tmpfs that has no descriptor. Linux: shmem_zero_setup()
  FileRef file = anonymous ? FileRef(sync::make_object<fs::File>(tmpfs_.create_inode())) : process.fget(fd);
  if (!file) return Errno::ebadf;
  if (file.inode().shared_only() && type != abi::kMapShared) return Errno::einval;
  if (anonymous) {
    Errno error = file.inode().ftruncate(bytes);
    if (error != Errno::ok) return error;
  } else {
    Errno error = bytes != 0 ? may_map(*file, type == abi::kMapShared && (prot & abi::kProtWrite) != 0) : Errno::ok;
    if (error != Errno::ok) return error;
    request.offset = offset;
  }
  request.file = file.get();
  Result<VirtAddr> start = process.mm().mmap(request);
  if (!start) return start.error();
  return start->value();
}

namespace {

struct MsyncWalk {
  base::VirtPage at;
  base::VirtPage end;
  bool invalidate;
  base::Range<base::FileIndex> part = {};  ///< of the file that was found
  bool whole = true;
  bool busy = false;  ///< a locked mapping must not be invalidated
};

// The file of the next shared mapping, which is written back with mmap_lock dropped; nothing for another mapping. Moves
// behind it. Linux: mm/msync.c
FileRef msync_next(mm::AddressSpace& mm, MsyncWalk& walk) {
  sync::SharedGuard guard(mm.mmap_lock);
  mm::Vma* vma = mm.find_vma(walk.at);
  if (vma == nullptr || vma->pages().start() > walk.at) walk.whole = false;
  if (vma == nullptr || vma->pages().start() >= walk.end) {
    walk.at = walk.end;
    return {};
  }
  walk.busy = walk.invalidate && vma->has(VmFlag::locked);
  auto mapped = vma->pages().intersection({walk.at, walk.end});
  walk.at = vma->pages().limit();
  walk.part = base::Range<base::FileIndex>::of(vma->index_of(mapped.start()), mapped.size());
  // What nobody may write through is no shared mapping to it: VM_SHARED is off.
  if (vma->file() == nullptr || !vma->has(VmFlag::shared) || !vma->may_write()) return {};
  vma->file()->get();
  return FileRef(static_cast<fs::File*>(vma->file()));
}

}  // namespace

Discarding Machine::discarding(Process& process, uint64_t address, uint64_t bytes) {
  base::VirtPage end = options_.page_table.limit();
  base::VirtPage start = std::min(end, base::page_of(VirtAddr(address)));
  uint64_t wanted = bytes / base::kPageSize + (bytes % base::kPageSize != 0 ? 1 : 0);
  uint64_t pages = std::min(wanted, (end - start).value());
  return {private_data_, process.mm(), base::Range<base::VirtPage>::of(start, PageCount(pages))};
}

Errno Machine::munmap(Process& process, uint64_t address, uint64_t bytes) {
  Discarding discards = discarding(process, address, bytes);
  return process.mm().munmap(VirtAddr(address), bytes);
}

Errno Machine::mprotect(Process& process, uint64_t address, uint64_t bytes, int prot) {
  if ((prot & ~abi::kProtMask) != 0) return Errno::einval;
  VmFlag rights = VmFlag::none;
  if ((prot & abi::kProtRead) != 0) rights = rights | VmFlag::read;
  if ((prot & abi::kProtWrite) != 0) rights = rights | VmFlag::write;
  return process.mm().mprotect(VirtAddr(address), bytes, rights);
}

Result<uint64_t> Machine::mremap(Process& process, uint64_t address, uint64_t old_bytes, uint64_t new_bytes, int flags,
                                 uint64_t target) {
  bool may_move = (flags & abi::kMremapMaymove) != 0;
  bool fixed = (flags & abi::kMremapFixed) != 0;
  if ((flags & ~(abi::kMremapMaymove | abi::kMremapFixed | abi::kMremapDontunmap)) != 0) return Errno::einval;
  if (fixed && !may_move) return Errno::einval;
  mm::MremapRequest request{.old = VirtAddr(address), .old_length = old_bytes, .new_length = new_bytes};
  if (may_move) request.move = fixed ? mm::MremapMove::fixed : mm::MremapMove::anywhere;
  if ((flags & abi::kMremapDontunmap) != 0) request.left = mm::MremapLeft::mapping;
  request.target = VirtAddr(target);
  Discarding source = discarding(process, address, old_bytes);
  Discarding destination = discarding(process, target, fixed ? new_bytes : 0);
  Result<VirtAddr> start = process.mm().mremap(request);
  if (!start) return start.error();
  return start->value();
}

Errno Machine::mlock(Process& process, uint64_t address, uint64_t bytes) {
  return process.mm().mlock(VirtAddr(address), bytes, mm::Locking::lock);
}

Errno Machine::munlock(Process& process, uint64_t address, uint64_t bytes) {
  return process.mm().mlock(VirtAddr(address), bytes, mm::Locking::unlock);
}

// Linux: mm/mlock.c SYSCALL_DEFINE3(mlock2)
Errno Machine::mlock2(Process& process, uint64_t address, uint64_t bytes, int flags) {
  if ((flags & ~abi::kMlockOnfault) != 0) return Errno::einval;
  mm::Locking locking = flags == 0 ? mm::Locking::lock : mm::Locking::lock_on_fault;
  return process.mm().mlock(VirtAddr(address), bytes, locking);
}

// Linux: mm/mlock.c SYSCALL_DEFINE1(mlockall)
Errno Machine::mlockall(Process& process, int flags) {
  constexpr int kAll = abi::kMclCurrent | abi::kMclFuture | abi::kMclOnfault;
  if (flags == 0 || (flags & ~kAll) != 0 || flags == abi::kMclOnfault) return Errno::einval;
  mm::Locking locking = (flags & abi::kMclOnfault) != 0 ? mm::Locking::lock_on_fault : mm::Locking::lock;
  mm::MlockAll what;
  if ((flags & abi::kMclCurrent) != 0) what.current = locking;
  if ((flags & abi::kMclFuture) != 0) what.future = locking;
  process.mm().mlockall(what);
  return Errno::ok;
}

Errno Machine::munlockall(Process& process) {
  process.mm().mlockall({.current = mm::Locking::unlock});
  return Errno::ok;
}

Errno Machine::madvise(Process& process, uint64_t address, uint64_t bytes, int advice, PageoutKeep keep) {
  if (advice == abi::kMadvPageout)
    return reclaim_.madvise_pageout(
        process.mm(), VirtAddr(address), bytes,
        keep == PageoutKeep::swapcache ? reclaim::SwapCached::keep : reclaim::SwapCached::free);
  if (advice == abi::kMadvCollapse) return madvise_collapse(process, address, bytes);
  if (advice == abi::kMadvHwpoison) return madvise_hwpoison(process, address, bytes);
  std::optional<mm::Advice> meant = advice_of(advice);
  if (!meant) return Errno::einval;
  Discarding discards = discarding(process, address, takes_data(*meant) ? bytes : 0);
  return process.mm().madvise(VirtAddr(address), bytes, *meant);
}

Errno Machine::uffd_register(Process& process, uint64_t address, uint64_t bytes) {
  return process.mm().uffd_register(VirtAddr(address), bytes);
}

Errno Machine::uffd_writeprotect(Process& process, uint64_t address, uint64_t bytes, mm::UffdWp how) {
  return process.mm().uffd_writeprotect(VirtAddr(address), bytes, how);
}

// Writes back of each file what is mapped in the range. Linux: mm/msync.c
Errno Machine::msync(Process& process, uint64_t address, uint64_t bytes, int flags) {
  QUIRE_FUNC();
  if ((flags & ~(abi::kMsAsync | abi::kMsInvalidate | abi::kMsSync)) != 0) return Errno::einval;
  if (address % base::kPageSize != 0) return Errno::einval;
  if ((flags & abi::kMsAsync) != 0 && (flags & abi::kMsSync) != 0) return Errno::einval;
  uint64_t length = (bytes + base::kPageSize - 1) & ~(base::kPageSize - 1);
  // A length that is rounded up to nothing is nothing.
  if (address + length < address) return Errno::enomem;
  if (length == 0) return Errno::ok;
  base::VirtPage at = base::page_of(VirtAddr(address));
  MsyncWalk walk{at, at + base::pages_of(base::ByteCount(length)), (flags & abi::kMsInvalidate) != 0};
  while (walk.at < walk.end) {
    FileRef file = msync_next(process.mm(), walk);
    if (walk.busy) return Errno::ebusy;
    if (!file || (flags & abi::kMsSync) == 0) continue;
    Errno error = file->fsync(walk.part);
    if (error != Errno::ok) return error;
  }
  return walk.whole ? Errno::ok : Errno::enomem;
}

mm::Loaded Machine::load(Process& process, uint64_t address) { return process.mm().load(VirtAddr(address)); }

mm::Signal Machine::store(Process& process, uint64_t address, std::byte value) {
  mm::AddressSpace& mm = process.mm();
  uint64_t begun = private_data_.begin_store(mm, VirtAddr(address));
  mm::Signal signal = mm.store(VirtAddr(address), value);
  if (signal.none()) private_data_.end_store(mm, VirtAddr(address), value, begun);
  return signal;
}

mm::Signal Machine::load(Process& process, uint64_t address, std::span<std::byte> to) {
  return process.mm().load(VirtAddr(address), to);
}

mm::Signal Machine::store(Process& process, uint64_t address, std::span<const std::byte> from) {
  if (options_.private_data == OnOff::off) return process.mm().store(VirtAddr(address), from);
  mm::Signal signal;  // each byte is in the ledger
  for (std::size_t i = 0; i < from.size() && signal.none(); ++i) signal = store(process, address + i, from[i]);
  return signal;
}

Result<bool> Machine::mincore(Process& process, uint64_t address) { return process.mm().mincore(VirtAddr(address)); }

mm::PagemapKind Machine::pagemap(Process& process, uint64_t address) { return process.mm().pagemap(VirtAddr(address)); }

Rss Machine::rss(const Process& process) const {
  const rmap::RssCounters& rss = process.mm().rss;
  return {rss.get(rmap::RssClass::anon), rss.get(rmap::RssClass::file), rss.get(rmap::RssClass::shmem),
          rss.get(rmap::RssClass::swap_entries)};
}

void Machine::corrupt_pte(Process& process, uint64_t to, uint64_t from) {
  Discarding discards = discarding(process, to, base::kPageSize);
  process.mm().corrupt_pte(base::VirtAddr(to), base::VirtAddr(from));
}

}  // namespace quire::machine
