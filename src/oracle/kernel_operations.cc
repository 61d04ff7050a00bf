#include "oracle/kernel_operations.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "oracle/kernel/calls.h"
#include "oracle/kernel/uffd.h"
#include "oracle/kernel_path_operations.h"

namespace quire::oracle {
namespace {

using Does = KernelOperation::Does;

/// Q_SIGNAL() taken apart.
Value value_of(long result) {
  constexpr long kSignals = -1'000'000;
  if (result > kSignals) return Value::of(result);
  long rest = kSignals - result;
  return Value::of_signal(static_cast<int>(rest / 1'000), static_cast<int>(rest % 1'000));
}

int int_of(Actor& a, const Call& c, std::size_t operand) { return static_cast<int>(a.number(c, operand)); }

// --- Files ----------------------------------------------------------------------------------------------------------

Value run_memfd_create(Actor&, const Call& c) {
  std::string name = c.operands.empty() ? "f" : c.operands[0].symbol;
  return value_of(q_result(memfd_create(name.c_str(), MFD_CLOEXEC)));
}
Value run_memfd_secret(Actor& a, const Call& c) { return value_of(q_memfd_secret(int_of(a, c, 0))); }
Value run_hibernation_available(Actor&, const Call&) { return value_of(q_hibernation_available()); }
Value run_open(Actor& a, const Call& c) {
  if (is_path(c.operands[0].symbol)) return paths::open(a, c);
  std::string path = a.host().directory() + "/" + c.operands[0].symbol;
  return value_of(q_result(open(path.c_str(), int_of(a, c, 1) | O_CLOEXEC, 0600)));
}
Value run_unlink(Actor& a, const Call& c) {
  if (is_path(c.operands[0].symbol)) return paths::unlink(a, c);
  return value_of(q_result(unlink((a.host().directory() + "/" + c.operands[0].symbol).c_str())));
}
Value run_close(Actor& a, const Call& c) { return value_of(q_result(close(a.descriptor(c)))); }
Value run_ftruncate(Actor& a, const Call& c) { return value_of(q_result(ftruncate(a.descriptor(c), a.number(c, 1)))); }
Value run_fallocate(Actor& a, const Call& c) {
  return value_of(q_result(fallocate(a.descriptor(c), int_of(a, c, 1), a.number(c, 2), a.number(c, 3))));
}
Value run_pread(Actor& a, const Call& c) { return value_of(q_pread(a.descriptor(c), a.number(c, 1))); }
Value run_pwrite(Actor& a, const Call& c) {
  const scenario::Operand& what = c.operands[1];
  bool fill = what.kind == scenario::Operand::Kind::fill;
  auto length = fill ? static_cast<std::size_t>(what.length) : std::size_t{1};
  return value_of(q_pwrite_fill(a.descriptor(c), static_cast<int>(what.number), length, a.number(c, 2)));
}
Value run_fsync(Actor& a, const Call& c) { return value_of(q_result(fsync(a.descriptor(c)))); }
Value run_fdatasync(Actor& a, const Call& c) { return value_of(q_result(fdatasync(a.descriptor(c)))); }
Value run_posix_fadvise(Actor& a, const Call& c) {
  return value_of(-posix_fadvise(a.descriptor(c), a.number(c, 1), a.number(c, 2), int_of(a, c, 3)));
}
Value run_readahead(Actor& a, const Call& c) {
  return value_of(q_result(readahead(a.descriptor(c), a.number(c, 1), static_cast<std::size_t>(a.number(c, 2)))));
}
Value run_syncfs(Actor& a, const Call& c) { return value_of(q_result(syncfs(a.descriptor(c)))); }
Value run_sync_file_range(Actor& a, const Call& c) {
  return value_of(q_result(
      sync_file_range(a.descriptor(c), a.number(c, 1), a.number(c, 2), static_cast<unsigned>(int_of(a, c, 3)))));
}

// --- Memory ---------------------------------------------------------------------------------------------------------

// A mapping that may be anywhere goes to the lowest place of the arena that is free, as it does in the engine.
Value run_mmap(Actor& a, const Call& c) {
  constexpr unsigned kPlacesMax = 100'000;
  auto length = static_cast<std::size_t>(a.number(c, 1));
  int prot = int_of(a, c, 2);
  int flags = int_of(a, c, 3);
  int fd = static_cast<int>(a.number(c, 4, -1));
  bool anywhere = a.number(c, 0) == 0 && (flags & MAP_FIXED) == 0;
  auto place = reinterpret_cast<std::uintptr_t>(a.pointer(c, 0));
  if (!anywhere) return value_of(q_mmap(place, length, prot, flags, fd, a.number(c, 5)));
  long result = -EEXIST;
  for (unsigned n = 0; result == -EEXIST && n < kPlacesMax; ++n) {
    place += scenario::kPageBytes;
    result = q_mmap(place, length, prot, flags | MAP_FIXED_NOREPLACE, fd, a.number(c, 5));
  }
  return value_of(result);
}
Value run_munmap(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 0);
  return value_of(q_result(munmap(s.start, s.length)));
}
Value run_mprotect(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 1);
  return value_of(q_result(mprotect(s.start, s.length, int_of(a, c, s.next))));
}
Value run_mremap(Actor& a, const Call& c) {
  bool fixed = c.operands.size() > 4 && (a.number(c, 3) & MREMAP_FIXED) != 0;
  auto target = fixed ? reinterpret_cast<std::uintptr_t>(a.pointer(c, 4)) : std::uintptr_t{0};
  return value_of(q_mremap(a.pointer(c, 0), static_cast<std::size_t>(a.number(c, 1)),
                           static_cast<std::size_t>(a.number(c, 2)), int_of(a, c, 3), target));
}
Value run_mlock(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 0);
  return value_of(q_result(mlock(s.start, s.length)));
}
Value run_mlock2(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 1);
  return value_of(q_result(mlock2(s.start, s.length, static_cast<unsigned>(a.number(c, s.next)))));
}
Value run_munlock(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 0);
  return value_of(q_result(munlock(s.start, s.length)));
}
Value run_mlockall(Actor& a, const Call& c) { return value_of(q_result(mlockall(int_of(a, c, 0)))); }
Value run_munlockall(Actor&, const Call&) { return value_of(q_result(munlockall())); }
Value run_madvise(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 1);
  return value_of(q_madvise(s.start, s.length, int_of(a, c, s.next)));
}
Value run_msync(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 1);
  return value_of(q_result(msync(s.start, s.length, int_of(a, c, s.next))));
}
Value run_load(Actor& a, const Call& c) {
  auto length = static_cast<std::size_t>(c.operands[0].length);
  return value_of(q_load_range(static_cast<const unsigned char*>(a.pointer(c, 0)), length));
}
Value run_store(Actor& a, const Call& c) {
  auto length = static_cast<std::size_t>(c.operands[0].length);
  return value_of(q_store(static_cast<unsigned char*>(a.pointer(c, 0)), length, int_of(a, c, 1)));
}
Value run_mincore(Actor& a, const Call& c) { return value_of(q_mincore(a.pointer(c, 0))); }
Value run_pagemap(Actor& a, const Call& c) { return value_of(q_pagemap(a.pointer(c, 0))); }
Value run_collapse(Actor& a, const Call& c) {
  constexpr std::uintptr_t kHugeBytes = std::uintptr_t{2} << 20;
  constexpr int kMadvCollapse = 25;
  auto start = reinterpret_cast<std::uintptr_t>(a.pointer(c, 1)) & ~(kHugeBytes - 1);
  return value_of(q_result(madvise(reinterpret_cast<void*>(start), kHugeBytes, kMadvCollapse)));
}
Value run_poison(Actor& a, const Call& c) {
  auto page = reinterpret_cast<std::uintptr_t>(a.pointer(c, 1)) & ~std::uintptr_t{scenario::kPageBytes - 1};
  return value_of(q_poison(reinterpret_cast<void*>(page)));
}
Value run_sigpending(Actor&, const Call&) { return q_told == 0 ? Value::of(0) : Value::of_signal(SIGBUS, 5); }
Value run_move_pages(Actor& a, const Call& c) {
  pid_t pid = a.pid(c, 0);
  return pid == 0 ? Value::of(-ESRCH) : value_of(q_move_page(pid, a.pointer(c, 1), int_of(a, c, 2)));
}
Value run_compact(Actor&, const Call&) { return value_of(q_compact()); }
Value run_prctl(Actor& a, const Call& c) {
  return value_of(q_result(prctl(int_of(a, c, 0), int_of(a, c, 1), int_of(a, c, 2), 0, 0)));
}

Value run_uffd_register(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 0);
  return value_of(q_uffd_register(s.start, s.length));
}
Value run_uffd_writeprotect(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 1);
  return value_of(q_uffd_writeprotect(s.start, s.length, a.number(c, s.next)));
}
Value run_uffd_poison(Actor& a, const Call& c) {
  Actor::Span s = a.span(c, 0);
  return value_of(q_uffd_poison(s.start, s.length));
}

// --- Processes ------------------------------------------------------------------------------------------------------

// The name that the child is known by in the scenario, if it is one; else -1.
int process_of_capture(Actor& a, const Call& c) {
  if (c.capture < 0) return -1;
  const std::string& name = a.program().variables[static_cast<std::size_t>(c.capture)].name;
  for (std::size_t i = 0; i < a.program().processes.size(); ++i)
    if (a.program().processes[i].forked && a.program().processes[i].name == name) return static_cast<int>(i);
  return -1;
}
Value run_fork(Actor& a, const Call& c) {
  int process = process_of_capture(a, c);
  pid_t pid = fork();
  if (pid < 0) return Value::of(-errno);
  if (pid == 0) {
    if (process >= 0) a.become(process);
    for (;;) {
      sleep(1);
      end_without_conductor(a.stage());
    }
  }
  Stage& stage = a.stage();
  if (process >= 0) {
    stage.pids[static_cast<std::size_t>(process)].store(pid);
  } else {
    uint32_t n = stage.other_count.fetch_add(1);
    if (n < Stage::kChildrenMax) stage.others[n].store(pid);
  }
  return Value::of(pid);
}
// By whoever conducts: the process would not live to answer.
Value run_exit(Actor&, const Call&) { return Value::of(0); }
Value run_killall(Actor&, const Call&) { return Value::of(0); }
Value run_setuid(Actor& a, const Call& c) { return value_of(q_result(setuid(static_cast<uid_t>(a.number(c, 0))))); }
Value run_tasks(Actor&, const Call&) { return Value::of(0); }
Value run_rss(Actor& a, const Call& c) {
  int which = c.member == "anon" ? 0 : c.member == "file" ? 1 : c.member == "shmem" ? 2 : 3;
  // What mremap() has moved is where the kernel liked it.
  std::vector<std::uintptr_t> captured;
  for (std::size_t i = 0; i < a.program().variables.size(); ++i)
    captured.push_back(static_cast<std::uintptr_t>(a.stage().variables[i].number));
  return value_of(
      q_rss(kArenaStart, kArenaStart + kArenaBytes, captured.data(), static_cast<int>(captured.size()), which));
}

// --- Swap -----------------------------------------------------------------------------------------------------------

Value run_swapon(Actor& a, const Call& c) {
  return value_of(q_swapon(a.host().device_of(c.operands[0].symbol).c_str()));
}
Value run_swapoff(Actor& a, const Call& c) {
  return value_of(q_result(swapoff(a.host().device_of(c.operands[0].symbol).c_str())));
}
Value run_swap_used(Actor& a, const Call& c) {
  return value_of(q_swap_used(a.host().device_of(c.operands[0].symbol).c_str()));
}

using Run = Value (*)(Actor&, const Call&);
constexpr auto kRoot = KernelOperation::Needs::root;
constexpr auto kGuest = KernelOperation::Needs::guest;
constexpr KernelOperation act(Run run, std::string_view c, KernelOperation::Needs needs = {}) {
  return {run, {}, Does::act, c, needs};
}
constexpr KernelOperation look(Run run, std::string_view c, KernelOperation::Needs needs = {}) {
  return {run, {}, Does::look, c, needs};
}
constexpr KernelOperation by_operand(KernelOperation operation) {
  operation.by = KernelOperation::By::operand;
  return operation;
}
constexpr KernelOperation no_act(std::string_view why) { return {nullptr, why, Does::act, {}}; }
constexpr KernelOperation no_look(std::string_view why) { return {nullptr, why, Does::look, {}}; }

/// By the names of the language.
struct Operations {
  KernelOperation access = act(paths::access, "q_result(access({s0}, {n1}))");
  KernelOperation chmod = act(paths::chmod, "q_result(chmod({s0}, {n1}))");
  KernelOperation chown = act(paths::chown, "q_result(chown({s0}, {n1}, {n2}))");
  KernelOperation close = act(run_close, "q_result(close({n0}))");
  KernelOperation collapse = by_operand(act(run_collapse, {}));
  KernelOperation compact = act(run_compact, "q_compact()", kRoot);
  KernelOperation corrupt_pte = no_act("no program can corrupt a page table");
  KernelOperation device_exclusive = no_act("needs a device (CONFIG_TEST_HMM)");
  KernelOperation device_private = no_act("needs a device (CONFIG_TEST_HMM)");
  KernelOperation direct_map_holes = no_look("no kernel tells what is in its direct map");
  KernelOperation exec = no_act("the player would end with its program");
  KernelOperation exit = by_operand(act(run_exit, "{exit}"));
  KernelOperation fallocate = act(run_fallocate, "q_result(fallocate({n0}, {n1}, {n2}, {n3}))");
  KernelOperation fdatasync = act(run_fdatasync, "q_result(fdatasync({n0}))");
  KernelOperation flusher = no_act("the flusher wakes by itself");
  KernelOperation folios_leaked = no_look("no kernel tells which pages nobody refers to");
  KernelOperation fork = act(run_fork, "{fork}");
  KernelOperation free_pages = no_look("a whole machine's are of no use");
  KernelOperation fstat = look(paths::fstat, "{fstat}");
  KernelOperation fsync = act(run_fsync, "q_result(fsync({n0}))");
  KernelOperation ftruncate = act(run_ftruncate, "q_result(ftruncate({n0}, {n1}))");
  KernelOperation getdents = look(paths::getdents, "q_getdents({s0}, {word1})");
  KernelOperation getxattr = look(paths::getxattr, "q_getxattr({s0}, {s1}, {n2})");
  KernelOperation gfs2_inode_sync = no_act("needs gfs2");
  KernelOperation hibernate = no_act("the machine would go down");
  KernelOperation hibernate_snapshot = no_act("the machine would go down");
  KernelOperation hibernation_available = look(run_hibernation_available, "q_hibernation_available()", kGuest);
  KernelOperation invalidate_inode_pages2 = no_act("no system call does this and nothing else");
  KernelOperation kill = no_act("a task that a signal is pending for does nothing else any more");
  KernelOperation killall = act(run_killall, "q_end_all()");
  KernelOperation killed = no_look("only after a kill that it cannot ask for");
  KernelOperation kthread = no_act("no program is a kernel thread");
  KernelOperation kswapd = no_act("kswapd wakes by itself");
  KernelOperation link = act(paths::link, "q_result(link({s0}, {s1}))");
  KernelOperation listxattr = look(paths::listxattr, "q_listxattr({s0}, {n1})");
  KernelOperation load = look(run_load, "{load}");
  KernelOperation lseek = act(paths::lseek, "q_result(lseek({n0}, {n1}, {n2}))");
  KernelOperation lstat = look(paths::lstat, "q_lstat({s0}, \"{member}\")");
  KernelOperation madvise = act(run_madvise, "{madvise}");
  KernelOperation memalloc_flags_restore = no_act("needs a module");
  KernelOperation memalloc_flags_save = no_act("needs a module");
  KernelOperation memfd_create = act(run_memfd_create, "q_result(memfd_create({s0}, MFD_CLOEXEC))");
  KernelOperation mapping_set_gfp_mask = no_act("needs a module");
  KernelOperation memfd_secret = act(run_memfd_secret, "q_memfd_secret({n0})", kGuest);
  KernelOperation mincore = look(run_mincore, "q_mincore({p0})");
  KernelOperation mkdir = act(paths::mkdir, "q_result(mkdir({s0}, {n1}))");
  KernelOperation mknod = act(paths::mknod, "q_result(mknod({s0}, {n1}, 0))");
  KernelOperation mlock = act(run_mlock, "q_result(mlock({span0}))");
  KernelOperation mlock2 = act(run_mlock2, "q_result(mlock2({span1}, {next1}))");
  KernelOperation mlockall = act(run_mlockall, "q_result(mlockall({n0}))");
  KernelOperation mmap = act(run_mmap, "{mmap}");
  KernelOperation move_pages = act(run_move_pages, "q_move_page({pid0}, {p1}, {n2})", kRoot);
  KernelOperation mprotect = act(run_mprotect, "q_result(mprotect({span1}, {next1}))");
  KernelOperation mremap = act(run_mremap, "q_mremap({p0}, {n1}, {n2}, {n3}, {target4})");
  KernelOperation msync = act(run_msync, "q_result(msync({span1}, {next1}))");
  KernelOperation munlock = act(run_munlock, "q_result(munlock({span0}))");
  KernelOperation munlockall = act(run_munlockall, "q_result(munlockall())");
  KernelOperation munmap = act(run_munmap, "q_result(munmap({span0}))");
  KernelOperation oom_score_adj = no_act("would take the machine out of memory");
  KernelOperation open = act(run_open, "{open}");
  KernelOperation page_address = no_act("the kernel's addresses are its own");
  KernelOperation pagemap = look(run_pagemap, "q_pagemap({p0})", kRoot);
  KernelOperation poison = by_operand(act(run_poison, "q_poison({p1})", kGuest));
  KernelOperation posix_fadvise = act(run_posix_fadvise, "-posix_fadvise({n0}, {n1}, {n2}, {n3})");
  KernelOperation prctl = act(run_prctl, "q_result(prctl({n0}, {n1}, {n2}, 0, 0))");
  KernelOperation pread = look(run_pread, "q_pread({n0}, {n1})");
  KernelOperation pwrite = act(run_pwrite, "q_pwrite_fill({n0}, {byte1}, {count1}, {n2})");
  KernelOperation readahead = act(run_readahead, "q_result(readahead({n0}, {n1}, {n2}))");
  KernelOperation readlink = look(paths::readlink, "q_readlink({s0}, {word1})");
  KernelOperation reclaim = no_act("a number of pages cannot be asked for");
  KernelOperation removexattr = act(paths::removexattr, "q_result(removexattr({s0}, {s1}))");
  KernelOperation rename = act(paths::rename, "q_rename({s0}, {s1}, {n2})");
  KernelOperation rmdir = act(paths::rmdir, "q_result(rmdir({s0}))");
  KernelOperation rss = by_operand(look(run_rss, "q_rss(Q_ARENA, Q_ARENA_END, {rss})"));
  KernelOperation set_memory = no_act("the kernel's addresses are its own");
  KernelOperation set_memory_whole = no_act("the kernel's addresses are its own");
  KernelOperation setuid = act(run_setuid, "q_result(setuid({n0}))", kRoot);
  KernelOperation setxattr = act(paths::setxattr, "q_setxattr({s0}, {s1}, {byte2}, {count2}, {n3})");
  KernelOperation sigpending = by_operand(look(run_sigpending, "(q_told ? Q_SIGNAL(SIGBUS, 5) : 0L)", kGuest));
  KernelOperation stat = look(paths::stat, "q_stat({s0}, \"{member}\")");
  KernelOperation statfs = look(paths::statfs, "q_statfs({s0}, \"{member}\")");
  KernelOperation store = act(run_store, "q_store({p0}, {l0}, {n1})");
  KernelOperation swap_count = no_look("no kernel tells the count of a slot");
  KernelOperation swap_discard_work = no_act("a kernel discards by itself");
  KernelOperation swap_used = look(run_swap_used, "q_swap_used({area0})", kRoot);
  KernelOperation swapoff = act(run_swapoff, "q_result(swapoff({area0}))", kRoot);
  KernelOperation swapon = act(run_swapon, "q_swapon({area0})", kRoot);
  KernelOperation sync_file_range = act(run_sync_file_range, "q_result(sync_file_range({n0}, {n1}, {n2}, {n3}))");
  KernelOperation symlink = act(paths::symlink, "q_result(symlink({s0}, {s1}))");
  KernelOperation syncfs = act(run_syncfs, "q_result(syncfs({n0}))");
  KernelOperation tasks = look(run_tasks, "q_tasks()");
  KernelOperation truncate = act(paths::truncate, "q_result(truncate({s0}, {n1}))");
  KernelOperation uffd_poison = act(run_uffd_poison, "q_uffd_poison({span0})");
  KernelOperation uffd_register = act(run_uffd_register, "q_uffd_register({span0})");
  KernelOperation uffd_writeprotect = act(run_uffd_writeprotect, "q_uffd_writeprotect({span1}, {next1})");
  KernelOperation unlink = act(run_unlink, "{unlink}");
  KernelOperation utimensat = act(paths::utimensat, "q_utimensat({s0}, {n1}, {n2})");
  KernelOperation vfree = no_act("the kernel's addresses are its own");
  KernelOperation vmalloc = no_act("the kernel's addresses are its own");
  KernelOperation vmwgfx_dirty_unmap = no_act("needs vmwgfx");
  KernelOperation write_one_page = no_act("needs a module");
};

constexpr Operations kNamed;
constexpr std::array kOperations = {
#define QUIRE_OPERATION(name, ...) kNamed.name,
#include "scenario/operations.def"
#undef QUIRE_OPERATION
};

}  // namespace

const KernelOperation& kernel_operation(const scenario::Operation& operation) {
  return kOperations[scenario::operation_index(operation)];
}

// Here, where the accesses are: what the handler jumps to is this file's own.
void catch_signals() { q_catch_signals(); }

}  // namespace quire::oracle
