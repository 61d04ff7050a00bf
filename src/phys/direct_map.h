// DirectMap: the kernel's own mapping of all RAM, as page tables with leaves of three sizes.
//
// Frame n is at kDirectMapStart + n pages. A leaf maps one page, 2^shift (PMD) or 2^2shift (PUD); what a page allows is
// in its leaf: default (present, writable), invalid (not present), read-only. To change less than a leaf it is split,
// which takes a page for the new table; leaves are never joined again. CPUs remember translations (kernel_tlb.h) until
// they are flushed: *_noflush() callers flush before they rely on a page being invalid.
//
// Each architecture has its rules when a call acts at all, splits, or can tell (direct_map_rules.h). With
// debug_pagealloc free pages are invalid: the allocator maps what it hands out and unmaps what it takes back.
//
// I1  an entry is a leaf, a table, or a hole; a table has 2^shift entries and is reachable from one place
// I2  (I10 of the machine) at quiescent points each page is as its owner left it, a free one default, or invalid with
//     debug_pagealloc
// I3  no CPU remembers more of a page than the map allows, but of free pages with debug_pagealloc, whose unmapping
//     flushes one CPU only
// I4  with debug_pagealloc all leaves are pages: no split is ever needed
// Locks: running_cpus, inside it cpa_lock (for all three architectures: arm64 and RISC-V have locks of init_mm there),
// inside it tlb_lock. cpa_lock is dropped for the split's allocation, and not taken at all with debug_pagealloc.
// Natively the map is a mapping of the host besides (phys/ram.h): what is not present is PROT_NONE there, and a touch
// traps with the frame and who took it out. To change a page may then fail with -ENOMEM as a split may, for the host's
// limit of mappings; with debug_pagealloc, which must not fail, traps are given up instead.
// Linux: mm/pat/set_memory.c, arch/arm64/mm/pageattr.c, arch/riscv/mm/pageattr.c
//
//   Errno error = map.set_direct_map_invalid_noflush(pfn);
//   map.flush_tlb_kernel_range(DirectMap::pages_of({pfn, pfn.next()}));
#pragma once

#include <optional>

#include "base/result.h"
#include "phys/cpu.h"
#include "phys/direct_map_rules.h"
#include "phys/frames.h"
#include "phys/kernel_tlb.h"
#include "phys/running_cpus.h"
#include "sync/atomic.h"
#include "sync/trap.h"

namespace quire::phys {

using base::VirtAddr;
using base::VirtPage;

/// Where the kernel's addresses begin: above all of user space, and small enough to be told from an errno.
inline constexpr VirtAddr kVmallocStart{uint64_t{1} << 50};
inline constexpr VirtAddr kDirectMapStart{uint64_t{1} << 51};

/// What a change may leave as large as it is.
enum class WholeLeaves : uint8_t { split, keep };
enum class Mapped : uint8_t { no, yes };

class DirectMap {
 public:
  /// Before the first allocation from `frames`, which from now on keeps the map. `defects` outlives the map.
  DirectMap(const DirectMapOptions& options, Frames& frames, KernelTlbs& tlbs, const base::DefectSet& defects);
  ~DirectMap();
  DirectMap(const DirectMap&) = delete;
  DirectMap& operator=(const DirectMap&) = delete;

  [[nodiscard]] const DirectMapRules& rules() const { return rules_; }
  [[nodiscard]] RunningCpus& running_cpus() { return running_cpus_; }
  [[nodiscard]] static VirtPage page_of(Pfn pfn) { return base::page_of(kDirectMapStart) + PageCount(pfn.value()); }
  [[nodiscard]] static Range<VirtPage> pages_of(Range<Pfn> pfns) {
    return Range<VirtPage>::of(page_of(pfns.start()), pfns.size());
  }

  // --- what drivers and the allocator call
  /// -ENOMEM: no page for a split; -EFAULT: a hole; -EINVAL: the leaf is larger and is never split. Sleeps, or with
  /// Cpus::one does not. Linux: the same
  [[nodiscard]] Errno set_direct_map_invalid_noflush(Pfn pfn, Cpus cpus = Cpus::many);
  [[nodiscard]] Errno set_direct_map_default_noflush(Pfn pfn, Cpus cpus = Cpus::many);
  /// Cannot tell that it failed. Flushes the caller's CPU only. Linux: __kernel_map_pages()
  void kernel_map_pages(Pfn first, PageCount pages, Mapped mapped, Cpus cpus = Cpus::many);
  /// Linux: the same
  [[nodiscard]] bool kernel_page_present(Pfn pfn) const;
  /// The rights of all of `pfns`, flushed; errors as above, and then nothing has changed. With `keep` a leaf that is
  /// changed as a whole stays. Sleeps. Linux: set_memory_ro(), set_memory_rw(), set_memory_np()
  [[nodiscard]] Errno set_memory(Range<Pfn> pfns, Perm perm, WholeLeaves leaves);
  /// The same for pages that need not lie together, and the caller flushes. Linux: cpa_process_alias()
  [[nodiscard]] Errno change_pages(std::span<const Pfn> pfns, Perm perm);
  void flush_tlb_kernel_range(Range<VirtPage> pages) { tlbs_.flush_tlb_kernel_range(pages); }

  // --- accesses
  /// One access of the kernel through the map; touch(pfn) if it is allowed.
  template <typename Touch>
  [[nodiscard]] KernelFault access(Pfn pfn, KernelAccess access, Cpus cpus, Touch touch) {
    RunningCpus::Stretch stretch(&running_cpus_, cpus);
    return tlbs_.access(
        this_cpu(frames_.cpus()), page_of(pfn), access,
        [&] {
          return KernelEntry{pfn, lookup_address(pfn).perm()};
        },
        touch);
  }
  /// The same; what is not allowed is an oops: Failure::fault.
  void use(Pfn pfn, KernelAccess access, Cpus cpus = Cpus::many);

  /// In a machine from an image: the mapping of the host is as the tables say again. -ENOMEM.
  [[nodiscard]] Errno resumed();

  // --- what the allocator tells
  void post_alloc(Pfn first, Order order, Cpus cpus);
  void free_prepare(Pfn first, Order order);

  // --- for checks, at quiescent points or by who runs alone
  /// From now on I2 expects this of the page.
  void owner_leaves(Pfn pfn, Perm perm) { left_as_[pfn.value()] = perm; }
  [[nodiscard]] Perm peek_left_as(Pfn pfn) const { return left_as_[pfn.value()]; }
  [[nodiscard]] Perm peek_perm(Pfn pfn) const;
  [[nodiscard]] unsigned peek_leaf_level(Pfn pfn) const;
  /// A frame that is nobody's, and at no address.
  [[nodiscard]] bool is_reserved(Pfn pfn) const { return pfn.value() >= first_reserved_ && !frames_.is_device(pfn); }
  /// Pages that its tables are in, but for those made at boot.
  [[nodiscard]] PageCount peek_table_pages() const;
  /// Pages of RAM at no address.
  [[nodiscard]] PageCount peek_holes() const;
  void check(sync::CheckReport& report) const;

 private:
  static constexpr unsigned kLevels = 3;
  class Entry;
  struct Table;
  /// Natively: which call has taken a frame out of the map, and the host's number of the thread that made it.
  enum class Taker : uint8_t { nobody, boot, set_direct_map_invalid, kernel_map_pages, set_memory, vmalloc_set_memory };
  struct TakenOut {
    Taker by = Taker::nobody;
    int thread = 0;
  };
  /// A leaf as it was read, and where.
  struct LeafRef {
    Entry* place;
    uint64_t value;
    unsigned level;  ///< 0: a page
    Range<Pfn> pfns;
    [[nodiscard]] bool is_hole() const { return value == kHole; }
    [[nodiscard]] Perm perm() const { return is_hole() ? Perm::none : static_cast<Perm>(value); }
  };
  /// An entry of any level: the rights of a leaf, a table, or a hole.
  class Entry {
   public:
    [[nodiscard]] uint64_t load() const { return word_.load(); }
    void store(uint64_t value) { word_.store(value); }
    void init(uint64_t value) { word_.init(value); }
    [[nodiscard]] uint64_t peek() const { return word_.peek(); }

   private:
    sync::Atomic<uint64_t, "direct map entry"> word_{0};
  };
  static constexpr uint64_t kTable = 8;
  static constexpr uint64_t kHole = 16;
  class Section;

  [[nodiscard]] static Table* table_of(uint64_t value) {
    return (value & kTable) != 0 ? reinterpret_cast<Table*>(value & ~kTable) : nullptr;
  }
  [[nodiscard]] PageCount leaf_pages(unsigned level) const { return PageCount(uint64_t{1} << (level * shift_)); }
  [[nodiscard]] Gfp table_gfp(Cpus cpus) const;
  [[nodiscard]] sync::Box<Table> make_table(Pfn page) const;
  void build(Entry& entry, unsigned level, Pfn first, Perm perm);
  [[nodiscard]] bool boot_leaf(unsigned level, Pfn first) const;
  void destroy(Entry& entry);
  template <typename Load>
  [[nodiscard]] LeafRef walk(Pfn pfn, Load load) const;
  /// Linux: arch/x86/mm/pat/set_memory.c lookup_address()
  [[nodiscard]] LeafRef lookup_address(Pfn pfn) const;
  template <typename Visit>
  void peek_tables(const Entry& entry, Visit visit) const;

  /// Pages at(0) to at(count - 1); leaves inside `whole` stay as large as they are.
  template <typename At>
  [[nodiscard]] Errno change_each(std::size_t count, At at, Range<Pfn> whole, Perm perm, Taker taker);
  [[nodiscard]] Errno change_page_attr(Pfn pfn, Range<Pfn> whole, Perm perm, Cpus cpus);
  /// true: `error` says what came of it; false: the leaf has to be split first.
  [[nodiscard]] bool change_leaf(const LeafRef& leaf, Range<Pfn> whole, Perm perm, Errno& error) const;
  [[nodiscard]] Errno split_large_page(const LeafRef& seen, Pfn pfn, Cpus cpus);
  /// The host's mapping, before the tables say so.
  [[nodiscard]] Errno protect(Range<Pfn> pfns, Perm perm) const;
  void note_taker(Range<Pfn> pfns, Perm perm, Taker taker);
  void protect_at_boot();
  void set_trap();
  static void describe_trap(const void* map, std::size_t offset, std::span<char> text);
  [[nodiscard]] bool install_table(const LeafRef& leaf, Table& table);

  const DirectMapOptions options_;
  Frames& frames_;
  KernelTlbs& tlbs_;
  const base::DefectSet& defects_;
  const DirectMapRules rules_;
  const unsigned shift_;
  const bool pages_only_;
  uint64_t first_reserved_;
  RunningCpus running_cpus_;
  sync::SpinLock<sync::LockClass::cpa_lock> cpa_lock_;
  sync::Vector<Entry> root_;
  /// For checks alone: nothing that the engine does depends on it.
  sync::Vector<Perm> left_as_;
  sync::Vector<TakenOut> taken_out_;  ///< empty without a mapping of the host; written by who changes the frame
  std::optional<sync::Trap> trap_;
};

}  // namespace quire::phys
