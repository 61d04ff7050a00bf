#include "fs/extent_store.h"

#include "phys/bulk.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::fs {

Errno ExtentStore::read_page(FileIndex index, std::span<std::byte> payload) {
  sync::might_sleep("read a page of a file");
  if (sync::should_fail("io_read", name_.c_str())) return Errno::eio;
  sync::region_write(payload.data(), "page");
  std::optional<BlockNr> block;
  {
    sync::Guard guard(lock_);
    note_access();
    if (map_.written(index)) block = map_.find(index);
  }
  if (block) return volume_.device.read_block(*block, payload);
  phys::zero_contents(payload.data(), payload.size());
  return Errno::ok;
}

// How many pages from `index` on are on blocks that follow each other, the first of them on `block`; or in holes.
std::size_t ExtentStore::run_at(FileIndex index, std::size_t most, std::optional<BlockNr>& block) {
  sync::Guard guard(lock_);
  note_access();
  if (map_.written(index)) block = map_.find(index);
  std::size_t n = 1;
  for (; n < most; ++n) {
    FileIndex at = index + PageCount(n);
    bool written = map_.written(at);
    if (written != block.has_value() || (written && *map_.find(at) != *block + PageCount(n))) break;
  }
  return n;
}

void ExtentStore::read_pages(FileIndex first, std::span<PageRead> pages) {
  sync::might_sleep("read pages of a file");
  for (std::size_t at = 0; at < pages.size();) {
    std::optional<BlockNr> block;
    std::span<PageRead> run = pages.subspan(at, run_at(first + PageCount(at), pages.size() - at, block));
    at += run.size();
    bool fails = sync::should_fail("io_read", name_.c_str());
    for (PageRead& page : run) {
      if (fails) page.error = Errno::eio;
      if (fails) continue;
      sync::region_write(page.payload.data(), "page");
      if (!block) phys::zero_contents(page.payload.data(), page.payload.size());
    }
    if (block && !fails) volume_.device.read_blocks(*block, run);
  }
}

// A run of blocks for the hole that begins at `index`, or for a part of it. Linux: fs/ext4/extents.c
// ext4_ext_map_blocks()
bool ExtentStore::extend_locked(FileIndex index, PageCount wanted) {
  std::optional<FileIndex> next = map_.next_extent(index);
  if (next && *next - index < wanted) wanted = *next - index;
  std::optional<Range<BlockNr>> run = volume_.bitmap.allocate(map_.goal(index), wanted);
  if (!run) return false;
  map_.insert({index, run->start(), run->size(), ExtentState::unwritten});
  note_change();
  return true;
}

Errno ExtentStore::allocate(Range<FileIndex> range) {
  sync::Guard guard(lock_);
  note_access();
  for (FileIndex index = map_.next_hole(range.start()); index < range.limit(); index = map_.next_hole(index))
    if (!extend_locked(index, range.limit() - index)) return Errno::enospc;
  return Errno::ok;
}

// The folio is under writeback, so nobody takes its block away meanwhile.
Errno ExtentStore::write_page(FileIndex index, std::span<const std::byte> payload) {
  sync::might_sleep("write a page of a file");
  if (sync::should_fail("io_write", name_.c_str())) return Errno::eio;
  Errno error = allocate(Range<FileIndex>::of(index, PageCount(1)));
  if (error != Errno::ok) {
    QUIRE_POINT("no room on the device", "index {}", index.value());
    return error;
  }
  std::optional<BlockNr> block;
  {
    sync::Guard guard(lock_);
    note_access();
    block = map_.find(index);
  }
  sync::region_read(payload.data(), "page");
  error = volume_.device.write_block(*block, payload);
  if (error != Errno::ok) return error;
  sync::Guard guard(lock_);
  map_.set_written(index);
  note_change();
  return Errno::ok;
}

void ExtentStore::discard(ByteRange bytes) {
  sync::Guard guard(lock_);
  map_.remove(whole_pages(bytes), [&](Range<BlockNr> freed) { volume_.bitmap.release(freed); });
  note_change();
}

bool ExtentStore::has_page(FileIndex index) {
  sync::Guard guard(lock_);
  note_access();
  return map_.written(index);
}

uint64_t ExtentStore::stored() {
  sync::Guard guard(lock_);
  return announced_.get();
}

const std::byte* ExtentStore::peek_page(FileIndex index) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  return map_.written(index) ? volume_.device.peek_block(*map_.find(index)) : nullptr;
}

bool ExtentStore::can_peek_page(FileIndex index) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  return !map_.written(index) || volume_.device.can_peek_block(*map_.find(index));
}

void ExtentStore::check(sync::CheckReport& report) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  map_.check(report);
  for (const Extent& extent : map_.extents()) volume_.check_in_use(extent.on(), name_, report);
}

void BlockVolume::check_in_use(Range<BlockNr> blocks, std::string_view file, sync::CheckReport& report) {
  using sync::Failure;
  for (BlockNr block : blocks) {
    report.expect(bitmap.peek_used(block), Failure::check, "extents: block {} of {} is free", block.value(), file);
    Seen& seen = seen_[block.value()];
    report.expect(seen == Seen::no, Failure::check, "extents: block {} of {} is another page's too", block.value(),
                  file);
    seen = Seen::yes;
  }
}

void BlockVolume::end_check(sync::CheckReport& report) const {
  bitmap.check(report);
  for (uint64_t i = 0; i < seen_.size(); ++i)
    report.expect(seen_[i] == Seen::yes || !bitmap.peek_used(BlockNr(i)), sync::Failure::leak,
                  "block bitmap: block {} is in use and no file has it", i);
}

}  // namespace quire::fs
