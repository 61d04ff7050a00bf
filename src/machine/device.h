// Machine::Device: a swap device under its name; it exists as long as the machine, whether it is swapped on or not.
//
// A device whose back end could not be opened is there all the same, and swapon() of it gives `error`.
#pragma once

#include <variant>

#include "machine/machine.h"
#include "swap/compressed_backend.h"
#include "swap/file_backend.h"
#include "swap/redis_backend.h"

namespace quire::machine {

struct Machine::Device {
  [[nodiscard]] static Device* make(const SwapDevice& settings, uint32_t payload_bytes);
  static void destroy(Device* device) { sync::destroy_object(device); }
  [[nodiscard]] swap::SwapBackend& backend() const {
    return std::visit([](const auto& box) -> swap::SwapBackend& { return *box; }, storage);
  }

  SwapDevice settings;
  Errno error = Errno::ok;
  std::variant<sync::Box<swap::AbsentBackend>, sync::Box<swap::RamBackend>, sync::Box<swap::FileBackend>,
               sync::Box<swap::CompressedBackend>, sync::Box<swap::RedisBackend>>
      storage;
};

}  // namespace quire::machine
