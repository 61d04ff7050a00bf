#include "fs/loop_device.h"

#include "phys/bulk.h"
#include "sync/trace.h"

namespace quire::fs {

LoopDevice::LoopDevice(std::string_view name, Inode& backing, PageCount blocks, phys::Frames& frames)
    : BlockDevice(name, blocks),
      backing_(backing),
      frames_(frames),
      old_gfp_mask_(backing.mapping().flags().gfp_mask()),
      attached_(backing.ftruncate(base::bytes_of(blocks).value())) {
  backing_.mapping().flags().set_gfp_mask(old_gfp_mask_.without_io());
}

LoopDevice::~LoopDevice() {
  backing_.mapping().flags().set_gfp_mask(old_gfp_mask_);
  backing_.put();
}

// Its mask is the file's: without FS, and without IO. Linux: loop_configure(), mapping_set_gfp_mask()
Result<HeldFolio> LoopDevice::page(BlockNr block) {
  if (attached_ != Errno::ok) return attached_;
  cache::Mapping& mapping = backing_.mapping();
  return mapping.ops().find_or_create(mapping, FileIndex(block.value()), mapping.flags().gfp_mask());
}

Errno LoopDevice::read(BlockNr block, std::span<std::byte> payload) {
  Result<HeldFolio> held = page(block);
  if (!held || held->folio->test(FolioFlag::hwpoison)) {
    QUIRE_POINT("no page for a block", "block {}", block.value());
    return Errno::eio;
  }
  std::span<std::byte> stored = frames_.payload(held->folio->pfn_at(FileIndex(block.value())));
  sync::region_read(stored.data(), "page");
  phys::copy_contents(payload.data(), stored.data(), stored.size());
  return Errno::ok;
}

Errno LoopDevice::write(BlockNr block, std::span<const std::byte> payload) {
  Result<HeldFolio> held = page(block);
  if (!held || held->folio->test(FolioFlag::hwpoison)) {
    QUIRE_POINT("no page for a block", "block {}", block.value());
    return Errno::eio;
  }
  std::span<std::byte> stored = frames_.payload(held->folio->pfn_at(FileIndex(block.value())));
  sync::region_write(stored.data(), "page");
  phys::copy_contents(stored.data(), payload.data(), stored.size());
  held->folio->add_lru(FolioFlag::uptodate);
  (void)backing_.mapping().ops().dirty_folio(backing_.mapping(), *held->folio);
  return Errno::ok;
}

void LoopDevice::drop() {
  attached_ = Errno::enxio;
  Errno error = backing_.ftruncate(0);
  QUIRE_ASSERT(error == Errno::ok, "a file of tmpfs cannot be made shorter");
}

bool LoopDevice::can_peek_block(BlockNr block) const {
  return !backing_.mapping().peek_entry(FileIndex(block.value())).is_value();
}

const std::byte* LoopDevice::peek_block(BlockNr block) const {
  cache::IndexEntry entry = backing_.mapping().peek_entry(FileIndex(block.value()));
  return entry.is_folio() ? frames_.payload(entry.folio().pfn()).data() : nullptr;
}

}  // namespace quire::fs
