#include "swap/backend.h"

#include "phys/bulk.h"
#include "sync/plain.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::swap {
namespace {
constexpr const char* kSlot = "swap device page";
}

Errno SwapBackend::read_page(SwapOffset slot, std::span<std::byte> payload) {
  sync::might_sleep("read a page from a swap device");
  QUIRE_ASSERT(slot.value() < pages_.value());
  if (sync::should_fail("io_read", name())) return Errno::eio;
  sync::region_write(payload.data(), "page");
  return read(slot, payload);
}

Errno SwapBackend::write_page(SwapOffset slot, std::span<const std::byte> payload) {
  sync::might_sleep("write a page to a swap device");
  QUIRE_ASSERT(slot.value() < pages_.value());
  if (sync::should_fail("io_write", name())) return Errno::eio;
  sync::region_read(payload.data(), "page");
  return write(slot, payload);
}

RamBackend::RamBackend(const char* name, PageCount pages, uint32_t payload_bytes, SwapInPath path)
    : SwapBackend(name, pages, path),
      payload_bytes_(payload_bytes),
      storage_(static_cast<std::byte*>(sync::allocate(pages.value() * payload_bytes, alignof(uint64_t)))) {
  phys::zero_contents(storage_, pages.value() * payload_bytes);
}

RamBackend::~RamBackend() { sync::deallocate(storage_, pages().value() * payload_bytes_, alignof(uint64_t)); }

Errno RamBackend::read(SwapOffset slot, std::span<std::byte> payload) {
  std::byte* place = storage_ + std::size_t{slot.value()} * payload_bytes_;
  sync::region_read(place, kSlot);
  phys::copy_contents(payload.data(), place, payload_bytes_);
  return Errno::ok;
}

Errno RamBackend::write(SwapOffset slot, std::span<const std::byte> payload) {
  std::byte* place = storage_ + std::size_t{slot.value()} * payload_bytes_;
  sync::region_write(place, kSlot);
  phys::copy_contents(place, payload.data(), payload_bytes_);
  return Errno::ok;
}

}  // namespace quire::swap
