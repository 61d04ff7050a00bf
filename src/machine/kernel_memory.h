// KernelMemory: what of a machine is the kernel's own: its addresses, who may freeze, the image of a snapshot.
//
// Only a machine with an architecture (DirectMapOptions::arch) has one. An address of the kernel is of the direct map
// or of the vmalloc space; an access to it that is not allowed ends with SIGSEGV, as a careful kernel's would
// (copy_from_kernel_nofault()), and not with an oops.
//
//   KernelMemory& kernel = *machine.kernel();
//   Result<uint64_t> v = kernel.vmalloc(8192, phys::Vmalloc::kFlushResetPerms);
//   Result<uint64_t> pages = kernel.hibernate_snapshot(power::Freezes::user);
#pragma once

#include "machine/options.h"
#include "mm/address_space.h"
#include "phys/vmalloc.h"
#include "power/snapshot.h"

namespace quire::machine {

using base::Errno;
using base::Result;

class KernelMemory {
 public:
  KernelMemory(const MachineOptions& options, phys::Frames& frames);
  KernelMemory(const KernelMemory&) = delete;
  KernelMemory& operator=(const KernelMemory&) = delete;

  [[nodiscard]] power::Freezer& freezer() { return freezer_; }
  [[nodiscard]] phys::DirectMap& direct_map() { return map_; }

  /// Whether an address is the kernel's.
  [[nodiscard]] static bool owns(uint64_t address) { return address >= phys::kVmallocStart.value(); }
  [[nodiscard]] mm::Loaded load(uint64_t address);
  [[nodiscard]] mm::Signal store(uint64_t address, std::byte value);
  /// As many of one page.
  [[nodiscard]] mm::Signal load(uint64_t address, std::span<std::byte> to);
  [[nodiscard]] mm::Signal store(uint64_t address, std::span<const std::byte> from);

  /// The address; see Vmalloc.
  [[nodiscard]] Result<uint64_t> vmalloc(uint64_t bytes, unsigned flags);
  [[nodiscard]] Errno vfree(uint64_t address);
  /// The address in the direct map of what is behind one of the vmalloc space; -EFAULT. Linux: page_address()
  [[nodiscard]] Result<uint64_t> page_address(uint64_t address);
  /// Rights (PROT_*) of whole pages of the vmalloc space or of the direct map; see there.
  [[nodiscard]] Errno set_memory(uint64_t address, uint64_t bytes, int prot, phys::WholeLeaves leaves);

  /// Makes an image, looks whether it has everything, and drops it; how many pages it had. `caller`: how the task that
  /// asks takes part in freezing. See power/snapshot.h.
  [[nodiscard]] Result<uint64_t> hibernate_snapshot(power::Freezes caller);

  /// The same in halves, for an image that is written: tasks stay frozen, and the copies are kept, until
  /// end_snapshot(). Once until then.
  [[nodiscard]] Result<PageCount> begin_snapshot(power::SnapshotStages& stages);
  [[nodiscard]] const power::Snapshot& snapshot() const { return *snapshot_; }
  void end_snapshot();
  /// In place of end_snapshot() in the machine that is made from the image.
  void end_resumed_snapshot();

  /// Pages of RAM that are not in the direct map; at quiescent points.
  [[nodiscard]] uint64_t peek_holes() const { return map_.peek_holes().value(); }
  /// I10, and that no frame is lost: `folio_pages` of them are folios'.
  void check(sync::CheckReport& report, PageCount folio_pages) const;
  /// As when all CPUs come from idle.
  void flush_tlb_all() { tlbs_.flush_all(); }

 private:
  template <typename Touch>
  [[nodiscard]] phys::KernelFault access(uint64_t address, phys::KernelAccess access, Touch touch);
  [[nodiscard]] Result<base::Range<base::Pfn>> frames_of(uint64_t address, uint64_t bytes) const;

  const MachineOptions& options_;
  phys::Frames& frames_;
  phys::KernelTlbs tlbs_;
  phys::DirectMap map_;
  phys::Vmalloc vmalloc_;
  power::Freezer freezer_;
  sync::Box<power::Snapshot> snapshot_;  ///< while an image is written; the machine that resumes finds it
};

}  // namespace quire::machine
