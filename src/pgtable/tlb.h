// Tlb: the translations that one CPU remembers and uses without looking at the page tables again.
//
// A translation is put in by a walk under the lock of the entry, and stays, whatever becomes of the entry, until it is
// flushed: whoever takes rights away flushes before it relies on their absence. Giving rights needs no flush: a fault
// on a translation with too few rights drops it. The lock of a Tlb is the instruction boundary: an access and the
// look-up before it are one, and a flush (in the machine an interrupt) comes before or after.
//   I1  at quiescent points each translation is that of the page table, with no more rights
//   I2  a space has a translation in the TLB of a CPU => that CPU is in the space's mask (mm_cpumask)
// A machine option; without it every access looks at the page tables, which stands for flushes that are never late.
// Locks: tlb_lock of one CPU, inside the locks of entries. Linux: arch/x86/mm/tlb.c, mm/mmu_gather.c
//
//   Tlb::Access access(tlbs.of(cpu));
//   if (const Translation* t = access.find(space, page)) read(t->pte.pfn());
#pragma once

#include <array>

#include "pgtable/page_table.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"

namespace quire::pgtable {

/// What an address space has to do with TLBs. Linux: mm_cpumask()
class TlbSpace {
 public:
  [[nodiscard]] uint64_t cpus() const { return cpus_.load(); }

 private:
  friend class Tlb;
  sync::Atomic<uint64_t, "mm_cpumask"> cpus_{0};
};

struct Translation {
  const TlbSpace* space = nullptr;
  VirtPage page;
  Pte pte;  ///< present or zero page, of exactly this page; the bits as they were walked
};

class Tlb {
 public:
  static constexpr std::size_t kEntries = 8;

  /// The CPU between two instructions: holds the TLB's lock while it lives.
  class Access {
   public:
    explicit Access(Tlb& tlb) : tlb_(tlb), guard_(tlb.lock_) {}
    /// The translation of `page`, or nullptr.
    [[nodiscard]] const Translation* find(const TlbSpace& space, VirtPage page);
    void insert(TlbSpace& space, VirtPage page, Pte pte);
    void drop(VirtPage page) { tlb_.slot(page) = {}; }

   private:
    Tlb& tlb_;
    sync::Guard<sync::SpinLock<sync::LockClass::tlb_lock>> guard_;
  };

 private:
  friend class Tlbs;
  [[nodiscard]] Translation& slot(VirtPage page) {
    ++uses_.mutate();
    return entries_[page.value() % kEntries];
  }
  void flush(TlbSpace& space, Range<VirtPage> pages);

  sync::SpinLock<sync::LockClass::tlb_lock> lock_;
  /// Every access to the entries announces this field.
  sync::Plain<uint32_t, "tlb"> uses_{0};
  std::array<Translation, kEntries> entries_ = {};
  uint64_t bit_ = 0;  ///< of the CPU in a space's mask; constant
};

/// The TLBs of all CPUs; none if the machine does without.
class Tlbs {
 public:
  static constexpr unsigned kCpusMax = 64;
  /// 0 CPUs: no TLBs.
  explicit Tlbs(unsigned cpus);
  Tlbs(const Tlbs&) = delete;
  Tlbs& operator=(const Tlbs&) = delete;

  [[nodiscard]] bool enabled() const { return !tlbs_.empty(); }
  [[nodiscard]] Tlb& of(base::CpuId cpu) { return tlbs_[cpu.value() % tlbs_.size()]; }
  /// No CPU uses a translation of `pages` of `space` from now on that was walked before. Does not sleep. Linux: same
  void flush_tlb_range(TlbSpace& space, Range<VirtPage> pages);
  /// Everything, as when all CPUs come from idle. Linux: flush_tlb_all()
  void flush_tlb_all();
  /// Calls visit(const Translation&) for each: at quiescent points.
  template <typename Visit>
  void peek_each(Visit visit) const {
    for (const Tlb& tlb : tlbs_)
      for (const Translation& t : tlb.entries_)
        if (t.space != nullptr) visit(t);
  }

 private:
  sync::Vector<Tlb> tlbs_;
};

}  // namespace quire::pgtable
