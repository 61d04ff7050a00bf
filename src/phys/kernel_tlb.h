// KernelTlbs: the translations of the kernel's own addresses that each CPU remembers.
//
// A walk that finds an entry present puts it in, and there it stays, whatever becomes of the entry, until it is
// flushed; an entry that is not present is never remembered. The lock of a CPU's TLB is the instruction boundary:
// look-up, walk and access are one. Addresses are of the direct map and of the vmalloc space, 4 KiB each. Locks:
// tlb_lock of one CPU, inside everything. Linux: arch/x86/mm/tlb.c flush_tlb_kernel_range()
//
//   KernelFault fault = tlbs.access(cpu, page, KernelAccess::read, walk, [&](Pfn pfn) { ... });
#pragma once

#include <array>

#include "base/types.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::phys {

/// What an entry of the kernel's tables allows.
enum class Perm : uint8_t { none = 0, present = 1, write = 2, exec = 4, rw = 3, ro = 1, rox = 5 };
[[nodiscard]] constexpr Perm operator|(Perm a, Perm b) {
  return static_cast<Perm>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
/// Whether `a` has all of `b`.
[[nodiscard]] constexpr bool has(Perm a, Perm b) {
  return (static_cast<unsigned>(a) & static_cast<unsigned>(b)) == static_cast<unsigned>(b);
}

enum class KernelAccess : uint8_t { read, write };
/// What came of an access; Linux would end it with an oops.
enum class KernelFault : uint8_t { none, not_present, not_writable };

/// What is behind a page of kernel addresses.
struct KernelEntry {
  base::Pfn pfn;
  Perm perm = Perm::none;
  [[nodiscard]] KernelFault fault(KernelAccess access) const {
    if (!has(perm, Perm::present)) return KernelFault::not_present;
    return access == KernelAccess::write && !has(perm, Perm::write) ? KernelFault::not_writable : KernelFault::none;
  }
};

struct KernelTranslation {
  base::VirtPage page;
  KernelEntry entry;  ///< not present: an empty place
};

class KernelTlbs {
 public:
  static constexpr std::size_t kEntries = 8;
  enum class Remember : uint8_t { nothing, translations };
  KernelTlbs(unsigned cpus, Remember remember) : tlbs_(cpus), remember_(remember) {}
  KernelTlbs(const KernelTlbs&) = delete;
  KernelTlbs& operator=(const KernelTlbs&) = delete;

  /// One instruction of `cpu`: touch(Pfn) through what it remembers, or else through `walk()`, a KernelEntry.
  template <typename Walk, typename Touch>
  [[nodiscard]] KernelFault access(base::CpuId cpu, base::VirtPage page, KernelAccess access, Walk walk, Touch touch) {
    Tlb& tlb = tlbs_[cpu.value() % tlbs_.size()];
    sync::Guard guard(tlb.lock);
    KernelTranslation& place = tlb.entries[page.value() % kEntries];
    if (remember_ == Remember::translations) ++tlb.uses.mutate();
    if (place.page == page && place.entry.fault(access) == KernelFault::none) {
      touch(place.entry.pfn);
      return KernelFault::none;
    }
    KernelEntry entry = walk();
    KernelFault fault = entry.fault(access);
    if (remember_ == Remember::translations && has(entry.perm, Perm::present)) place = {page, entry};
    if (fault == KernelFault::none) touch(entry.pfn);
    return fault;
  }
  /// No CPU uses what it remembered of `pages` before. Does not sleep. Linux: flush_tlb_kernel_range()
  void flush_tlb_kernel_range(base::Range<base::VirtPage> pages);
  /// The same of one CPU. Linux: arch/x86/mm/tlb.c __flush_tlb_all()
  void flush_local(base::CpuId cpu, base::Range<base::VirtPage> pages);
  void flush_all();

  /// Calls visit(const KernelTranslation&) for each: at quiescent points.
  template <typename Visit>
  void peek_each(Visit visit) const {
    for (const Tlb& tlb : tlbs_)
      for (const KernelTranslation& t : tlb.entries)
        if (t.entry.perm != Perm::none) visit(t);
  }

 private:
  struct Tlb {
    sync::SpinLock<sync::LockClass::tlb_lock> lock;
    /// Every access to the entries announces this field.
    sync::Plain<uint32_t, "kernel tlb"> uses{0};
    std::array<KernelTranslation, kEntries> entries = {};
  };
  sync::Vector<Tlb> tlbs_;
  const Remember remember_;
};

}  // namespace quire::phys
