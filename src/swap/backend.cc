#include "swap/backend.h"

#include "phys/bulk.h"
#include "sync/plain.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::swap {
namespace {
constexpr const char* kSlot = "swap device page";
}

Errno SwapBackend::read_pages(SwapOffset first, PageCount pages, std::span<std::byte> payload) {
  sync::might_sleep("read from a swap device");
  QUIRE_ASSERT(first.value() + pages.value() <= pages_.value());
  if (sync::should_fail("io_read", name())) return Errno::eio;
  std::size_t bytes = payload.size() / pages.value();
  for (std::size_t at = 0; at < payload.size(); at += bytes) sync::region_write(payload.data() + at, "page");
  return pages == PageCount(1) ? read(first, payload) : read_run(first, pages, payload);
}

Errno SwapBackend::write_pages(SwapOffset first, PageCount pages, std::span<const std::byte> payload) {
  sync::might_sleep("write to a swap device");
  QUIRE_ASSERT(first.value() + pages.value() <= pages_.value());
  if (sync::should_fail("io_write", name())) return Errno::eio;
  std::size_t bytes = payload.size() / pages.value();
  for (std::size_t at = 0; at < payload.size(); at += bytes) sync::region_read(payload.data() + at, "page");
  return pages == PageCount(1) ? write(first, payload) : write_run(first, pages, payload);
}

void SwapBackend::discard(SwapOffset first, PageCount pages) {
  sync::might_sleep("discard pages of a swap device");
  QUIRE_ASSERT(first.value() + pages.value() <= pages_.value());
  discard_run(first, pages);
}

Errno SwapBackend::read_run(SwapOffset first, PageCount pages, std::span<std::byte> payload) {
  std::size_t bytes = payload.size() / pages.value();
  Errno error = Errno::ok;
  for (uint64_t i = 0; i < pages.value() && error == Errno::ok; ++i)
    error = read(first + PageCount(i), payload.subspan(i * bytes, bytes));
  return error;
}

Errno SwapBackend::write_run(SwapOffset first, PageCount pages, std::span<const std::byte> payload) {
  std::size_t bytes = payload.size() / pages.value();
  Errno error = Errno::ok;
  for (uint64_t i = 0; i < pages.value() && error == Errno::ok; ++i)
    error = write(first + PageCount(i), payload.subspan(i * bytes, bytes));
  return error;
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

void RamBackend::discard_run(SwapOffset first, PageCount pages) {
  for (uint64_t i = 0; i < pages.value(); ++i) {
    std::byte* place = storage_ + (first.value() + i) * payload_bytes_;
    sync::region_write(place, kSlot);
    phys::zero_contents(place, payload_bytes_);
  }
}

}  // namespace quire::swap
