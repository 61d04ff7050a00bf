#include "power/swap_image.h"

#include <algorithm>

#include "phys/bulk.h"
#include "sync/heap.h"
#include "sync/trace.h"

namespace quire::power {
namespace {
using base::PageCount;
using cache::FolioFlag;
using cache::FolioRef;
using cache::LockedFolio;

std::byte* allocate_page(uint32_t bytes) { return static_cast<std::byte*>(sync::allocate(bytes, alignof(uint64_t))); }
}  // namespace

SwapImage::SwapImage(rmap::Environment& env, swap::SwapArea& area)
    : env_(env),
      area_(area),
      payload_bytes_(env.folios.frames().payload_bytes()),
      read_back_(allocate_page(payload_bytes_)) {
  env_.swap.suspend_storage();
}

SwapImage::~SwapImage() {
  for (Page& page : pages_) {
    if (!page.written_to.none()) env_.swap.free_image_slot(area_, page.written_to);
    sync::deallocate(page.contents, payload_bytes_, alignof(uint64_t));
  }
  sync::deallocate(read_back_, payload_bytes_, alignof(uint64_t));
  env_.swap.resume_storage();
}

// Linux: kernel/power/snapshot.c copy_data_pages()
void SwapImage::record() {
  QUIRE_FUNC();
  auto frames = static_cast<uint32_t>(env_.folios.frames().ram().value());
  for (uint32_t frame = 0; frame < frames; ++frame) {
    FolioRef folio = env_.folios.try_get(Pfn(frame));
    if (!folio) continue;
    LockedFolio locked(*folio);
    record_folio(*folio);
  }
  QUIRE_POINT("recorded", "{} pages", pages_.size());
}

// The folio is locked: it neither enters nor leaves the swap cache.
void SwapImage::record_folio(Folio& folio) {
  folio.wait_writeback();
  FolioFlag flags = folio.flags();
  bool clean = cache::any(flags & FolioFlag::swapcache) && !cache::any(flags & FolioFlag::dirty) && folio.mapped();
  for (uint64_t i = 0; i < folio.pages().value(); ++i) {
    Pfn pfn = folio.pfn() + PageCount(i);
    SwapEntry slot = clean ? folio.swap() + PageCount(i) : SwapEntry();
    pages_.push_back({pfn, slot, {}, allocate_page(payload_bytes_)});
    env_.folios.frames().read(pfn, 0, bytes(pages_.back().contents));
  }
}

Errno SwapImage::write() {
  QUIRE_FUNC();
  for (Page& page : pages_) {
    auto slot = env_.swap.alloc_image_slot(area_);
    if (!slot) return Errno::enospc;
    page.written_to = *slot;
    Errno error = area_.backend().write_page(slot->offset(), bytes(page.contents));
    if (error != Errno::ok) return error;
  }
  QUIRE_POINT("image written", "{} pages", pages_.size());
  return Errno::ok;
}

Errno SwapImage::compare(SwapEntry slot, const Page& page) {
  swap::SwapArea* area = env_.swap.get_swap_device(slot);
  if (area == nullptr) return Errno::enodata;
  Errno error = area->backend().read_page(slot.offset(), bytes(read_back_));
  env_.swap.put_swap_device(*area);
  if (error != Errno::ok) return error;
  return std::equal(read_back_, read_back_ + payload_bytes_, page.contents) ? Errno::ok : Errno::enodata;
}

Errno SwapImage::resumable() {
  QUIRE_FUNC();
  for (const Page& page : pages_) {
    Errno error = compare(page.written_to, page);
    if (error == Errno::ok && !page.clean_in.none()) error = compare(page.clean_in, page);
    if (error != Errno::ok) {
      QUIRE_POINT("a slot holds something else", "frame {}", page.pfn.value());
      return error;
    }
  }
  return Errno::ok;
}

}  // namespace quire::power
