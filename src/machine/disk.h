// Machine::Disk: the device of the block-backed file system; it exists as long as the machine.
#pragma once

#include "fs/extent_store.h"
#include "fs/loop_device.h"
#include "machine/machine.h"

namespace quire::machine {

struct Machine::Disk {
  using Storage = std::variant<sync::Box<fs::RamDisk>, sync::Box<fs::FileDisk>, sync::Box<fs::LoopDevice>>;
  /// nullptr: the options have none.
  [[nodiscard]] static sync::Box<Disk> make(const MachineOptions& options, phys::Frames& frames, fs::TmpFs& tmpfs);
  Disk(const DiskOptions& options, Storage on);
  /// What it keeps in this machine's own memory and swap is free: before the swap devices go.
  void drop();

  Storage storage;
  fs::BlockVolume volume;

 private:
  [[nodiscard]] static fs::BlockDevice& device(Storage& storage, const DiskOptions& options);
};

}  // namespace quire::machine
