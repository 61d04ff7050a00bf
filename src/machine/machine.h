// Machine: one Linux, as far as its memory goes: CPUs, RAM, swap devices, two file systems, processes, and the system
// calls.
//
// The sole owner of all state. Sizes, addresses and offsets are in bytes as a user sees them, a page is 4096 of them;
// an explored machine stores fewer bytes per page (fs/payload.h says which). Calls return with no lock held; calls of
// several threads may run at once, also for one process (but exit() only when the process does nothing else).
//
//   Machine machine(options);
//   Process& a = machine.create_process("A");
//   int fd = *machine.memfd_create(a);
//   uint64_t p = *machine.mmap(a, 0, 4096, abi::kProtRead | abi::kProtWrite, abi::kMapShared, fd, 0);
//   machine.store(a, p, std::byte{'A'});
//   Errno e = machine.swapoff(a, "S");
#pragma once

#include <span>
#include <string_view>

#include "fs/block_fs.h"
#include "fs/namei.h"
#include "fs/secretmem.h"
#include "fs/setattr.h"
#include "fs/tmpfs.h"
#include "fs/tmpfs_mount.h"
#include "machine/abi.h"
#include "machine/kernel_memory.h"
#include "machine/options.h"
#include "machine/private_data.h"
#include "machine/process.h"
#include "reclaim/device_memory.h"
#include "reclaim/khugepaged.h"
#include "reclaim/memory_failure.h"
#include "reclaim/move_pages.h"
#include "reclaim/reclaim.h"

namespace quire::power {
class HeapCopy;
struct Complaint;
struct ImageHeader;
struct ImageRequest;
}  // namespace quire::power

namespace quire::machine {

struct HibernateReport;

/// Pages.
struct Rss {
  int64_t anon = 0;
  int64_t file = 0;
  int64_t shmem = 0;
  int64_t swapents = 0;
};

struct Stat {
  uint64_t st_size = 0;    ///< bytes
  uint64_t st_blocks = 0;  ///< of 512 bytes
  fs::Attributes attributes;
  uint64_t st_ino = 0;
};

/// Whether MADV_PAGEOUT leaves what it swapped out in the swap cache.
enum class PageoutKeep : uint8_t { nothing, swapcache };

class Machine final : private reclaim::OomKiller {
 public:
  explicit Machine(const MachineOptions& options);
  /// Ends all processes.
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // --- processes (machine/processes.cc)
  // -------------------------------------------------------------------------------
  Process& create_process(std::string_view name);
  /// -ENOMEM. Linux: kernel/fork.c kernel_clone()
  [[nodiscard]] Result<Process*> fork(Process& parent);
  /// A fresh address space; descriptors stay. The process does nothing else meanwhile. Linux: fs/exec.c
  /// begin_new_exec()
  void exec(Process& process);
  /// Frees `process`.
  void exit(Process& process);
  void killall();
  void send_signal(Process& process) { process.signal.store(1); }
  void clear_signal(Process& process) { process.signal.store(0); }
  [[nodiscard]] unsigned tasks();
  /// nullptr: none; the process does not end meanwhile.
  [[nodiscard]] Process* find_process(int pid);

  // --- files (machine/files.cc)
  // ---------------------------------------------------------------------------------------
  [[nodiscard]] Result<int> memfd_create(Process& process);
  /// A file that no kernel access reaches: fs/secretmem.h. -EINVAL: flags; -ENOSYS: pages cannot be taken out of the
  /// direct map, or there is none; -EMFILE.
  [[nodiscard]] Result<int> memfd_secret(Process& process, int flags);
  /// With a leading slash a path through the mounts (see below). Without, a file of the flat block-backed file system:
  /// O_CREAT, O_EXCL, O_TRUNC and the access mode count. -EINVAL: another flag; -ENOENT, -EEXIST, -ENAMETOOLONG,
  /// -EMFILE.
  [[nodiscard]] Result<int> open(Process& process, std::string_view name, int flags, unsigned mode = 0);
  [[nodiscard]] Errno close(Process& process, int fd) { return process.close(fd); }
  [[nodiscard]] Errno ftruncate(Process& process, int fd, int64_t bytes);
  [[nodiscard]] Errno fallocate(Process& process, int fd, int mode, int64_t offset, int64_t bytes);
  [[nodiscard]] Result<uint64_t> pread(Process& process, int fd, std::span<std::byte> to, int64_t offset);
  [[nodiscard]] Result<uint64_t> pwrite(Process& process, int fd, std::span<const std::byte> from, int64_t offset);
  [[nodiscard]] Result<Stat> fstat(Process& process, int fd);
  /// -EIO, -ENOSPC: what this open file has not heard of yet. fdatasync() does the same, since an inode has nothing
  /// else to write.
  [[nodiscard]] Errno fsync(Process& process, int fd);
  /// How the file is going to be used: what is read ahead of it; POSIX_FADV_*. -EBADF, -EINVAL.
  [[nodiscard]] Errno posix_fadvise(Process& process, int fd, int64_t offset, int64_t bytes, int advice);
  /// Reads the pages of a range into the cache, if its file system has them elsewhere. -EBADF, -EINVAL.
  [[nodiscard]] Errno readahead(Process& process, int fd, int64_t offset, uint64_t bytes);
  /// Of the whole file system. -EIO, -ENOSPC: once.
  [[nodiscard]] Errno syncfs(Process& process, int fd);
  /// `flags`: SYNC_FILE_RANGE_*; a length of 0: to the end. -EINVAL, -EIO, -ENOSPC. Linux: fs/sync.c
  [[nodiscard]] Errno sync_file_range(Process& process, int fd, int64_t offset, int64_t bytes, unsigned flags);
  /// Writes the page of the file at `offset`, as a module does outside of any writeback. As a system call returns it: a
  /// positive value is a code that should not get here. Linux: mm/page-writeback.c write_one_page(), to 6.2
  [[nodiscard]] Errno write_one_page(Process& process, int fd, int64_t offset);
  /// What its pages are allocated with, as a loop device or a stacked file system of 2007 sets it. Linux:
  /// mapping_set_gfp_mask()
  [[nodiscard]] Errno mapping_set_gfp_mask(Process& process, int fd, phys::Gfp gfp);
  /// Bytes of a file; all of it without a length.
  struct FileRange {
    int64_t offset = 0;
    int64_t bytes = 0;  ///< 0: to the end
  };
  /// What a direct write does before and after: no page of the range is cached. -EBUSY, -EIO.
  [[nodiscard]] Errno invalidate_inode_pages2(Process& process, int fd, FileRange range);
  /// Takes the page-table entries of the range away and nothing else: no folio lock, no second look, private copies
  /// stay. What drivers and cluster file systems do that keep the pages cached.
  [[nodiscard]] Errno unmap_shared_mapping_range(Process& process, int fd, FileRange range);

  /// -EINVAL, -ENXIO. Linux: fs/read_write.c ksys_lseek()
  [[nodiscard]] Result<uint64_t> lseek(Process& process, int fd, int64_t offset, int whence);

  // --- paths (machine/paths.cc); they lead through the mounts of the options, and errors are fs/namei.h's
  // -----------------------------------------------
  [[nodiscard]] Errno mkdir(Process& process, std::string_view path, unsigned mode);
  /// A regular file or a whiteout; -EPERM: another kind.
  [[nodiscard]] Errno mknod(Process& process, std::string_view path, unsigned mode);
  [[nodiscard]] Errno rmdir(Process& process, std::string_view path);
  [[nodiscard]] Errno unlink(Process& process, std::string_view path);
  [[nodiscard]] Errno link(Process& process, std::string_view from, std::string_view to);
  [[nodiscard]] Errno symlink(Process& process, std::string_view target, std::string_view path);
  [[nodiscard]] Errno rename(Process& process, std::string_view from, std::string_view to, int flags);
  /// Where a symlink leads: its text, up to the size of `to`; bytes.
  [[nodiscard]] Result<uint64_t> readlink(Process& process, std::string_view path, std::span<char> to);
  using Follow = fs::Namei::Follow;
  [[nodiscard]] Result<Stat> stat(Process& process, std::string_view path, Follow follow);
  [[nodiscard]] Result<fs::Statfs> statfs(Process& process, std::string_view path);
  [[nodiscard]] Errno access(Process& process, std::string_view path, unsigned mode);
  [[nodiscard]] Errno truncate(Process& process, std::string_view path, int64_t bytes);
  [[nodiscard]] Errno chmod(Process& process, std::string_view path, unsigned mode);
  [[nodiscard]] Errno chown(Process& process, std::string_view path, int64_t uid, int64_t gid);
  [[nodiscard]] Errno utimens(Process& process, std::string_view path, const fs::TimeToSet& atime,
                              const fs::TimeToSet& mtime);
  [[nodiscard]] Result<uint64_t> getxattr(Process& process, std::string_view path, std::string_view name,
                                          std::span<std::byte> value);
  [[nodiscard]] Errno setxattr(Process& process, std::string_view path, std::string_view name,
                               std::span<const std::byte> value, int flags);
  [[nodiscard]] Errno removexattr(Process& process, std::string_view path, std::string_view name);
  [[nodiscard]] Result<uint64_t> listxattr(Process& process, std::string_view path, std::span<std::byte> names);
  /// All names of a directory, as readdir() until its end. Linux: fs/readdir.c
  [[nodiscard]] Errno getdents(Process& process, std::string_view path, fs::DirectoryVisitor& visitor);

  // --- memory (machine/memory.cc); numbers from abi.h
  // -----------------------------------------------------------------
  [[nodiscard]] Result<uint64_t> mmap(Process& process, uint64_t hint, uint64_t bytes, int prot, int flags, int fd,
                                      uint64_t offset);
  [[nodiscard]] Errno munmap(Process& process, uint64_t address, uint64_t bytes);
  [[nodiscard]] Errno mprotect(Process& process, uint64_t address, uint64_t bytes, int prot);
  /// `target`: with MREMAP_FIXED, or as a hint.
  [[nodiscard]] Result<uint64_t> mremap(Process& process, uint64_t address, uint64_t old_bytes, uint64_t new_bytes,
                                        int flags, uint64_t target = 0);
  [[nodiscard]] Errno mlock(Process& process, uint64_t address, uint64_t bytes);
  [[nodiscard]] Errno mlock2(Process& process, uint64_t address, uint64_t bytes, int flags);
  [[nodiscard]] Errno munlock(Process& process, uint64_t address, uint64_t bytes);
  [[nodiscard]] Errno mlockall(Process& process, int flags);
  [[nodiscard]] Errno munlockall(Process& process);
  [[nodiscard]] Errno madvise(Process& process, uint64_t address, uint64_t bytes, int advice,
                              PageoutKeep keep = PageoutKeep::nothing);
  /// UFFDIO_REGISTER and UFFDIO_WRITEPROTECT of a userfaultfd that nobody reads: who resolves just does.
  [[nodiscard]] Errno uffd_register(Process& process, uint64_t address, uint64_t bytes);
  [[nodiscard]] Errno uffd_writeprotect(Process& process, uint64_t address, uint64_t bytes, mm::UffdWp how);
  /// Linux: UFFDIO_POISON
  [[nodiscard]] Errno uffd_poison(Process& process, uint64_t address, uint64_t bytes) {
    return process.mm().uffd_poison(base::VirtAddr(address), bytes);
  }
  [[nodiscard]] Errno msync(Process& process, uint64_t address, uint64_t bytes, int flags);
  [[nodiscard]] mm::Loaded load(Process& process, uint64_t address);
  [[nodiscard]] mm::Signal store(Process& process, uint64_t address, std::byte value);
  /// As many loads and stores; those before the one that ends with a signal are done.
  [[nodiscard]] mm::Signal load(Process& process, uint64_t address, std::span<std::byte> to);
  [[nodiscard]] mm::Signal store(Process& process, uint64_t address, std::span<const std::byte> from);
  [[nodiscard]] Result<bool> mincore(Process& process, uint64_t address);
  [[nodiscard]] mm::PagemapKind pagemap(Process& process, uint64_t address);
  [[nodiscard]] Rss rss(const Process& process) const;
  /// Every CPU forgets its translations, as if all came from idle.
  void flush_tlb_all() {
    tlbs_.flush_tlb_all();
    if (kernel_ != nullptr) kernel_->flush_tlb_all();
  }
  /// Injects a corrupted page table: the entry of `to` becomes a copy of that of `from`, and nothing is counted.
  void corrupt_pte(Process& process, uint64_t to, uint64_t from);

  // --- swap and reclaim (machine/swap.cc)
  // -----------------------------------------------------------------------------
  /// -EPERM: without privileges; -ENOENT: no device of that name; -EBUSY: it is on, or somebody else has it; what its
  /// back end could not be opened for.
  [[nodiscard]] Errno swapon(Process& process, std::string_view device);
  /// -EPERM: without privileges; -ENOENT: no device of that name; -EINVAL: not active; -EINTR; -ENOMEM: no room for
  /// what is in it.
  [[nodiscard]] Errno swapoff(Process& process, std::string_view device);
  /// Writes an image of RAM into free slots of the device, looks whether it could be resumed from, and frees it. Tasks
  /// go on meanwhile, and are not recorded. -ENOENT, -EINVAL: no such device, not active; -ENOSPC, -EIO; -ENODATA: a
  /// page would be read from a slot that holds something else. See power/swap_image.h.
  [[nodiscard]] Errno hibernate(std::string_view device);
  /// A sentence about why the last swapon() of the device failed, if its contents were the reason.
  [[nodiscard]] std::string_view why_closed(std::string_view device) const;
  /// Does the discards that are scheduled for the device, as a kernel task would; how many clusters.
  uint64_t discard(std::string_view device);
  /// Pages freed. Looks at every page at most once.
  uint64_t reclaim(uint64_t pages);
  /// What the kswapd of `node` does when it is woken: pages freed. Linux: mm/vmscan.c balance_pgdat()
  uint64_t kswapd(unsigned node);
  /// The option kswapd's tasks end. Before check() of a machine that has them.
  void stop_kswapd() { reclaim_.kswapd().stop(); }
  /// What the flusher does when it is woken, or `pages` pages whatever the limits: pages written; 0 without limits.
  /// Linux: fs/fs-writeback.c wb_workfn()
  uint64_t flusher(uint64_t pages);
  /// The option flusher's task ends, and begins again. Before and after check() of a machine that has it.
  void stop_flusher();
  void start_flusher();
  /// Slots in use; 0 if not active.
  [[nodiscard]] uint64_t swap_used(std::string_view device) const;
  /// What was read ahead from swap, and what became of it.
  [[nodiscard]] const swap::SwapReadahead& swap_readahead() { return swap_.readahead(); }
  /// References to a slot; 0 if not active.
  [[nodiscard]] unsigned swap_count(std::string_view device, uint32_t slot) const;

  // --- what the kernel does by itself or for a device (machine/kernel_acts.cc)
  // ----------------------------------------- The process is named by its number and may end meanwhile; -ESRCH: it has.
  /// The page at `address` moves to `node`; the node it is on. See reclaim/move_pages.h for errors.
  [[nodiscard]] Result<int> move_pages(int pid, uint64_t address, int node);
  /// Pages moved. Linux: /proc/sys/vm/compact_memory
  uint64_t compact();
  /// The huge page around `address` is made. See reclaim/khugepaged.h for errors. Linux: MADV_COLLAPSE, khugepaged
  [[nodiscard]] Errno collapse(int pid, uint64_t address);
  /// The memory of the page at `address` fails; it is brought in first. -EFAULT, -EHWPOISON, -EBUSY.
  /// Linux: MADV_HWPOISON
  [[nodiscard]] Errno poison(int pid, uint64_t address);
  /// See reclaim/device_memory.h.
  [[nodiscard]] Errno migrate_to_device(int pid, uint64_t address);
  [[nodiscard]] Errno make_device_exclusive(int pid, uint64_t address);
  /// Whether SIGBUS (BUS_MCEERR_AO) comes when a page fails, and not when it is used. Linux: PR_MCE_KILL
  void set_mce_kill_early(Process& process, OnOff early) { process.mce_kill_early.store(early == OnOff::on ? 1 : 0); }
  /// Whether the OOM killer has killed it: it makes no more calls than exit(). Linux: SIGKILL, tsk_is_oom_victim()
  [[nodiscard]] static bool killed(const Process& process) { return process.mm().killed(); }
  /// -1000: never killed, to 1000: first of all; in thousandths of RAM. Linux: /proc/PID/oom_score_adj
  static void set_oom_score_adj(Process& process, int adj) { process.oom_score_adj.store(adj); }
  [[nodiscard]] uint64_t peek_oom_kills() const { return oom_kills_.peek(); }
  /// The signal that was sent and not looked at yet; forgotten by the look.
  [[nodiscard]] mm::Signal take_signal(Process& process);

  // --- the kernel's own side (machine/kernel_memory.h)
  // ----------------------------------------------------------------
  /// Whether the machine could hibernate: nobody has secret memory. Linux: hibernation_available()
  [[nodiscard]] bool hibernation_available() const { return !secretmem_.active(); }
  /// -EPERM: it is not available; else KernelMemory::hibernate_snapshot(). -ENOSYS: no architecture.
  [[nodiscard]] Result<uint64_t> hibernate_snapshot(power::Freezes caller);
  /// Natively: the machine as it is now into a file, from which machine/hibernation.h resumes it; then it goes on. Not
  /// by a task that is in a call. -EPERM, -EBUSY, -ENOMEM as above; -EOPNOTSUPP: part of it is outside its memory;
  /// -ENOSYS: it is not of machine/hibernation.h; what power::write_image() says. The complaint tells more.
  [[nodiscard]] Errno hibernate_to(const power::ImageRequest& request, std::string_view note, HibernateReport& report,
                                   power::Complaint& complaint);
  /// In a machine from an image, before anything else. -ENOMEM.
  [[nodiscard]] Errno end_resume();
  /// nullptr: the machine has no architecture.
  [[nodiscard]] KernelMemory* kernel() { return kernel_.get(); }
  /// A call of a thread that may be frozen; natively, for each call of a process that hibernates.
  class FreezableCall {
   public:
    FreezableCall(Machine& machine, Process& process) : machine_(machine), process_(process) {
      machine_.enter_call(process_.freezes);
      process_.in_calls.add(1);
    }
    ~FreezableCall() {
      process_.in_calls.sub(1);
      machine_.leave_call(process_.freezes);
    }
    FreezableCall(const FreezableCall&) = delete;
    FreezableCall& operator=(const FreezableCall&) = delete;

   private:
    Machine& machine_;
    Process& process_;
  };
  /// Around a call of a task that may be frozen; nothing without an architecture.
  void enter_call(power::Freezes kind) {
    if (kernel_ != nullptr) kernel_->freezer().enter(kind);
  }
  void leave_call(power::Freezes kind) {
    if (kernel_ != nullptr) kernel_->freezer().leave(kind);
  }

  // --- at quiescent points (machine/check.cc, machine/dump.cc)
  // ----------------------------------------------------------
  /// SEMANTICS 0.7: I1 to I7, I9, I10, and I13 if the option private_data is on. Linear, without allocating.
  void check(sync::CheckReport& report);
  /// Pages that are allocated and that nothing refers to.
  [[nodiscard]] uint64_t folios_leaked();
  [[nodiscard]] sync::String dump();

  [[nodiscard]] const MachineOptions& options() const { return options_; }
  [[nodiscard]] uint64_t peek_free_pages() const { return frames_.peek_free().value(); }

 private:
  struct Device;
  struct Recount;
  [[nodiscard]] Device* find_device(std::string_view name) const;
  [[nodiscard]] const swap::SwapArea* peek_area(std::string_view device) const;
  /// Marks what a call may take away; `bytes` may be anything.
  [[nodiscard]] Discarding discarding(Process& process, uint64_t address, uint64_t bytes);
  [[nodiscard]] Errno truncate(fs::Inode& file, uint64_t bytes);
  [[nodiscard]] static Result<int> open_inode(Process& process, fs::Inode& inode, fs::FileMode mode = {});
  [[nodiscard]] Result<int> open_path(Process& process, std::string_view path, int flags, unsigned mode);
  [[nodiscard]] Result<fs::InodeRef> path_lookup(Process& process, std::string_view path, Follow follow);
  template <typename Call>
  [[nodiscard]] Errno on_path(Process& process, std::string_view path, Call call);
  class TaskMm;
  [[nodiscard]] TaskMm get_task_mm(int pid);
  [[nodiscard]] Errno madvise_collapse(Process& process, uint64_t address, uint64_t bytes);
  [[nodiscard]] Errno madvise_hwpoison(Process& process, uint64_t address, uint64_t bytes);
  // machine/oom.cc
  [[nodiscard]] phys::OomOutcome out_of_memory(base::Order order) override;
  [[nodiscard]] mm::AddressSpace* select_bad_process(bool& dying);
  [[nodiscard]] phys::OomOutcome oom_kill_process(base::Order order, mm::AddressSpace*& victim);
  [[nodiscard]] phys::OomOutcome no_victim(base::Order order, phys::OomOutcome dying);
  void tell_victims(const sync::Vector<const rmap::MappedSpace*>& victims);
  Process& add_process(std::string_view name, mm::AddressSpace* mm);
  void end(Process& process);
  void recount(Recount& recount);
  void recount_space(Recount& recount, mm::AddressSpace& mm, sync::CheckReport* report);
  [[nodiscard]] static bool recount_slots(const Recount& recount, base::SwapEntry entry, PageCount pages);
  static void recount_pages(Recount& recount, const cache::Mapping& mapping);
  void recount_files(Recount& recount);
  void recount_swap_cache(Recount& recount);
  void recount_continuations(Recount& recount);
  void recount_poisoned(Recount& recount);
  void check_translation(const pgtable::Translation& translation, sync::CheckReport& report);
  void check_folios(const Recount& recount, sync::CheckReport& report);
  static void check_huge_cluster(const Recount& recount, const swap::SwapArea& area, base::SwapOffset slot,
                                 sync::CheckReport& report);
  void check_slots(const Recount& recount, sync::CheckReport& report);
  void dump_space(sync::String& out, const Process& process);
  static void dump_pages(sync::String& out, const cache::Mapping& mapping);
  void dump_files(sync::String& out);
  void dump_swap(sync::String& out);
  // machine/hibernation.cc
  class ImageStages;
  void suspend_threads();
  void resume_threads();
  [[nodiscard]] power::ImageHeader image_header(std::string_view note) const;
  [[nodiscard]] Errno write_image(const power::ImageRequest& request, std::string_view note,
                                  const power::HeapCopy& heap, HibernateReport& report, power::Complaint& complaint);

  const MachineOptions options_;
  phys::Frames frames_;
  sync::Box<KernelMemory> kernel_;
  cache::Folios folios_;
  rmap::AnonVmas anon_vmas_;
  swap::SwapAreas swap_;
  pgtable::Tlbs tlbs_;
  rmap::HugeZeroPage huge_zero_{folios_};
  rmap::Environment env_;
  fs::TmpFs tmpfs_;
  struct Disk;
  const sync::Box<Disk> disk_;            ///< nullptr: none; the file system on it goes first
  const sync::Box<fs::BdiWriteback> wb_;  ///< nullptr: nothing is written in the background
  fs::BlockFs block_fs_;
  struct Mounts;
  sync::Box<Mounts> mounts_;  ///< nullptr: none; goes before the swap devices do
  fs::SecretMem secretmem_;
  reclaim::Reclaim reclaim_;
  reclaim::Mover mover_{env_};
  reclaim::MemoryFailure memory_failure_{env_};
  reclaim::Khugepaged khugepaged_{env_};
  reclaim::DeviceMemory device_memory_{env_};
  PrivateData private_data_;
  sync::Vector<Device*> devices_;
  // By hibernate_to(); the machine that resumes finds them.
  bool kswapd_suspended_ = false;
  bool flusher_suspended_ = false;

  sync::SpinLock<sync::LockClass::tasklist_lock> tasklist_lock_;
  /// Every access to the list announces this field.
  sync::Plain<uint32_t, "tasks"> task_count_{0};
  Process* tasks_ QUIRE_GUARDED_BY(tasklist_lock_) = nullptr;
  int last_pid_ QUIRE_GUARDED_BY(tasklist_lock_) = 0;

  sync::Mutex<sync::LockClass::oom_lock> oom_lock_;
  /// Processes that have left the list and not yet given up their memory.
  sync::Atomic<uint32_t, "exiting"> exiting_{0};
  sync::Atomic<uint64_t, "oom_kill"> oom_kills_{0};

  /// For check(), so that it allocates nothing: expected references and mappings per frame, references per slot.
  sync::Vector<uint32_t> scratch_;
};

}  // namespace quire::machine
