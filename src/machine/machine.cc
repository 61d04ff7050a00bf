#include "machine/machine.h"

#include <bit>

#include "machine/device.h"
#include "machine/disk.h"
#include "machine/mounts.h"

namespace quire::machine {
namespace {

phys::FramesOptions frames_options(const MachineOptions& o) {
  phys::FramesOptions frames;
  frames.ram = o.ram;
  frames.payload_bytes = o.payload_bytes;
  frames.cpus = o.cpus;
  frames.nodes = o.nodes;
  frames.device = o.device;
  frames.pcp_prefill = o.pcp_prefill;
  frames.watermarks = o.watermarks;
  frames.fruitless_max = o.reclaim_fruitless;
  if (o.direct_map.debug_pagealloc == phys::Switch::on) frames.guard_minorder = o.direct_map.guardpage_minorder;
  bool native = !sync::driven() && o.payload_bytes == base::kPageSize;
  frames.mapped = o.direct_map.arch && native ? phys::Ram::Mapped::twice : phys::Ram::Mapped::once;
  return frames;
}

cache::LruOptions lru_options(const MachineOptions& o) {
  using Workingset = cache::LruOptions::Workingset;
  return {o.lru_batch, o.workingset == OnOff::on ? Workingset::on : Workingset::off};
}

swap::SwapOptions swap_options(const MachineOptions& o) {
  swap::SwapOptions swap;
  swap.areas_max = std::max(1U, o.swap_devices);
  swap.cluster_shift = static_cast<unsigned>(std::bit_width(o.slots_per_cluster) - 1);
  swap.map_max = o.swap_map_max;
  swap.cont_max = o.swap_cont_max;
  swap.slot_cache = o.slot_cache == OnOff::on ? swap::SwapOptions::SlotCache::on : swap::SwapOptions::SlotCache::off;
  swap.slot_cache_size = o.slot_cache_size;
  using By = swap::ReadaheadOptions::By;
  swap.readahead = {o.page_cluster, o.vma_ra == OnOff::on ? By::address : By::slot};
  swap.thp_swap = o.thp_swap;
  return swap;
}

fs::TmpFs::SwapForm swap_form(const MachineOptions& o) {
  using Form = fs::TmpFs::SwapForm;
  return o.stacked.find == fs::UnionFind::around ? Form::vector : Form::index;
}

std::size_t scratch_words(const MachineOptions& o) {
  std::size_t words = 2 * (o.ram + o.device).value();
  for (unsigned i = 0; i < o.swap_devices; ++i) words += 2 * (o.swap[i].pages.value() + 1);
  return words;
}

}  // namespace

Machine::Machine(const MachineOptions& options)
    : options_(options),
      frames_(frames_options(options)),
      kernel_(options.direct_map.arch ? sync::make_box<KernelMemory>(options_, frames_) : nullptr),
      folios_(frames_, lru_options(options), options.lru == LruPolicy::lists ? cache::UseLru::yes : cache::UseLru::no),
      swap_(swap_options(options), folios_, options_.defects),
      tlbs_(options.tlb == OnOff::on ? options.cpus : 0),
      env_{folios_,
           swap_,
           anon_vmas_,
           tlbs_,
           options.defects,
           base::Order(options.thp_order),
           options.page_table,
           options.punched_poison,
           options.thp_swap,
           options.thp_swap == swap::ThpSwap::pmd ? &huge_zero_ : nullptr,
           options.oom,
           PageCount(options.fault_around_pages)},
      tmpfs_(env_, options.index_bits, swap_form(options)),
      disk_(Disk::make(options_, frames_, tmpfs_)),
      wb_(options.dirty.any() ? sync::make_box<fs::BdiWriteback>(options.ram, options.dirty) : nullptr),
      block_fs_(env_, options.index_bits, disk_ == nullptr ? nullptr : &disk_->volume, wb_.get(), options.readahead()),
      mounts_(Mounts::make(options_, env_, tmpfs_)),
      secretmem_(env_, kernel_ == nullptr ? nullptr : &kernel_->direct_map(), options.index_bits),
      reclaim_(env_),
      private_data_(options.private_data == OnOff::on ? PrivateData::Keep::yes : PrivateData::Keep::no, swap_, folios_),
      scratch_(scratch_words(options)) {
  QUIRE_ASSERT(std::has_single_bit(options.slots_per_cluster));
  QUIRE_ASSERT(
      options.thp_swap != swap::ThpSwap::pmd || PageCount(options.slots_per_cluster) == options.page_table.entries(),
      "the slots of a PMD swap entry are a cluster");
  QUIRE_ASSERT(options.thp_order <= options.page_table.pte_bits, "a large folio is mapped by one table");
  frames_.set_pressure(&reclaim_);
  if (options.oom == rmap::OomPolicy::kill) reclaim_.set_oom_killer(this);
  devices_.reserve(options.swap_devices);
  for (unsigned i = 0; i < options.swap_devices; ++i) {
    devices_.push_back(Device::make(options.swap[i], options.payload_bytes));
    if (options.swap[i].active == OnOff::off) continue;
    // A device outside the machine may be missing; swapon() of it says why.
    Errno error = devices_.back()->swapon(swap_);
    QUIRE_ASSERT(error == Errno::ok || !devices_.back()->in_memory(), "swapon at boot");
  }
  reclaim_.set_flusher(wb_.get());
  start_flusher();
  if (options.kswapd == OnOff::on && options.watermarks.any()) reclaim_.kswapd().start();
}

Machine::~Machine() {
  stop_kswapd();
  stop_flusher();
  killall();
  mounts_.reset();
  if (disk_ != nullptr) disk_->drop();
  for (Device* device : devices_) Device::destroy(device);
}

}  // namespace quire::machine
