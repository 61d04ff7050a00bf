// swapon, swapoff, reclaim, and what can be asked about swap.
#include "machine/device.h"
#include "power/swap_image.h"
#include "reclaim/swapoff.h"
#include "sync/trace.h"

namespace quire::machine {

Machine::Device* Machine::find_device(std::string_view name) const {
  for (Device* device : devices_)
    if (device->settings.get_name() == name) return device;
  return nullptr;
}

const swap::SwapArea* Machine::peek_area(std::string_view device) const {
  Device* found = find_device(device);
  return found == nullptr ? nullptr : swap_.peek_area_of(found->backend());
}

Errno Machine::swapon(Process&, std::string_view device) {
  Device* found = find_device(device);
  if (found == nullptr) return Errno::enoent;
  if (found->error != Errno::ok) return found->error;
  return swap_.swapon(found->backend(), found->settings.priority);
}

Errno Machine::swapoff(Process& process, std::string_view device) {
  Device* found = find_device(device);
  if (found == nullptr) return Errno::enoent;
  return reclaim::swapoff(env_, tmpfs_, found->backend(), process.signal);
}

// Linux: kernel/power/hibernate.c hibernate()
Errno Machine::hibernate(std::string_view device) {
  QUIRE_FUNC();
  Device* found = find_device(device);
  if (found == nullptr) return Errno::enoent;
  swap::SwapArea* area = swap_.get_area_of(found->backend());
  if (area == nullptr) return Errno::einval;
  Errno error = Errno::ok;
  {
    power::SwapImage image(env_, *area);
    image.record();
    error = image.write();
    if (error == Errno::ok) error = image.resumable();
  }
  swap_.put_swap_device(*area);
  return error;
}

uint64_t Machine::reclaim(uint64_t pages) { return reclaim_.shrink(PageCount(pages)).value(); }

uint64_t Machine::swap_used(std::string_view device) const {
  const swap::SwapArea* area = peek_area(device);
  return area == nullptr ? 0 : area->peek_inuse_pages().value();
}

unsigned Machine::swap_count(std::string_view device, uint32_t slot) const {
  const swap::SwapArea* area = peek_area(device);
  if (area == nullptr || slot >= area->peek_max().value()) return 0;
  return static_cast<unsigned>(area->peek_references(base::SwapOffset(slot)));
}

}  // namespace quire::machine
