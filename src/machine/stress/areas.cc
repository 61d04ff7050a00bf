#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "machine/stress/stress.h"
#include "swap/file_backend.h"

namespace quire::machine {
namespace {

/// The path of a file that has no name any more; it lives as long as the program. Empty: there is none.
sync::String nameless_file(PageCount pages) {
  char pattern[] = "/var/tmp/quire_stress_XXXXXX";
  int fd = mkstemp(pattern);
  if (fd < 0) return {};
  unlink(pattern);
  sync::String path(fmt::format("/proc/self/fd/{}", fd));
  if (swap::FileBackend::mkswap(path, {.pages = pages}) != Errno::ok) return {};
  return path;
}

}  // namespace

// Linux: mm/page_alloc.c calculate_min_free_kbytes(), setup_per_zone_wmarks(); a sixteenth of a node at most
void set_reclaim(MachineOptions& options, const Settings& settings) {
  options.lru = settings.lru;
  options.kswapd = settings.kswapd;
  uint64_t pages = options.ram.value() / options.nodes;
  auto min = static_cast<uint32_t>(std::min(std::sqrt(static_cast<double>(pages) * 4 * 16) / 4, pages / 16.0));
  if (settings.kswapd == OnOff::on) options.watermarks = {min, min + min / 4 + 1, min + min / 2 + 2};
}

void set_huge_pages(MachineOptions& options, const Settings& settings) {
  options.page_table.pte_bits = settings.huge_order;
  options.thp_order = settings.huge_order;
  options.thp_swap = settings.thp_swap;
  if (settings.thp_swap == swap::ThpSwap::pmd) options.slots_per_cluster = 1U << settings.huge_order;
}

void add_areas(MachineOptions& options, const Settings& settings, PageCount pages,
               std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    SwapDevice& device = options.add_swap(name, pages);
    device.discard = settings.discard;
    device.synchronous = settings.synchronous;
    device.backend = settings.backend;
    device.location = settings.servers;
    if (settings.backend != SwapBackendKind::file) continue;
    sync::String& path = settings.paths[options.swap_devices - 1];
    path = nameless_file(pages + PageCount(1));
    device.location = path;
  }
}

bool areas_are_on(Machine& machine) {
  Process& process = machine.create_process("swapon");
  bool on = true;
  for (unsigned i = 0; i < machine.options().swap_devices; ++i) {
    std::string_view name = machine.options().swap[i].get_name();
    Errno error = machine.swapon(process, name);
    if (error == Errno::ebusy) continue;  // since the machine started
    fmt::print(stderr, "quire_stress: swap area {} cannot be opened: errno {} {}\n", name, static_cast<int>(error),
               machine.why_closed(name));
    on = false;
  }
  machine.exit(process);
  return on;
}

}  // namespace quire::machine
