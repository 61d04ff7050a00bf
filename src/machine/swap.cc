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

Errno Machine::swapon(Process& process, std::string_view device) {
  if (process.privileges != Privileges::all) return Errno::eperm;
  Device* found = find_device(device);
  return found == nullptr ? Errno::enoent : found->swapon(swap_);
}

Errno Machine::swapoff(Process& process, std::string_view device) {
  if (process.privileges != Privileges::all) return Errno::eperm;
  Device* found = find_device(device);
  if (found == nullptr) return Errno::enoent;
  Errno error = reclaim::swapoff(env_, tmpfs_, found->opened(), process.signal);
  if (error == Errno::ok) found->close_unused(swap_);
  return error;
}

std::string_view Machine::why_closed(std::string_view device) const {
  Device* found = find_device(device);
  return found == nullptr ? "there is no such device" : found->reason;
}

uint64_t Machine::discard(std::string_view device) {
  Device* found = find_device(device);
  return found == nullptr ? 0 : swap_.do_scheduled_discards(found->opened());
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

uint64_t Machine::kswapd(unsigned node) {
  return node < frames_.nodes() ? reclaim_.kswapd().balance_pgdat(node).value() : 0;
}

uint64_t Machine::flusher(uint64_t pages) { return wb_ == nullptr ? 0 : wb_->wb_workfn(PageCount(pages)).value(); }

void Machine::start_flusher() {
  if (wb_ != nullptr && options_.flusher == OnOff::on) wb_->start();
}

void Machine::stop_flusher() {
  if (wb_ != nullptr) wb_->stop();
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
