// AddressSpace: the memory of a process: its mappings, page tables and counters, and every operation on them.
//
// Lives as long as it has users: the process (one) and whoever visits it (swapoff). The last mmput() tears it down.
// I1  mappings do not overlap, and each is found by the page behind its last
// I2  an entry that is not none lies in a mapping
// I3  each RSS counter is what a walk of the tables counts (SEMANTICS I5)
// I4  an address space with a swap entry is on the list that swapoff visits
// Locks: mmap_lock (faults shared, everything that changes mappings exclusive) > folio lock > reverse-map locks > PTL.
// Linux: mm/memory.c, mm/mmap.c, mm/madvise.c, mm/mincore.c, kernel/fork.c
//
//   auto* mm = sync::make_object<AddressSpace>(env, VirtPage(1));
//   Result<VirtAddr> p = mm->mmap({.length = 4096, .flags = VmFlag::read | VmFlag::write});
//   mm->store(*p, std::byte{7});
//   mm->mmput();
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/result.h"
#include "mm/vma.h"
#include "sync/heap.h"
#include "sync/wait.h"

namespace quire::mm {

using base::Result;

enum class Populate : uint8_t { no, yes };

enum class Placement : uint8_t {
  anywhere,  ///< the hint if it is free, else the lowest hole
  fixed,     ///< exactly there, replacing what was there (MAP_FIXED)
};

struct MmapRequest {
  VirtAddr hint;
  uint64_t length = 0;  ///< bytes, rounded up
  VmFlag flags = VmFlag::none;
  Placement placement = Placement::anywhere;
  rmap::FileBacking* file = nullptr;  ///< nullptr: anonymous. A shared mapping needs one.
  uint64_t offset = 0;                ///< in the file, bytes, a multiple of the page size
  Populate populate = Populate::no;   ///< MAP_POPULATE: its pages are brought in, as far as there is memory
};

/// Where a mapping may be after mremap().
enum class MremapMove : uint8_t {
  in_place,
  anywhere,  ///< MREMAP_MAYMOVE
  fixed,     ///< MREMAP_FIXED: at the target, in place of what was there
};
/// What is left where it was: nothing, or the mapping without its pages (MREMAP_DONTUNMAP).
enum class MremapLeft : uint8_t { nothing, mapping };

struct MremapRequest {
  VirtAddr old = {};
  uint64_t old_length = 0;  ///< bytes, rounded up; 0: another mapping of the same shared pages
  uint64_t new_length = 0;  ///< bytes, rounded up
  MremapMove move = MremapMove::in_place;
  MremapLeft left = MremapLeft::nothing;
  VirtAddr target = {};  ///< MremapMove::fixed, or a hint for MremapLeft::mapping
};

enum class Locking : uint8_t {
  lock,           ///< and bring them in
  lock_on_fault,  ///< once they are there (MLOCK_ONFAULT, MCL_ONFAULT)
  unlock,
};
enum class UffdWp : uint8_t { protect, resolve };

struct MlockAll {
  std::optional<Locking> current;    ///< the mappings that there are; nothing: they stay as they are
  Locking future = Locking::unlock;  ///< those that will be
};

enum class Access : uint8_t { read, write };

enum class SignalNumber : uint8_t { none, sigbus, sigsegv, sigkill };

/// What an access ends with, if not with a value. Linux: siginfo si_signo, si_code
struct Signal {
  SignalNumber number = SignalNumber::none;
  uint8_t code =
      0;  ///< SIGSEGV: 1 unmapped, 2 protection; SIGBUS: 2 no such page, 4 hardware poison; SIGBUS 0: no memory
  [[nodiscard]] bool none() const { return number == SignalNumber::none; }
  bool operator==(const Signal&) const = default;
};

struct Loaded {
  std::byte value{0};
  Signal signal;
};

enum class Advice : uint8_t {
  normal,
  random,
  sequential,
  dont_need,
  dont_need_locked,
  free,
  huge_page,
  no_huge_page,
  dont_fork,
  do_fork,
  wipe_on_fork,
  keep_on_fork,
  dont_dump,
  do_dump,
  remove,
  will_need,
  cold,
  populate_read,
  populate_write,
  guard_install,
  guard_remove,
};

/// What the pagemap file and smaps say of a page.
enum class PagemapKind : uint8_t {
  none,
  present_file,
  present_anon,
  swapped,
  zero_page,
  migration,
  hwpoison,
  device_private,
  device_exclusive,
  uffd_wp,  ///< a marker
  guard,    ///< a marker
  swapin_error,
  huge_anon,
  huge_file,
  poisoned,  ///< a marker
};

class AddressSpace final : public rmap::MappedSpace {
 public:
  using MmapLock = sync::RwSemaphore<sync::LockClass::mmap_lock>;

  /// Empty, with one user, to be made with sync::make_object. Mappings are placed from `lowest` upward.
  AddressSpace(rmap::Environment& environment, VirtPage lowest) : MappedSpace(environment), lowest_(lowest) {}

  // --- users (mm/exit.cc) --------------------------------------------------------------------------------------------
  void mmget() { users_.add(1); }
  [[nodiscard]] bool mmget_not_zero() override;
  void mmput() override;

  // --- out of memory (mm/oom.cc)
  // --------------------------------------------------------------------------------------
  /// The process is killed: from now on its faults end with SIGKILL, and it does not fork. Linux: mark_oom_victim()
  void mark_oom_victim() { oom_.fetch_or(kOomVictim); }
  [[nodiscard]] bool killed() const { return env.oom == rmap::OomPolicy::kill && (oom_.load() & kOomVictim) != 0; }
  /// Whether all that a kill could free is freed, or cannot be had. Linux: MMF_OOM_SKIP
  [[nodiscard]] bool oom_skipped() const { return (oom_.load() & kOomSkip) != 0; }
  void set_oom_skip() { oom_.fetch_or(kOomSkip); }
  /// Frees the private memory of a victim; false: somebody has mmap_lock for writing. Does not wait. Linux:
  /// mm/oom_kill.c oom_reap_task_mm()
  [[nodiscard]] bool oom_reap();
  /// What killing it would give, in pages. Linux: mm/oom_kill.c oom_badness()
  [[nodiscard]] int64_t oom_badness() const;

  // --- system calls; they return with no lock held -------------------------------------------------------------------
  /// -EINVAL, -ENOMEM. Linux: mm/mmap.c do_mmap()
  [[nodiscard]] Result<VirtAddr> mmap(const MmapRequest& request);
  /// Linux: mm/vma.c do_vmi_munmap()
  [[nodiscard]] Errno munmap(VirtAddr start, uint64_t length);
  /// `rights`: read and write. -EINVAL; -ENOMEM: there is a hole, and what is before it was changed. Linux:
  /// mm/mprotect.c do_mprotect_pkey()
  [[nodiscard]] Errno mprotect(VirtAddr start, uint64_t length, VmFlag rights);
  /// The new place. -EINVAL, -EFAULT: not one mapping; -ENOMEM. Linux: mm/mremap.c
  [[nodiscard]] Result<VirtAddr> mremap(const MremapRequest& request);
  /// Pages are brought in and stay, or may go again. -ENOMEM, -EAGAIN. Linux: mm/mlock.c
  [[nodiscard]] Errno mlock(VirtAddr start, uint64_t length, Locking locking);
  void mlockall(MlockAll what);
  /// All but MADV_PAGEOUT, which is reclaim's. -ENOMEM if part of the range is not mapped, otherwise as the advice
  /// says: -EINVAL, -EACCES, -EFAULT, -EHWPOISON. Linux: mm/madvise.c
  [[nodiscard]] Errno madvise(VirtAddr start, uint64_t length, Advice advice);
  /// Writes of the range can be write-protected from now on; a child and a moved mapping are not registered. -EINVAL:
  /// nothing is mapped, or a file that is not tmpfs's.
  /// Linux: fs/userfaultfd.c userfaultfd_register(), UFFDIO_REGISTER_MODE_WP
  [[nodiscard]] Errno uffd_register(VirtAddr start, uint64_t length);
  /// A write to a protected page waits until the range is resolved. -ENOENT: not registered; -ENOMEM.
  /// Linux: mm/userfaultfd.c mwriteprotect_range()
  [[nodiscard]] Errno uffd_writeprotect(VirtAddr start, uint64_t length, UffdWp how);
  /// Pages of a registered range that are not there will look like failed memory (UFFDIO_POISON). -ENOENT: not
  /// registered, or not one mapping; -EEXIST: the first is there; -EFAULT: it is beyond the end of its file; -EAGAIN:
  /// that is true of a later one, and those before it are done. Linux: fs/userfaultfd.c userfaultfd_poison()
  [[nodiscard]] Errno uffd_poison(VirtAddr start, uint64_t length);
  /// A copy for a child; -ENOMEM. Linux: kernel/fork.c dup_mmap()
  [[nodiscard]] Result<AddressSpace*> fork();
  /// 1: a load of the page would need no I/O. -ENOMEM: not mapped. Linux: mm/mincore.c
  [[nodiscard]] Result<bool> mincore(VirtAddr address);
  [[nodiscard]] PagemapKind pagemap(VirtAddr address);

  // --- accesses of the program (mm/access.cc) ------------------------------------------------------------------------
  [[nodiscard]] Loaded load(VirtAddr address);
  [[nodiscard]] Signal store(VirtAddr address, std::byte value);
  /// As many loads and stores, page by page: those before the one that ends with a signal are done.
  [[nodiscard]] Signal load(VirtAddr address, std::span<std::byte> to);
  [[nodiscard]] Signal store(VirtAddr address, std::span<const std::byte> from);

  // --- for the walks of swapoff and MADV_PAGEOUT, mmap_lock held
  // ------------------------------------------------------
  /// Brings in every page whose entry names `area`; takes mmap_lock itself. Linux: mm/swapfile.c unuse_mm()
  [[nodiscard]] Errno unuse_mm(swap::SwapArea& area) override;
  /// The first mapping that ends after `page`, or nullptr. Linux: find_vma()
  [[nodiscard]] Vma* find_vma(VirtPage page) const QUIRE_REQUIRES_SHARED(mmap_lock);
  /// Calls visit(Vma&, Range<VirtPage>) for each mapped part of `range`; returns whether there was no hole.
  template <typename Visit>
  bool for_each_part(Range<VirtPage> range, Visit visit) QUIRE_REQUIRES_SHARED(mmap_lock);

  /// Calls visit(Pte) -> Errno with the entry of `page` (of a huge page its part), the entry's lock held. mmap_lock is
  /// held. -EFAULT: not mapped.
  template <typename Visit>
  [[nodiscard]] Errno with_entry(VirtPage page, Visit visit) QUIRE_REQUIRES_SHARED(mmap_lock);
  /// Removes entries of one mapping. mmap_lock or a lock of a list of the mapping is held.
  void zap_range(const Vma& vma, Range<VirtPage> range, const rmap::ZapDetails& details);

  /// Of a PMD entry, its lock held.
  [[nodiscard]] bool is_huge_zero_pmd(Pte entry) const;
  /// Nothing maps `folio` any more: out of the swap cache if nobody waits for it there either. No sleeping.
  /// Linux: mm/swap_state.c free_swap_cache()
  void free_swap_cache(Folio& folio);

  /// For tests of what notices a corrupted page table: `to` gets the entry of `from`, and nobody counts it.
  void corrupt_pte(VirtAddr to, VirtAddr from);

  /// Calls visit(const Vma&): at quiescent points.
  template <typename Visit>
  void peek_vmas(Visit visit) const {
    for (const auto& [end, vma] : vmas_) visit(*vma);
  }
  [[nodiscard]] int peek_users() const { return users_.peek(); }
  /// I1, I2, I4, and of a mapping I1; I3 needs `recount`, which the caller makes with tables.peek_each().
  void check(sync::CheckReport& report) const;

  MmapLock mmap_lock;

 private:
  enum class FaultEnd : uint8_t {
    again,  ///< handled, or the entry changed meanwhile: look at the entry again
    no_memory,
    sigbus,
    hwpoison,
    maperr,
    accerr,
    killed,           ///< an OOM victim
    write_protected,  ///< by userfaultfd: again after the range was resolved
  };
  struct Fault {
    Vma& vma;
    VirtPage page;
    Access access;
    pgtable::LeafTable& leaf;
    Pte entry;  ///< as it was when the fault began: must be the same under the lock later
    [[nodiscard]] bool write() const { return access == Access::write; }
  };

  // mm/access.cc; touch(Pte) is the access itself, with the entry of exactly this page
  void check_translation(Pte pte) const;
  template <typename Touch>
  [[nodiscard]] bool access_through_tlb(VirtPage page, Access access, Touch touch);
  template <typename Touch>
  [[nodiscard]] bool access_through_tables(VirtPage page, Access access, Touch touch);
  template <typename Touch>
  void access_entry(VirtPage page, Pte pte, Touch touch);
  template <typename Touch>
  [[nodiscard]] Signal access(VirtAddr address, Access access, Touch touch);

  // mm/mmap.cc
  [[nodiscard]] static Errno check_request(const MmapRequest& request, uint64_t pages_max);
  [[nodiscard]] Result<VirtPage> get_unmapped_area(const MmapRequest& request, PageCount pages) const
      QUIRE_REQUIRES_SHARED(mmap_lock);
  void unmap_locked(Range<VirtPage> range, Vma*& removed) QUIRE_REQUIRES(mmap_lock);
  void split_at(VirtPage at) QUIRE_REQUIRES(mmap_lock);
  void insert(Vma& vma);
  void map_region(const VmaSpec& spec) QUIRE_REQUIRES(mmap_lock);
  static void remove_all(Vma* removed);

  [[nodiscard]] bool in_user_space(VirtAddr start, uint64_t length) const;

  // mm/merge.cc
  void expand_upwards(Vma& vma, VirtPage limit) QUIRE_REQUIRES(mmap_lock);
  [[nodiscard]] rmap::AnonVma& get_anon_vma(const VmaSpec& spec) QUIRE_REQUIRES(mmap_lock);
  [[nodiscard]] bool expand_neighbour(const VmaSpec& spec) QUIRE_REQUIRES(mmap_lock);
  void merge_range(Range<VirtPage> range) QUIRE_REQUIRES(mmap_lock);

  /// For each mapping of `range` up to the first hole (-ENOMEM): the part in the range, split off if need be, has the
  /// flags new_flags(const Vma&), a Result<VmFlag>, from now on; then changed(Vma&, Range<VirtPage>) if they are others
  /// than before. An error of new_flags() ends it; what was changed by then stays changed.
  template <typename NewFlags, typename Changed>
  [[nodiscard]] Errno change_flags(Range<VirtPage> range, NewFlags new_flags, Changed changed)
      QUIRE_REQUIRES(mmap_lock);

  // mm/mremap.cc
  struct Remap {
    VirtPage from;
    PageCount old_pages;
    PageCount new_pages;
    MremapLeft left;
  };
  [[nodiscard]] Result<VirtPage> mremap_locked(const MremapRequest& request, Vma*& removed) QUIRE_REQUIRES(mmap_lock);
  [[nodiscard]] Result<VirtPage> mremap_to(Remap r, const MremapRequest& request, Vma*& removed)
      QUIRE_REQUIRES(mmap_lock);
  [[nodiscard]] Errno check_resize(const Vma& vma, const Remap& r) const;
  [[nodiscard]] Errno move_vma(Vma& vma, const Remap& r, VirtPage to, Vma*& removed) QUIRE_REQUIRES(mmap_lock);
  void move_page_tables(const Vma& vma, Range<VirtPage> from, VirtPage to);
  void move_ptes(pgtable::LeafTable& target, VirtPage to, pgtable::LeafTable& source, Range<VirtPage> part);
  [[nodiscard]] bool move_huge_pmd(pgtable::LeafTable& target, pgtable::LeafTable& source, Range<VirtPage> part);

  // mm/mlock.cc
  [[nodiscard]] static Errno errno_of(const Signal& signal);
  [[nodiscard]] Signal fault_in(VirtPage page, Access access);
  [[nodiscard]] Errno populate(Range<VirtPage> range, Access access);
  enum class OnError : uint8_t { stop, next_mapping };
  [[nodiscard]] static std::optional<Access> populates_with(const Vma& vma);
  [[nodiscard]] Errno populate_page(VirtPage page, Access access) QUIRE_REQUIRES_SHARED(mmap_lock);
  [[nodiscard]] Errno populate_part(const Vma& vma, Range<VirtPage> part);  ///< mmap_lock is held
  [[nodiscard]] Errno populate_mappings(Range<VirtPage> range, OnError on_error);
  void populate_new(Range<VirtPage> range) { (void)populate_mappings(range, OnError::next_mapping); }
  [[nodiscard]] Errno set_locking(Range<VirtPage> range, Locking locking) QUIRE_REQUIRES(mmap_lock);
  void mark_mlocked(Range<VirtPage> range, Locking locking);

  // mm/mprotect.cc
  enum class Change : uint8_t { rights, uffd_wp, uffd_wp_resolve };
  [[nodiscard]] bool can_change_writable(const Vma& vma, Pte pte) const;
  [[nodiscard]] Pte changed_present(const Vma& vma, Pte pte, Change change) const;
  [[nodiscard]] Pte changed_entry(const Vma& vma, Pte pte, Change change) const;
  [[nodiscard]] bool change_huge_pmd(const Vma& vma, pgtable::LeafTable& leaf, Range<VirtPage> part, Change change);
  void change_pte_range(const Vma& vma, pgtable::LockedPageTable& table, Range<VirtPage> part, Change change);
  [[nodiscard]] Errno change_leaf(const Vma& vma, Range<VirtPage> part, Change change);
  [[nodiscard]] Errno change_protection(const Vma& vma, Range<VirtPage> range, Change change);

  // mm/userfaultfd.cc
  [[nodiscard]] Errno poison_leaf(const Vma& vma, Range<VirtPage> part, PageCount& done);

  // mm/exit.cc, mm/mincore.cc
  void exit_mmap();
  void check_counters() const;
  /// As it was a moment ago; mmap_lock is held.
  [[nodiscard]] Pte entry_of(VirtPage page) QUIRE_REQUIRES_SHARED(mmap_lock);
  [[nodiscard]] PagemapKind pagemap_kind(Pte pte, VirtPage page) const;

  // mm/madvise*.cc
  [[nodiscard]] Errno madvise_walk(Range<VirtPage> range, Advice advice) QUIRE_REQUIRES_SHARED(mmap_lock);
  [[nodiscard]] Errno madvise_part(Vma& vma, Range<VirtPage> part, Advice advice);
  [[nodiscard]] Errno madvise_remove(Range<VirtPage> range);
  void madvise_cold(Range<VirtPage> range);
  [[nodiscard]] bool deactivate(Pte entry, PageCount pages);
  void madvise_willneed(const Vma& vma, Range<VirtPage> range);  ///< mmap_lock is held
  [[nodiscard]] Errno install_guards(Vma& vma, Range<VirtPage> range);
  [[nodiscard]] Errno install_leaf_guards(Vma& vma, Range<VirtPage> part);
  void remove_guards(Range<VirtPage> range);
  void madvise_free(Range<VirtPage> range);  ///< mmap_lock is held
  void madvise_free_pte(pgtable::LockedPageTable& table, VirtPage page, Pte pte);
  [[nodiscard]] Errno advise_flags(Range<VirtPage> range, Advice advice);
  [[nodiscard]] static Signal signal_of(FaultEnd end);

  // mm/fork.cc
  [[nodiscard]] Errno dup_mmap(AddressSpace& child) QUIRE_REQUIRES(mmap_lock);
  struct Copying;
  struct Leaves;
  [[nodiscard]] Errno copy_page_range(AddressSpace& child, const Vma& vma);
  [[nodiscard]] Errno copy_pte_range(AddressSpace& child, const Vma& vma, Leaves leaves, Range<VirtPage> range);
  [[nodiscard]] Errno copy_locked_ptes(Copying& c, Range<VirtPage> range);
  /// What swap_duplicate() has said.
  [[nodiscard]] bool needs_continuation(Errno error) const;
  [[nodiscard]] Errno continue_swap_count(base::SwapEntry entry, Errno error);
  [[nodiscard]] Errno copy_leaf(AddressSpace& child, const Vma& vma, pgtable::LeafTable& source, Range<VirtPage> range);
  void copy_huge_present_pmd(AddressSpace& child, pgtable::LockedPmd& to, pgtable::LockedPmd& from);
  struct HugeSwapCopy;
  [[nodiscard]] Result<bool> copy_huge_pmd(AddressSpace& child, pgtable::LeafTable& destination,
                                           pgtable::LeafTable& source, VirtPage page);
  [[nodiscard]] Result<bool> copy_with_spare_leaf(AddressSpace& child, pgtable::LeafTable& source, VirtPage page);
  [[nodiscard]] Errno copy_huge_swap_pmd(HugeSwapCopy& copy, pgtable::LockedPmd& to, pgtable::LockedPmd& from);
  [[nodiscard]] Errno copy_nonpresent_pte(Copying& c, VirtPage page, Pte pte);
  [[nodiscard]] Errno copy_swap_pte(Copying& c, VirtPage page, Pte pte);
  void copy_migration_pte(Copying& c, VirtPage page, Pte pte);
  void copy_device_pte(Copying& c, VirtPage page, Pte pte);
  void copy_present_pte(Copying& c, VirtPage page, Pte pte);

  // mm/userfaultfd.cc: a write that waits
  using UserfaultTicket = uint32_t;
  [[nodiscard]] UserfaultTicket queue_userfault(VirtPage page);
  [[nodiscard]] bool userfaultfd_must_wait(VirtPage page) QUIRE_REQUIRES_SHARED(mmap_lock);
  void wait_for_userfault(UserfaultTicket ticket);
  void forget_userfault(UserfaultTicket ticket);
  void wake_userfaults(Range<VirtPage> range);

  // mm/fault.cc, mm/huge_fault.cc, mm/device_fault.cc, mm/cow.cc, mm/swap_in.cc
  [[nodiscard]] FaultEnd handle_mm_fault(VirtAddr address, Access access);
  [[nodiscard]] FaultEnd handle_mm_fault_locked(VirtPage page, Access access) QUIRE_REQUIRES_SHARED(mmap_lock);
  [[nodiscard]] FaultEnd handle_vma_fault(Vma& vma, VirtPage page, Access access);
  [[nodiscard]] FaultEnd handle_pte_fault(Fault& fault);
  [[nodiscard]] FaultEnd handle_marker(Fault& fault);
  [[nodiscard]] FaultEnd migration_entry_wait(Fault& fault);
  [[nodiscard]] bool huge_page_fits(const Vma& vma, VirtPage page) const;
  [[nodiscard]] bool do_huge_pmd_anonymous_page(Fault& fault, pgtable::Pmd before);
  [[nodiscard]] bool map_huge_zero_page(Fault& fault);
  [[nodiscard]] FaultEnd do_huge_pmd_fault(Fault& fault);
  [[nodiscard]] FaultEnd do_huge_pmd_wp_page(Fault& fault, pgtable::LockedPmd& pmd);
  [[nodiscard]] FaultEnd do_huge_pmd_swap_page(Fault& fault, pgtable::Pmd before);
  [[nodiscard]] static bool wp_can_reuse_huge_page(const Vma& vma, Folio& folio);
  [[nodiscard]] bool do_set_pmd(Fault& fault, cache::FolioRef& folio);
  [[nodiscard]] FaultEnd migrate_to_ram(Fault& fault);
  [[nodiscard]] FaultEnd remove_device_exclusive_entry(Fault& fault);
  void restore_exclusive_pte(pgtable::LockedPageTable& table, VirtPage page, Pte entry);
  [[nodiscard]] FaultEnd do_anonymous_page(Fault& fault);
  [[nodiscard]] Result<cache::FolioRef> alloc_anon_folio(Fault& fault);
  [[nodiscard]] FaultEnd do_fault(Fault& fault);
  [[nodiscard]] bool do_fault_around(Fault& fault);
  void map_cached_page(const Vma& vma, pgtable::LockedPageTable& table, cache::Mapping::Found& found, FileIndex end);
  [[nodiscard]] FaultEnd do_cow_fault(Fault& fault);
  [[nodiscard]] FaultEnd finish_fault(Fault& fault, cache::FolioRef folio);
  [[nodiscard]] static FaultEnd end_of(cache::FaultOutcome outcome);
  [[nodiscard]] FaultEnd do_wp_page(Fault& fault);
  [[nodiscard]] bool wp_can_reuse_anon_folio(const Vma& vma, Folio& folio, cache::FolioFlag flags);
  [[nodiscard]] FaultEnd wp_page_shared(Fault& fault, cache::FolioRef folio);
  [[nodiscard]] FaultEnd wp_page_copy(Fault& fault, cache::FolioRef old);
  [[nodiscard]] FaultEnd do_swap_page(Fault& fault);
  struct SwapIn;
  enum class Got : uint8_t { folio, nothing };
  [[nodiscard]] Got get_folio_for_swap_in(SwapIn& in, FaultEnd& end);
  [[nodiscard]] Got read_around_swap_cache(SwapIn& in, FaultEnd& end);
  [[nodiscard]] Result<cache::FolioRef> swapin_readahead(Fault& fault, base::SwapEntry entry);
  void swap_vma_readahead(Fault& fault);
  [[nodiscard]] FaultEnd map_swapped_in(SwapIn& in);
  void map_anon_page(const Vma& vma, VirtPage page, Folio& folio, base::Pfn pfn, bool exclusive);

  // mm/huge_swap.cc
  struct HugeSwapIn;
  enum class ClusterToo : uint8_t { no, yes };
  [[nodiscard]] bool swaps_in_whole(const Vma* vma) const;
  void split_huge_swap(const HugeSwapIn& in, ClusterToo cluster);
  [[nodiscard]] Got get_huge_folio(HugeSwapIn& in, const Vma* vma);
  [[nodiscard]] FaultEnd map_huge_fault(Fault& fault, HugeSwapIn& in);
  void map_huge_swapped_in(const Vma& vma, const HugeSwapIn& in, pgtable::LockedPmd& pmd, Pte pte);
  void unuse_huge_pmd(Vma& vma, pgtable::LeafTable& leaf, VirtPage page, pgtable::Pmd before);
  [[nodiscard]] std::optional<bool> mincore_huge_swap(VirtPage page);

  // mm/unuse.cc
  [[nodiscard]] Errno unuse_vma(Vma& vma, swap::SwapArea& area);
  [[nodiscard]] Errno unuse_entry(Vma& vma, VirtPage page, pgtable::LeafTable& leaf, Pte entry, swap::SwapArea& area);
  void unuse_pte(Vma& vma, VirtPage page, pgtable::LeafTable& leaf, Pte entry, Folio& folio);

  sync::Atomic<int32_t, "mm->mm_users"> users_{1};
  static constexpr uint32_t kOomVictim = 1;
  static constexpr uint32_t kOomSkip = 2;
  sync::Atomic<uint32_t, "mm->flags"> oom_{0};
  sync::SpinLock<sync::LockClass::fault_pending_wqh_lock> fault_pending_wqh_lock_;
  /// Writes that wait until the page that they are about is resolved.
  sync::Map<UserfaultTicket, VirtPage> userfaults_ QUIRE_GUARDED_BY(fault_pending_wqh_lock_);
  UserfaultTicket userfaults_made_ QUIRE_GUARDED_BY(fault_pending_wqh_lock_) = 0;
  sync::WaitQueue fault_pending_wqh_;
  const VirtPage lowest_;
  /// Every access to the mappings announces this field.
  sync::Plain<uint32_t, "mm->map_count"> map_count_{0};
  /// By the page behind the last. Linux: the maple tree mm->mm_mt
  sync::Map<VirtPage, Vma*> vmas_;
  /// Of new mappings besides their own. Linux: mm->def_flags
  sync::Plain<VmFlag, "mm->def_flags"> default_flags_{VmFlag::none};
};

template <typename Visit>
Errno AddressSpace::with_entry(VirtPage page, Visit visit) {
  Vma* vma = find_vma(page);
  if (vma == nullptr || !vma->pages().contains(page)) return Errno::efault;
  pgtable::LeafTable* leaf = tables.find(page);
  if (leaf == nullptr) return visit(Pte::none());
  for (;;) {
    {
      pgtable::LockedPageTable table(*leaf);
      if (table) return visit(table.get(page));
    }
    pgtable::LockedPmd pmd(*leaf);
    if (pmd.get().is_table()) continue;  // split meanwhile
    if (pmd.get().is_none()) return visit(Pte::none());
    return visit(pmd.get().entry().moved_by(page - tables.leaf_range(page).start()));
  }
}

template <typename Visit>
bool AddressSpace::for_each_part(Range<VirtPage> range, Visit visit) {
  VirtPage at = range.start();
  bool whole = true;
  while (at < range.limit()) {
    Vma* vma = find_vma(at);
    if (vma == nullptr || vma->pages().start() >= range.limit()) return false;
    Range<VirtPage> part = vma->pages().intersection(range);
    if (part.start() > at) whole = false;
    at = part.limit();
    visit(*vma, part);
  }
  return whole;
}

template <typename NewFlags, typename Changed>
Errno AddressSpace::change_flags(Range<VirtPage> range, NewFlags new_flags, Changed changed) {
  VirtPage at = range.start();
  Errno error = Errno::ok;
  while (at < range.limit() && error == Errno::ok) {
    Vma* vma = find_vma(at);
    if (vma == nullptr || vma->pages().start() > at) {
      error = Errno::enomem;
      continue;
    }
    Range<VirtPage> part = vma->pages().intersection(range);
    at = part.limit();
    Result<VmFlag> flags = new_flags(std::as_const(*vma));
    if (!flags) error = flags.error();
    if (!flags || *flags == vma->flags()) continue;
    split_at(part.start());
    split_at(part.limit());
    vma = find_vma(part.start());
    vma->set_flags(*flags);
    changed(*vma, part);
  }
  merge_range(range);
  return error;
}

}  // namespace quire::mm
