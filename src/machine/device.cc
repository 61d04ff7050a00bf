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
  device->storage = sync::make_box<swap::AbsentBackend>(settings.name);
  PageCount pages = settings.pages + PageCount(1);  // the header
  bool synchronous = settings.synchronous == OnOff::on;
  auto path = synchronous ? swap::SwapInPath::around_cache : swap::SwapInPath::through_cache;
  switch (settings.backend) {
    case SwapBackendKind::ram:
      device->storage = sync::make_box<swap::RamBackend>(settings.name, pages, payload_bytes, path);
      break;
    case SwapBackendKind::file:
      device->error = keep(device->storage,
                           swap::FileBackend::open({settings.name, settings.location, pages, payload_bytes, path}));
      break;
    case SwapBackendKind::lz4:
    case SwapBackendKind::zstd: {
      auto codec = settings.backend == SwapBackendKind::lz4 ? swap::Codec::lz4 : swap::Codec::zstd;
      device->storage =
          sync::make_box<swap::CompressedBackend>(swap::CompressedSettings{settings.name, pages, payload_bytes, codec});
      break;
    }
    case SwapBackendKind::redis:
      device->error = keep(device->storage,
                           swap::RedisBackend::open({settings.name, settings.location, pages, payload_bytes, path}));
      break;
  }
  return device;
}

}  // namespace quire::machine
