// MachineOptions: everything that sizes a machine or switches something in it; constant once the machine exists.
//
//   MachineOptions options = MachineOptions::explored();   // 16 pages of 8 bytes, one swap area S of 8 slots
//   options.defects.add(base::Defect::D2_1);
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/defects.h"
#include "base/types.h"
#include "fs/bdi_writeback.h"
#include "fs/extent_store.h"
#include "fs/union_fs.h"
#include "pgtable/page_table.h"
#include "phys/direct_map_rules.h"
#include "phys/frames.h"
#include "power/snapshot.h"
#include "rmap/mapped_range.h"
#include "rmap/zap_details.h"
#include "swap/discard.h"
#include "swap/thp_swap.h"

namespace quire::machine {

using base::PageCount;

enum class OnOff : uint8_t { off, on };

/// Where a swap device keeps its pages. All but `ram` are for machines that run natively.
enum class SwapBackendKind : uint8_t {
  ram,
  file,   ///< swap/file_backend.h; `location` is a path
  lz4,    ///< swap/compressed_backend.h
  zstd,   ///< swap/compressed_backend.h
  redis,  ///< swap/redis_backend.h; `location` is HOST:PORT[,HOST:PORT...]
};

/// `ram`, `file`, `lz4`, `zstd`, `redis`.
[[nodiscard]] std::string_view name(SwapBackendKind kind);
[[nodiscard]] std::optional<SwapBackendKind> swap_backend_kind(std::string_view name);

/// A device that swapon(name) may use; it exists from the start and keeps its name.
struct SwapDevice {
  static constexpr unsigned kNameBytes = 16;
  static constexpr unsigned kBadSlotsMax = 16;
  char name[kNameBytes] = {};
  PageCount pages{0};  ///< usable slots, without the header
  int priority = -1;   ///< below 0: lower than those before it
  SwapBackendKind backend = SwapBackendKind::ram;
  std::string_view location = {};  ///< of a file or of servers; what it points to outlives the machine
  /// SWP_SYNCHRONOUS_IO: a slot with one reference is read without the swap cache. Compressed devices always do that.
  OnOff synchronous = OnOff::off;
  OnOff active = OnOff::on;  ///< swapped on at boot, if it can be opened
  swap::SwapDiscard discard = swap::SwapDiscard::none;
  /// Slots of a device in memory that are bad. A file has them in its header.
  std::array<uint32_t, kBadSlotsMax> bad_slots = {};
  unsigned bad_slots_count = 0;

  void set_name(std::string_view text);
  [[nodiscard]] std::string_view get_name() const { return name; }
  void add_bad_slot(uint32_t slot);
};

/// The device of the block-backed file system.
struct DiskOptions {
  static constexpr unsigned kBadBlocksMax = 4;
  PageCount pages{0};  ///< 0: none; files are kept in memory, with room for everything
  std::string_view location =
      {};                   ///< a path: a file of the host, natively only; what it points to outlives the machine
  OnOff loop = OnOff::off;  ///< in a file of this machine's tmpfs
  fs::BlockAllocation allocation = fs::BlockAllocation::writeback;
  /// Blocks that can be neither read nor written.
  std::array<uint32_t, kBadBlocksMax> bad_blocks = {};
  unsigned bad_blocks_count = 0;

  void add_bad_block(uint32_t block);
};

/// A tmpfs that is mounted on a name of the root directory. Limits of 0: none.
struct TmpfsSpec {
  static constexpr unsigned kNameBytes = 16;
  char name[kNameBytes] = {};
  PageCount size{0};       ///< option size=
  uint64_t nr_inodes = 0;  ///< option nr_inodes=
  [[nodiscard]] std::string_view get_name() const { return name; }
};

/// How reclaim finds what to take: reclaim/reclaim.h.
enum class LruPolicy : uint8_t { clock, lists };

struct MachineOptions {
  static constexpr unsigned kSwapDevices = 4;
  static constexpr unsigned kTmpfsMounts = 4;

  unsigned cpus = 2;
  unsigned nodes = 1;  ///< each with an equal part of RAM
  PageCount ram{4096};
  PageCount device{0};            ///< of a device's own memory
  uint32_t payload_bytes = 4096;  ///< bytes stored per page; byte o of a page is payload byte o % payload_bytes
  std::array<SwapDevice, kSwapDevices> swap = {};
  unsigned swap_devices = 0;
  std::array<TmpfsSpec, kTmpfsMounts> tmpfs = {};
  unsigned tmpfs_mounts = 0;
  DiskOptions disk;
  fs::DirtyRatios dirty;  ///< of the block-backed file system; all 0: nothing is written in the background
  /// Of files of the block-backed file system, at most at once. Linux: read_ahead_kb
  uint32_t readahead_pages = kReadaheadByDevice;
  static constexpr uint32_t kReadaheadByDevice = ~0U;  ///< where a request costs: a file of the host
  [[nodiscard]] uint32_t readahead() const {
    constexpr uint32_t kWhereItPays = 32;
    if (readahead_pages != kReadaheadByDevice) return readahead_pages;
    return disk.location.empty() ? 0 : kWhereItPays;
  }
  OnOff flusher = OnOff::off;  ///< a task that writes back; needs `dirty`. Not while explored
  static constexpr unsigned kUnions = 2;
  unsigned unions = 0;  ///< stacked file systems /union and /union2 of /upper on /lower
  fs::UnionOptions stacked;

  pgtable::Geometry page_table = {4, 9, 9};
  OnOff tlb = OnOff::off;  ///< CPUs remember translations until they are flushed
  rmap::PunchedPoison punched_poison = rmap::PunchedPoison::keep_all;
  uint8_t index_bits = 6;  ///< page-cache index: bits per level
  uint32_t slots_per_cluster = 512;
  uint8_t swap_map_max = 62;    ///< SWAP_MAP_MAX
  uint8_t swap_cont_max = 127;  ///< SWAP_CONT_MAX: the greatest digit of a count in a continuation page
  uint8_t thp_order = 4;        ///< a large folio is 2^thp_order pages (VMAs with MADV_HUGEPAGE); 0: none
  /// `pmd` needs clusters of as many slots as a table has entries.
  swap::ThpSwap thp_swap = swap::ThpSwap::pte;
  OnOff slot_cache = OnOff::off;  ///< freed slots are parked per CPU first (through 6.14)
  uint32_t slot_cache_size = 64;  ///< parked slots per CPU before they are freed together
  /// vm.page-cluster: a fault on a swapped page reads up to 2^n pages; 0: that page alone.
  uint8_t page_cluster = 3;
  OnOff vma_ra = OnOff::on;         ///< the pages around the address; off: around the slot. Linux: vma_ra_enabled
  uint8_t fault_around_pages = 16;  ///< a read fault on a file maps what is cached in such a block; a power of two
  uint16_t files_max = 64;          ///< descriptors per process
  uint32_t pcp_prefill = 0;         ///< free pages in each CPU's list at boot
  LruPolicy lru = LruPolicy::lists;
  uint32_t lru_batch = 31;       ///< new folios in the batch of one CPU before they go on lists
  OnOff workingset = OnOff::on;  ///< with lists: what comes back soon after it went begins active
  phys::Watermarks watermarks;   ///< of each node, in pages; all 0: none
  OnOff kswapd = OnOff::off;     ///< a task for each node; needs watermarks. Not while explored
  rmap::OomPolicy oom = rmap::OomPolicy::fail;
  unsigned reclaim_fruitless = 16;    ///< how often in a row an allocation asks again after reclaim freed nothing
  unsigned oom_reap_retries = 10;     ///< for an address space whose mmap_lock is taken. Linux: MAX_OOM_REAP_RETRIES
  OnOff private_data = OnOff::off;    ///< check() knows what was stored in private mappings; one thread at a time only
  phys::DirectMapOptions direct_map;  ///< with an architecture the machine has the kernel's side: kernel_memory.h
  /// Natively: how long tasks have to freeze, in milliseconds. Linux: /sys/power/pm_freeze_timeout
  uint32_t freeze_timeout_ms = power::Freezer::kTimeoutMilliseconds;
  power::FreezeScope freeze_scope = power::FreezeScope::all;
  power::Quiesce quiesce = power::Quiesce::yes;  ///< no: an image is copied while other CPUs run
  base::DefectSet defects = {};

  /// Adds a device and returns it for further settings.
  SwapDevice& add_swap(std::string_view name, PageCount pages);
  /// Adds a mount and returns it for further settings.
  TmpfsSpec& add_tmpfs(std::string_view name, PageCount size);

  /// Small enough to explore: 2 CPUs, 16 pages of 8 bytes, tables of 8 entries, clusters of 4 slots; no swap yet.
  [[nodiscard]] static MachineOptions explored();
};

}  // namespace quire::machine
