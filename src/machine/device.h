// Machine::Device: a swap device under its name; it exists as long as the machine, whether it is swapped on or not.
#pragma once

#include <unistd.h>

#include "machine/machine.h"

namespace quire::machine {

struct Machine::Device {
  [[nodiscard]] static Device* make(const SwapDevice& settings, uint32_t payload_bytes) {
    auto* device = sync::make_object<Device>();
    device->settings = settings;
    PageCount pages = settings.pages + PageCount(1);  // the header
    bool synchronous = settings.synchronous == OnOff::on;
    auto path = synchronous ? swap::SwapInPath::around_cache : swap::SwapInPath::through_cache;
    if (settings.fd < 0)
      device->ram = sync::make_object<swap::RamBackend>(settings.name, pages, payload_bytes, path);
    else
      device->file = sync::make_object<swap::FileBackend>(settings.name, dup(settings.fd), pages, path);
    return device;
  }
  static void destroy(Device* device) {
    sync::destroy_object(device->ram);
    sync::destroy_object(device->file);
    sync::destroy_object(device);
  }
  [[nodiscard]] swap::SwapBackend& backend() const {
    if (ram != nullptr) return *ram;
    return *file;
  }

  SwapDevice settings;
  swap::RamBackend* ram = nullptr;
  swap::FileBackend* file = nullptr;
};

}  // namespace quire::machine
