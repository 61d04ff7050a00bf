#include "machine/disk.h"

namespace quire::machine {

sync::Box<Machine::Disk> Machine::Disk::make(const MachineOptions& options) {
  const DiskOptions& disk = options.disk;
  if (disk.pages == PageCount(0)) return nullptr;
  if (disk.location.empty())
    return sync::make_box<Disk>(disk, Storage(sync::make_box<fs::RamDisk>("disk", disk.pages, options.payload_bytes)));
  QUIRE_ASSERT(!sync::driven(), "only RAM may be explored");
  auto file = fs::FileDisk::open("disk", disk.location, disk.pages, options.payload_bytes);
  QUIRE_ASSERT(file.ok(), "the file of the disk cannot be opened");
  return sync::make_box<Disk>(disk, Storage(std::move(*file)));
}

fs::BlockDevice& Machine::Disk::device(Storage& storage, const DiskOptions& options) {
  fs::BlockDevice& device = std::visit([](auto& box) -> fs::BlockDevice& { return *box; }, storage);
  for (unsigned i = 0; i < options.bad_blocks_count; ++i) device.add_bad_block(fs::BlockNr(options.bad_blocks[i]));
  return device;
}

Machine::Disk::Disk(const DiskOptions& options, Storage on)
    : storage(std::move(on)), volume(device(storage, options), options.allocation) {}

}  // namespace quire::machine
