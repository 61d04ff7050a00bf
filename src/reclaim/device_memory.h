// DeviceMemory: a device that works on the pages of address spaces.
//
// Private: the page moves into the device's memory, which no CPU can reach; the next CPU access moves it back
// (mm/device_fault.cc). Exclusive: the page stays in RAM and is taken out of the page tables, so that the device has it
// alone, for atomic operations say; the next CPU access gives it back.
// Locks: mmap_lock shared; then those of rmap::migrate_folio(), or folio lock and PTL. Linux: mm/migrate_device.c
// migrate_vma_setup(), mm/rmap.c make_device_exclusive_range()
//
//   Errno error = device.migrate_to_device(mm, address);
#pragma once

#include "mm/address_space.h"

namespace quire::reclaim {

class DeviceMemory {
 public:
  explicit DeviceMemory(rmap::Environment& env) : env_(env) {}
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  /// The anonymous page at `address` moves to the device. -EFAULT: not mapped; -EINVAL: no such page; -EBUSY: somebody
  /// else uses it; -ENOMEM: the device is full.
  [[nodiscard]] base::Errno migrate_to_device(mm::AddressSpace& mm, base::VirtAddr address);
  /// The anonymous page at `address`, brought in if need be, is the device's alone. -EFAULT, -EINVAL; -EBUSY: locked.
  [[nodiscard]] base::Errno make_device_exclusive(mm::AddressSpace& mm, base::VirtAddr address);

 private:
  [[nodiscard]] base::Errno split_around(mm::AddressSpace& mm, base::VirtAddr address)
      QUIRE_REQUIRES_SHARED(mm.mmap_lock);
  [[nodiscard]] base::Result<cache::FolioRef> get_anon_page(mm::AddressSpace& mm, base::VirtAddr address)
      QUIRE_REQUIRES_SHARED(mm.mmap_lock);

  rmap::Environment& env_;
};

}  // namespace quire::reclaim
