#include "machine/device.h"

namespace quire::machine {
namespace {

/// Moves what was opened to its place, or gives the error.
template <typename Storage, typename Backend>
Errno keep(Storage& storage, Result<sync::Box<Backend>> opened) {
  if (!opened) return opened.error();
  storage = std::move(*opened);
  return Errno::ok;
}

}  // namespace

Machine::Device* Machine::Device::make(const SwapDevice& settings, uint32_t payload_bytes) {
  QUIRE_ASSERT(settings.backend == SwapBackendKind::ram || !sync::driven(), "only RAM may be explored");
  auto* device = sync::make_object<Device>();
  device->settings = settings;
  device->payload_bytes = payload_bytes;
  device->close();
  if (device->in_memory()) device->open();
  return device;
}

void Machine::Device::open() {
  PageCount pages = settings.pages + PageCount(1);  // the header
  bool synchronous = settings.synchronous == OnOff::on;
  auto path = synchronous ? swap::SwapInPath::around_cache : swap::SwapInPath::through_cache;
  reason = "";
  switch (settings.backend) {
    case SwapBackendKind::file:
      error = keep(storage,
                   swap::FileBackend::open({settings.name, settings.location, pages, payload_bytes, path}, &reason));
      break;
    case SwapBackendKind::redis:
      error = keep(storage, swap::RedisBackend::open({settings.name, settings.location, pages, payload_bytes, path}));
      break;
    case SwapBackendKind::ram:
    case SwapBackendKind::lz4:
    case SwapBackendKind::zstd:
      open_in_memory(pages, path);
      break;
  }
}

void Machine::Device::open_in_memory(PageCount pages, swap::SwapInPath path) {
  if (settings.backend == SwapBackendKind::ram) {
    storage = sync::make_box<swap::RamBackend>(settings.name, pages, payload_bytes, path);
  } else {
    auto codec = settings.backend == SwapBackendKind::lz4 ? swap::Codec::lz4 : swap::Codec::zstd;
    storage =
        sync::make_box<swap::CompressedBackend>(swap::CompressedSettings{settings.name, pages, payload_bytes, codec});
  }
  sync::Vector<base::SwapOffset> bad;
  for (unsigned i = 0; i < settings.bad_slots_count; ++i) bad.emplace_back(settings.bad_slots[i]);
  backend().set_bad_pages(std::move(bad));
}

Errno Machine::Device::swapon(swap::SwapAreas& areas) {
  if (in_memory()) return swapon_opened(areas);
  sync::Guard guard(mutex);
  if (!is_open()) open();
  if (!is_open()) return error;
  Errno swapped_on = swapon_opened(areas);
  if (swapped_on != Errno::ok && !areas.in_use(backend())) close();
  return swapped_on;
}

Errno Machine::Device::swapon_opened(swap::SwapAreas& areas) {
  return areas.swapon(backend(), {settings.priority, settings.discard});
}

void Machine::Device::close_unused(swap::SwapAreas& areas) {
  if (in_memory()) return;
  sync::Guard guard(mutex);
  if (is_open() && !areas.in_use(backend())) close();
}

const swap::SwapBackend& Machine::Device::opened() {
  if (in_memory()) return backend();
  sync::Guard guard(mutex);
  return backend();
}

}  // namespace quire::machine
