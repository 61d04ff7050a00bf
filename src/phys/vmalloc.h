// Vmalloc: areas of kernel addresses with pages of their own behind them, each followed by a guard page.
//
// An area is found by its first address. With kFlushResetPerms its pages may have other rights in the direct map (a
// module's text is read-only there too), and freeing it puts that right in five steps (__vunmap):
//   1 the area's entries go   2 each page becomes invalid in the direct map   3 no CPU remembers either
//   4 each page becomes default   5 the pages are freed
// Between 2 and 4 who is preempted leaves pages that are in use and invalid.
//
// I1  an area's entries name its pages, the entry behind its last is empty
// I2  areas do not overlap; addresses are an area's until no entry and no translation of them is left
// I3  a page whose rights could not be reset is never freed: it is kept aside
// Locks: vmap_area_lock; nothing is taken inside it. Linux: mm/vmalloc.c
//
//   Result<VirtAddr> text = vmalloc.alloc(PageCount(2), Vmalloc::kFlushResetPerms);
//   Errno error = vmalloc.set_memory(*text, PageCount(2), Perm::rox, WholeLeaves::split);
//   error = vmalloc.vfree(*text);
#pragma once

#include "phys/direct_map.h"

namespace quire::phys {

class Vmalloc {
 public:
  static constexpr unsigned kFlushResetPerms = 0x100;  ///< Linux: VM_FLUSH_RESET_PERMS
  static constexpr unsigned kAllowHuge = 0x400;        ///< Linux: VM_ALLOW_HUGE_VMAP: its pages lie together

  Vmalloc(Frames& frames, DirectMap& map, KernelTlbs& tlbs, const base::DefectSet& defects, PageCount space);
  Vmalloc(const Vmalloc&) = delete;
  Vmalloc& operator=(const Vmalloc&) = delete;

  /// Mapped, contents undefined. -EINVAL: no pages, or unknown flags; -ENOMEM. Sleeps. Linux: __vmalloc_node_range()
  [[nodiscard]] Result<VirtAddr> alloc(PageCount pages, unsigned flags);
  /// -EINVAL: no area begins there. Sleeps. Linux: vfree(), __vunmap()
  [[nodiscard]] Errno vfree(VirtAddr address);
  /// Rights of part of an area; the direct map's follow as to writing. -EINVAL: not all of it is one; as
  /// DirectMap::set_memory(), and then nothing has changed. Sleeps. Linux: set_memory_ro(), set_memory_x(), ...
  [[nodiscard]] Errno set_memory(VirtAddr address, PageCount pages, Perm perm);
  /// The page behind an address, which only its owner may ask for; -EFAULT. Linux: vmalloc_to_page()
  [[nodiscard]] Result<Pfn> vmalloc_to_page(VirtAddr address);

  [[nodiscard]] bool contains(VirtPage page) const { return space_.contains(page); }
  template <typename Touch>
  [[nodiscard]] KernelFault access(VirtPage page, KernelAccess access, Touch touch) {
    RunningCpus::Stretch stretch(&map_.running_cpus(), Cpus::many);
    return tlbs_.access(
        this_cpu(frames_.cpus()), page, access, [&] { return decode(pte(page).load()); }, touch);
  }

  /// Pages of areas, and those kept aside.
  [[nodiscard]] PageCount peek_pages() const { return PageCount(pages_.peek()); }
  void check(sync::CheckReport& report) const;

 private:
  struct Area {
    Range<VirtPage> pages;  ///< without the guard page
    unsigned flags = 0;
    enum class State : uint8_t { live, dying } state = State::live;
  };
  using Entry = sync::Atomic<uint64_t, "vmalloc entry">;

  [[nodiscard]] Entry& pte(VirtPage page) { return entries_[(page - space_.start()).value()]; }
  [[nodiscard]] const Entry& pte(VirtPage page) const { return entries_[(page - space_.start()).value()]; }
  [[nodiscard]] static KernelEntry decode(uint64_t word) {
    return {Pfn(static_cast<uint32_t>(word >> kPfnShift)), static_cast<Perm>(word & kPermBits)};
  }
  [[nodiscard]] static uint64_t encode(KernelEntry entry) {
    return uint64_t{entry.pfn.value()} << kPfnShift | static_cast<uint64_t>(entry.perm);
  }
  static constexpr unsigned kPfnShift = 8;
  static constexpr uint64_t kPermBits = 7;

  [[nodiscard]] Result<Range<VirtPage>> alloc_vmap_area(PageCount pages, unsigned flags);
  /// The area that begins there, for whoever frees it: nobody else gets it. Its addresses stay taken.
  [[nodiscard]] Area claim_vmap_area(VirtPage start);
  void free_vmap_area(VirtPage start);
  [[nodiscard]] bool in_one_area(Range<VirtPage> pages);
  [[nodiscard]] Errno alloc_area_pages(Range<VirtPage> pages, unsigned flags);
  void vunmap(const Area& area);
  [[nodiscard]] sync::Vector<Pfn> remove_mappings(Range<VirtPage> pages);
  void free_or_keep(const sync::Vector<Pfn>& pages, const sync::Vector<Pfn>& unreset);
  void rights_of_entries(Range<VirtPage> pages, Perm perm);

  Frames& frames_;
  DirectMap& map_;
  KernelTlbs& tlbs_;
  const base::DefectSet& defects_;
  const Range<VirtPage> space_;
  sync::Vector<Entry> entries_;
  sync::SpinLock<sync::LockClass::vmap_area_lock> lock_;
  /// Pages of areas; every access to the areas announces this field.
  sync::Plain<uint64_t, "nr_vmalloc_pages"> pages_{0};
  sync::Vector<Area> areas_ QUIRE_GUARDED_BY(lock_);  ///< in the order of their addresses
};

}  // namespace quire::phys
