#include "runner/operations.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "phys/gfp_scope.h"
#include "runner/path_operations.h"
#include "runner/program.h"
#include "runner/runner.h"
#include "runner/values.h"

namespace quire::runner {

using base::Errno;
using machine::Machine;

namespace {

using namespace paths;

// The length operand, or what an index or a range spans: madvise(p[0:2], MADV_PAGEOUT) and madvise(p, 8K,
// MADV_PAGEOUT).
struct RangeAndRest {
  uint64_t start;
  uint64_t length;
  std::size_t next;
};
RangeAndRest range(Runtime& r, const Call& c, std::size_t operands_after) {
  bool spelled = c.operands.size() > 1 + operands_after;
  uint64_t length = spelled ? unsigned_number(r, c, 1) : static_cast<uint64_t>(c.operands[0].length);
  return {unsigned_number(r, c, 0), length, spelled ? std::size_t{2} : std::size_t{1}};
}

// --- Files ----------------------------------------------------------------------------------------------------------

Value memfd_create(Runtime& r, const Call& c) { return from(r.machine().memfd_create(r.process(c))); }
Value memfd_secret(Runtime& r, const Call& c) {
  return from(r.machine().memfd_secret(r.process(c), int_number(r, c, 0)));
}
Value close(Runtime& r, const Call& c) { return from(r.machine().close(r.process(c), int_number(r, c, 0))); }
Value ftruncate(Runtime& r, const Call& c) {
  return from(r.machine().ftruncate(r.process(c), int_number(r, c, 0), r.number(c, 1)));
}
Value fallocate(Runtime& r, const Call& c) {
  return from(
      r.machine().fallocate(r.process(c), int_number(r, c, 0), int_number(r, c, 1), r.number(c, 2), r.number(c, 3)));
}

Value open(Runtime& r, const Call& c) {
  return from(r.machine().open(r.process(c), c.operands[0].symbol, int_number(r, c, 1),
                               static_cast<unsigned>(int_number(r, c, 2))));
}
Value fsync(Runtime& r, const Call& c) { return from(r.machine().fsync(r.process(c), int_number(r, c, 0))); }
Value fdatasync(Runtime& r, const Call& c) { return fsync(r, c); }
Value posix_fadvise(Runtime& r, const Call& c) {
  return from(r.machine().posix_fadvise(r.process(c), int_number(r, c, 0), r.number(c, 1), r.number(c, 2),
                                        int_number(r, c, 3)));
}
Value readahead(Runtime& r, const Call& c) {
  return from(r.machine().readahead(r.process(c), int_number(r, c, 0), r.number(c, 1), unsigned_number(r, c, 2)));
}
Value syncfs(Runtime& r, const Call& c) { return from(r.machine().syncfs(r.process(c), int_number(r, c, 0))); }
// sync_file_range(FD, OFFSET, LENGTH, FLAGS)
Value sync_file_range(Runtime& r, const Call& c) {
  return from(r.machine().sync_file_range(r.process(c), int_number(r, c, 0), r.number(c, 1), r.number(c, 2),
                                          static_cast<unsigned>(int_number(r, c, 3))));
}
Value write_one_page(Runtime& r, const Call& c) {
  return from(r.machine().write_one_page(r.process(c), int_number(r, c, 0), r.number(c, 1)));
}
// Of the task that runs the call, until it ends.
Value memalloc_flags_save(Runtime& r, const Call& c) {
  constexpr auto kKnown = int64_t{phys::kMemallocNofs | phys::kMemallocNoio};
  if ((r.number(c, 0) & ~kKnown) != 0) return from(Errno::einval);
  return Value::of(phys::memalloc_flags_save(static_cast<uint32_t>(r.number(c, 0))));
}
Value memalloc_flags_restore(Runtime& r, const Call& c) {
  phys::memalloc_flags_restore(static_cast<uint32_t>(r.number(c, 0)));
  return Value::of(0);
}
// mapping_set_gfp_mask(FD, GFP_NOFS): of the mask only what decides whether I/O and file systems may be used.
Value mapping_set_gfp_mask(Runtime& r, const Call& c) {
  constexpr int64_t kGfpIo = 0x40;
  constexpr int64_t kGfpFs = 0x80;
  phys::Gfp gfp = phys::Gfp::user();
  if ((r.number(c, 1) & kGfpFs) == 0) gfp = gfp.without_fs();
  if ((r.number(c, 1) & kGfpIo) == 0) gfp = gfp.without_io();
  return from(r.machine().mapping_set_gfp_mask(r.process(c), int_number(r, c, 0), gfp));
}
Value invalidate_inode_pages2(Runtime& r, const Call& c) {
  return from(r.machine().invalidate_inode_pages2(r.process(c), int_number(r, c, 0), {r.number(c, 1), r.number(c, 2)}));
}
// gfs2_inode_sync(FD) and vmwgfx_dirty_unmap(FD, OFFSET, LENGTH): unmapping from outside, with no locked phase.
Value vmwgfx_dirty_unmap(Runtime& r, const Call& c) {
  return from(
      r.machine().unmap_shared_mapping_range(r.process(c), int_number(r, c, 0), {r.number(c, 1), r.number(c, 2)}));
}
Value gfs2_inode_sync(Runtime& r, const Call& c) { return vmwgfx_dirty_unmap(r, c); }

// pwrite(fd, fill('f', 4K), 0), or pwrite(fd, 'f', 0) for one byte.
Value pwrite(Runtime& r, const Call& c) {
  FilledBuffer buffer(c.operands[1]);
  return from(r.machine().pwrite(r.process(c), int_number(r, c, 0), buffer.bytes(), r.number(c, 2)));
}

// pread(fd, offset): the byte there.
Value pread(Runtime& r, const Call& c) {
  Buffer buffer(1);
  auto got = r.machine().pread(r.process(c), int_number(r, c, 0), buffer.bytes(), r.number(c, 1));
  if (!got) return from(got.error());
  constexpr int64_t kEnodata = 61;
  if (*got == 0) return Value::of(-kEnodata);
  return Value::of(static_cast<int64_t>(buffer.bytes()[0]));
}

// --- Memory ---------------------------------------------------------------------------------------------------------

// mmap(HINT, LENGTH, PROT, FLAGS[, FD[, OFFSET]])
Value mmap(Runtime& r, const Call& c) {
  return from(r.machine().mmap(r.process(c), unsigned_number(r, c, 0), unsigned_number(r, c, 1), int_number(r, c, 2),
                               int_number(r, c, 3), int_number(r, c, 4, -1), unsigned_number(r, c, 5)));
}
Value munmap(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 0);
  return from(r.machine().munmap(r.process(c), at.start, at.length));
}
Value madvise(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 1);
  return from(r.machine().madvise(r.process(c), at.start, at.length, int_number(r, c, at.next),
                                  c.keep_swapcache ? machine::PageoutKeep::swapcache : machine::PageoutKeep::nothing));
}
// mprotect(RANGE[, LENGTH], PROT)
Value mprotect(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 1);
  return from(r.machine().mprotect(r.process(c), at.start, at.length, int_number(r, c, at.next)));
}
// mremap(ADDRESS, OLD_LENGTH, NEW_LENGTH, FLAGS[, TARGET])
Value mremap(Runtime& r, const Call& c) {
  return from(r.machine().mremap(r.process(c), unsigned_number(r, c, 0), unsigned_number(r, c, 1),
                                 unsigned_number(r, c, 2), int_number(r, c, 3), unsigned_number(r, c, 4)));
}
Value mlock(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 0);
  return from(r.machine().mlock(r.process(c), at.start, at.length));
}
// mlock2(RANGE[, LENGTH], FLAGS)
Value mlock2(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 1);
  return from(r.machine().mlock2(r.process(c), at.start, at.length, int_number(r, c, at.next)));
}
Value munlock(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 0);
  return from(r.machine().munlock(r.process(c), at.start, at.length));
}
Value mlockall(Runtime& r, const Call& c) { return from(r.machine().mlockall(r.process(c), int_number(r, c, 0))); }
Value munlockall(Runtime& r, const Call& c) { return from(r.machine().munlockall(r.process(c))); }
Value msync(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 1);
  return from(r.machine().msync(r.process(c), at.start, at.length, int_number(r, c, at.next)));
}
Value uffd_register(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 0);
  return from(r.machine().uffd_register(r.process(c), at.start, at.length));
}
Value uffd_poison(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 0);
  return from(r.machine().uffd_poison(r.process(c), at.start, at.length));
}
// uffd_writeprotect(RANGE[, LENGTH], 1 | 0)
Value uffd_writeprotect(Runtime& r, const Call& c) {
  RangeAndRest at = range(r, c, 1);
  auto how = r.number(c, at.next) != 0 ? mm::UffdWp::protect : mm::UffdWp::resolve;
  return from(r.machine().uffd_writeprotect(r.process(c), at.start, at.length, how));
}
// An address of the kernel, if the machine has any.
machine::KernelMemory* kernel_at(Runtime& r, uint64_t address) {
  return machine::KernelMemory::owns(address) ? r.machine().kernel() : nullptr;
}
Value load_byte(Runtime& r, const Call& c, uint64_t address) {
  machine::KernelMemory* kernel = kernel_at(r, address);
  mm::Loaded loaded = kernel != nullptr ? kernel->load(address) : r.machine().load(r.process(c), address);
  return loaded.signal.none() ? Value::of(static_cast<int64_t>(loaded.value)) : from(loaded.signal);
}
// Of a range a byte of each page: they are all the same, or what differs from the first is told.
Value load(Runtime& r, const Call& c) {
  uint64_t at = unsigned_number(r, c, 0);
  Value first = load_byte(r, c, at);
  for (int64_t offset = base::kPageSize; offset < c.operands[0].length; offset += base::kPageSize)
    if (Value next = load_byte(r, c, at + static_cast<uint64_t>(offset)); next != first) return next;
  return first;
}
// A byte, or one into each page of a range; the first signal ends it.
Value store(Runtime& r, const Call& c) {
  uint64_t at = unsigned_number(r, c, 0);
  uint64_t end = at + static_cast<uint64_t>(std::max<int64_t>(1, c.operands[0].length));
  mm::Signal s;
  for (; at < end && s.none(); at += base::kPageSize)
    if (machine::KernelMemory* kernel = kernel_at(r, at))
      s = kernel->store(at, static_cast<std::byte>(r.number(c, 1)));
    else
      s = r.machine().store(r.process(c), at, static_cast<std::byte>(r.number(c, 1)));
  return s.none() ? Value::of(0) : from(s);
}
Value corrupt_pte(Runtime& r, const Call& c) {
  r.machine().corrupt_pte(r.process(c), unsigned_number(r, c, 0), unsigned_number(r, c, 1));
  return Value::of(0);
}
Value mincore(Runtime& r, const Call& c) { return from(r.machine().mincore(r.process(c), unsigned_number(r, c, 0))); }
Value pagemap(Runtime& r, const Call& c) {
  return Value::of(static_cast<int64_t>(r.machine().pagemap(r.process(c), unsigned_number(r, c, 0))));
}

// --- What the kernel does by itself ---------------------------------------------------------------------------------

// The operand is a process.
machine::Process& target(Runtime& r, const Call& c) { return r.process_at(static_cast<int>(c.operands[0].number)); }

Value move_pages(Runtime& r, const Call& c) {
  return from(r.machine().move_pages(r.pid_at(c.operands[0].number), unsigned_number(r, c, 1), int_number(r, c, 2)));
}
Value collapse(Runtime& r, const Call& c) {
  return from(r.machine().collapse(r.pid_at(c.operands[0].number), unsigned_number(r, c, 1)));
}
Value poison(Runtime& r, const Call& c) {
  return from(r.machine().poison(r.pid_at(c.operands[0].number), unsigned_number(r, c, 1)));
}
Value device_private(Runtime& r, const Call& c) {
  return from(r.machine().migrate_to_device(r.pid_at(c.operands[0].number), unsigned_number(r, c, 1)));
}
Value device_exclusive(Runtime& r, const Call& c) {
  return from(r.machine().make_device_exclusive(r.pid_at(c.operands[0].number), unsigned_number(r, c, 1)));
}
Value compact(Runtime& r, const Call&) { return Value::of(static_cast<int64_t>(r.machine().compact())); }
Value sigpending(Runtime& r, const Call& c) {
  mm::Signal s = r.machine().take_signal(target(r, c));
  return s.none() ? Value::of(0) : from(s);
}
// prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY | _LATE)
Value prctl(Runtime& r, const Call& c) {
  constexpr int kMceKill = 33;
  constexpr int kMceKillSet = 1;
  if (int_number(r, c, 0) != kMceKill || int_number(r, c, 1) != kMceKillSet) return from(Errno::einval);
  auto early = int_number(r, c, 2) == 1 ? machine::OnOff::on : machine::OnOff::off;
  r.machine().set_mce_kill_early(r.process(c), early);
  return Value::of(0);
}

// --- Processes ------------------------------------------------------------------------------------------------------

Value fork(Runtime& r, const Call& c) {
  auto child = r.machine().fork(r.process(c));
  if (!child) return from(child.error());
  r.bind_child(c, **child);
  return Value::of((*child)->pid());
}
Value exit(Runtime& r, const Call& c) {
  machine::Process& p = r.process(c);
  r.forget_process(p);
  r.machine().exit(p);
  return Value::of(0);
}
Value exec(Runtime& r, const Call& c) {
  r.machine().exec(r.process(c));
  return Value::of(0);
}
Value kill(Runtime& r, const Call& c) {
  if (!r.exists(static_cast<int>(c.operands[0].number))) return from(Errno::esrch);
  r.machine().send_signal(r.process_at(static_cast<int>(c.operands[0].number)));
  return Value::of(0);
}
// Any user but 0 has no privileges, and cannot get them back.
Value setuid(Runtime& r, const Call& c) {
  bool privileged = r.process(c).privileges == machine::Privileges::all;
  if (!privileged && static_cast<int64_t>(r.process(c).uid) != r.number(c, 0)) return from(Errno::eperm);
  if (r.number(c, 0) != 0) r.process(c).privileges = machine::Privileges::none;
  r.process(c).uid = static_cast<uint32_t>(r.number(c, 0));
  return Value::of(0);
}
Value killall(Runtime& r, const Call&) {
  r.forget_all_processes();
  r.machine().killall();
  return Value::of(0);
}
Value tasks(Runtime& r, const Call&) { return Value::of(static_cast<int64_t>(r.machine().tasks())); }

// --- Swap and reclaim -----------------------------------------------------------------------------------------------

Value swapon(Runtime& r, const Call& c) { return from(r.machine().swapon(r.process(c), c.operands[0].symbol)); }
Value swapoff(Runtime& r, const Call& c) { return from(r.machine().swapoff(r.process(c), c.operands[0].symbol)); }
Value hibernate(Runtime& r, const Call& c) { return from(r.machine().hibernate(c.operands[0].symbol)); }
Value swap_discard_work(Runtime& r, const Call& c) {
  return Value::of(static_cast<int64_t>(r.machine().discard(c.operands[0].symbol)));
}
Value reclaim(Runtime& r, const Call& c) {
  return Value::of(static_cast<int64_t>(r.machine().reclaim(unsigned_number(r, c, 0, 1))));
}
Value kswapd(Runtime& r, const Call& c) {
  return Value::of(static_cast<int64_t>(r.machine().kswapd(static_cast<unsigned>(int_number(r, c, 0)))));
}
Value flusher(Runtime& r, const Call& c) {
  return Value::of(static_cast<int64_t>(r.machine().flusher(unsigned_number(r, c, 0, 0))));
}
Value oom_score_adj(Runtime& r, const Call& c) {
  Machine::set_oom_score_adj(target(r, c), int_number(r, c, 1));
  return Value::of(0);
}
Value killed(Runtime& r, const Call& c) { return Value::of(Machine::killed(target(r, c)) ? 1 : 0); }
Value free_pages(Runtime& r, const Call&) { return Value::of(static_cast<int64_t>(r.machine().peek_free_pages())); }
Value swap_used(Runtime& r, const Call& c) {
  return Value::of(static_cast<int64_t>(r.machine().swap_used(c.operands[0].symbol)));
}
Value swap_count(Runtime& r, const Call& c) {
  return Value::of(
      static_cast<int64_t>(r.machine().swap_count(c.operands[0].symbol, static_cast<uint32_t>(r.number(c, 1)))));
}

// --- The kernel's own side ------------------------------------------------------------------------------------------

template <typename Act>
Value of_kernel(Runtime& r, Act act) {
  machine::KernelMemory* kernel = r.machine().kernel();
  return kernel == nullptr ? from(Errno::enosys) : from(act(*kernel));
}
Value vmalloc(Runtime& r, const Call& c) {
  auto flags = static_cast<unsigned>(r.number(c, 1));
  return of_kernel(r, [&](machine::KernelMemory& k) { return k.vmalloc(unsigned_number(r, c, 0), flags); });
}
Value vfree(Runtime& r, const Call& c) {
  return of_kernel(r, [&](machine::KernelMemory& k) { return k.vfree(unsigned_number(r, c, 0)); });
}
Value page_address(Runtime& r, const Call& c) {
  return of_kernel(r, [&](machine::KernelMemory& k) { return k.page_address(unsigned_number(r, c, 0)); });
}
Value set_rights(Runtime& r, const Call& c, phys::WholeLeaves leaves) {
  RangeAndRest at = range(r, c, 1);
  return of_kernel(r, [&](machine::KernelMemory& k) {
    return k.set_memory(at.start, at.length, int_number(r, c, at.next), leaves);
  });
}
Value set_memory(Runtime& r, const Call& c) { return set_rights(r, c, phys::WholeLeaves::split); }
Value set_memory_whole(Runtime& r, const Call& c) { return set_rights(r, c, phys::WholeLeaves::keep); }
Value hibernate_snapshot(Runtime& r, const Call& c) { return from(r.machine().hibernate_snapshot(r.freezes(c))); }
Value hibernation_available(Runtime& r, const Call&) { return Value::of(r.machine().hibernation_available() ? 1 : 0); }
// kthread(PF_KTHREAD), kthread(PF_KTHREAD|PF_NOFREEZE)
Value kthread(Runtime& r, const Call& c) {
  constexpr int kNoFreeze = 0x8000;
  constexpr int kKthread = 0x200000;
  int flags = int_number(r, c, 0);
  if ((flags & ~(kNoFreeze | kKthread)) != 0 || flags == 0) return from(Errno::einval);
  r.process(c).freezes = (flags & kNoFreeze) != 0 ? power::Freezes::never : power::Freezes::kthread;
  return Value::of(0);
}
Value direct_map_holes(Runtime& r, const Call&) {
  return of_kernel(r, [](machine::KernelMemory& k) { return base::Result<uint64_t>(k.peek_holes()); });
}

// --- What the check looks at ----------------------------------------------------------------------------------------

Value rss(Runtime& r, const Call& c) {
  machine::Rss rss = r.machine().rss(r.process_at(static_cast<int>(c.operands[0].number)));
  if (c.member == "anon") return Value::of(rss.anon);
  if (c.member == "file") return Value::of(rss.file);
  if (c.member == "shmem") return Value::of(rss.shmem);
  return Value::of(rss.swapents);
}
Value fstat(Runtime& r, const Call& c) {
  auto stat = r.machine().fstat(r.process(c), int_number(r, c, 0));
  if (!stat) return from(stat.error());
  return Value::of(stat_member(*stat, c.member));
}
Value folios_leaked(Runtime& r, const Call&) { return Value::of(static_cast<int64_t>(r.machine().folios_leaked())); }

/// What carries an operation out, in the order of the table.
constexpr std::array kCalls = {
#define QUIRE_OPERATION(name, ...) &name,
#include "scenario/operations.def"
#undef QUIRE_OPERATION
};

}  // namespace

Value run_operation(Runtime& runtime, const Call& call) {
  return kCalls[scenario::operation_index(*call.operation)](runtime, call);
}

std::vector<OperationInfo> operations() {
  std::vector<OperationInfo> result;
  for (const scenario::Operation& o : scenario::all_operations()) result.push_back({o.name, o.usage, o.summary});
  return result;
}

}  // namespace quire::runner
