// Machine::Disk: the device of the block-backed file system; it exists as long as the machine.
#pragma once

#include "fs/extent_store.h"
#include "machine/machine.h"

namespace quire::machine {

struct Machine::Disk {
  using Storage = std::variant<sync::Box<fs::RamDisk>, sync::Box<fs::FileDisk>>;
  /// nullptr: the options have none.
  [[nodiscard]] static sync::Box<Disk> make(const MachineOptions& options);
  Disk(const DiskOptions& options, Storage on);

  Storage storage;
  fs::BlockVolume volume;

 private:
  [[nodiscard]] static fs::BlockDevice& device(Storage& storage, const DiskOptions& options);
};

}  // namespace quire::machine
