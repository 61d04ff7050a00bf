// swapon, swapoff, reclaim, and what can be asked about swap.
#include "machine/device.h"
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

uint64_t Machine::reclaim(uint64_t pages) { return reclaim_.shrink(PageCount(pages)).value(); }

uint64_t Machine::kswapd(unsigned node) {
  return node < frames_.nodes() ? reclaim_.kswapd().balance_pgdat(node).value() : 0;
}

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
