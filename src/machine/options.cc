#include "machine/options.h"

#include <algorithm>

#include "base/assert.h"

namespace quire::machine {
namespace {

constexpr std::array<std::string_view, 5> kSwapBackendNames = {"ram", "file", "lz4", "zstd", "redis"};

}

std::string_view name(SwapBackendKind kind) { return kSwapBackendNames[static_cast<unsigned>(kind)]; }

std::optional<SwapBackendKind> swap_backend_kind(std::string_view name) {
  auto found = std::find(kSwapBackendNames.begin(), kSwapBackendNames.end(), name);
  if (found == kSwapBackendNames.end()) return std::nullopt;
  return static_cast<SwapBackendKind>(found - kSwapBackendNames.begin());
}

void SwapDevice::set_name(std::string_view text) {
  QUIRE_ASSERT(text.size() < kNameBytes, "the name of a swap device is too long");
  std::fill(std::begin(name), std::end(name), '\0');
  std::copy(text.begin(), text.end(), name);
}

void SwapDevice::add_bad_slot(uint32_t slot) {
  QUIRE_ASSERT(bad_slots_count < kBadSlotsMax, "too many bad slots");
  bad_slots[bad_slots_count++] = slot;
}

void DiskOptions::add_bad_block(uint32_t block) {
  QUIRE_ASSERT(bad_blocks_count < kBadBlocksMax, "too many bad blocks");
  bad_blocks[bad_blocks_count++] = block;
}

SwapDevice& MachineOptions::add_swap(std::string_view name, PageCount pages) {
  QUIRE_ASSERT(swap_devices < kSwapDevices, "too many swap devices");
  SwapDevice& device = swap[swap_devices++];
  device.set_name(name);
  device.pages = pages;
  return device;
}

TmpfsSpec& MachineOptions::add_tmpfs(std::string_view name, PageCount size) {
  QUIRE_ASSERT(tmpfs_mounts < kTmpfsMounts, "too many mounts");
  QUIRE_ASSERT(!name.empty() && name.size() < TmpfsSpec::kNameBytes, "the name of a mount");
  TmpfsSpec& spec = tmpfs[tmpfs_mounts++];
  name.copy(spec.name, name.size());
  spec.size = size;
  return spec;
}

MachineOptions MachineOptions::explored() {
  MachineOptions options;
  options.ram = PageCount(16);
  options.payload_bytes = 8;
  options.page_table = {1, 3, 3};
  options.direct_map.shift = 2;
  options.tlb = OnOff::on;
  options.index_bits = 2;
  options.slots_per_cluster = 4;
  options.thp_order = 1;
  options.page_cluster = 0;
  options.fault_around_pages = 1;
  options.readahead_pages = 0;
  options.files_max = 16;
  options.slot_cache_size = 8;
  options.pcp_prefill = 4;
  options.lru = LruPolicy::clock;
  options.lru_batch = 2;
  options.workingset = OnOff::off;
  options.reclaim_fruitless = 0;
  options.oom_reap_retries = 0;
  return options;
}

}  // namespace quire::machine
