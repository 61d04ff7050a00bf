// Machine::Device: a swap device under its name; it exists as long as the machine, whether it is swapped on or not.
//
// States: closed (no back end that could be used; `error` and `reason` say why it could not be opened last) and open.
// Devices outside the machine, files and servers, are opened by each swapon() and closed after swapoff(), so that
// others may use them meanwhile; those in memory are open always. Lock: swapon_mutex, for what is opened and closed; a
// device in memory does without.
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
  [[nodiscard]] bool in_memory() const {
    return settings.backend != SwapBackendKind::file && settings.backend != SwapBackendKind::redis;
  }
  [[nodiscard]] bool is_open() const { return !std::holds_alternative<sync::Box<swap::AbsentBackend>>(storage); }
  /// Opens it and makes it an area of `areas`. See Machine::swapon().
  [[nodiscard]] Errno swapon(swap::SwapAreas& areas);
  /// No area uses it any more, unless it was swapped on again.
  void close_unused(swap::SwapAreas& areas);
  /// For a look: the area's owner keeps what it points to, or nobody looks inside.
  [[nodiscard]] const swap::SwapBackend& opened();

  SwapDevice settings;
  uint32_t payload_bytes = 0;
  sync::Mutex<sync::LockClass::swapon_mutex> mutex;
  Errno error = Errno::ok;
  const char* reason = "";
  std::variant<sync::Box<swap::AbsentBackend>, sync::Box<swap::RamBackend>, sync::Box<swap::FileBackend>,
               sync::Box<swap::CompressedBackend>, sync::Box<swap::RedisBackend>>
      storage;

 private:
  void open();
  void open_in_memory(PageCount pages, swap::SwapInPath path);
  void close() { storage = sync::make_box<swap::AbsentBackend>(settings.name); }
  [[nodiscard]] Errno swapon_opened(swap::SwapAreas& areas);
};

}  // namespace quire::machine
