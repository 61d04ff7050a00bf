#include "runner/machine_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>

#include "scenario/vocabulary.h"

namespace quire::runner {

using machine::MachineOptions;
using machine::OnOff;
using scenario::Diagnostic;
using scenario::MachineOption;
using scenario::OptionKind;

namespace {

constexpr int64_t kPagesMax = 1 << 20;

/// A numeric key: its name, its range, and where it goes.
struct NumberKey {
  std::string_view name;
  int64_t least;
  int64_t most;
  void (*set)(MachineOptions&, int64_t);
  int64_t (*get)(const MachineOptions&);
};

constexpr std::array kNumberKeys = {
    NumberKey{"cpus", 1, explore::kTasksMax, [](MachineOptions& m, int64_t v) { m.cpus = static_cast<unsigned>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.cpus); }},
    NumberKey{"nodes", 1, 4, [](MachineOptions& m, int64_t v) { m.nodes = static_cast<unsigned>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.nodes); }},
    NumberKey{"device", 0, 64,
              [](MachineOptions& m, int64_t v) { m.device = base::PageCount(static_cast<uint64_t>(v)); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.device.value()); }},
    NumberKey{"payload", 1, kPageBytes,
              [](MachineOptions& m, int64_t v) { m.payload_bytes = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.payload_bytes); }},
    NumberKey{"SWAP_MAP_MAX", 1, 62, [](MachineOptions& m, int64_t v) { m.swap_map_max = static_cast<uint8_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.swap_map_max); }},
    NumberKey{"SWAP_CONT_MAX", 1, 127, [](MachineOptions& m, int64_t v) { m.swap_cont_max = static_cast<uint8_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.swap_cont_max); }},
    NumberKey{"SWAPFILE_CLUSTER", 1, 512,
              [](MachineOptions& m, int64_t v) { m.slots_per_cluster = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.slots_per_cluster); }},
    NumberKey{"fault_around_pages", 1, 16,
              [](MachineOptions& m, int64_t v) { m.fault_around_pages = static_cast<uint8_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.fault_around_pages); }},
    NumberKey{"page_cluster", 0, 5, [](MachineOptions& m, int64_t v) { m.page_cluster = static_cast<uint8_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.page_cluster); }},
    NumberKey{"SWAP_SLOTS_CACHE_SIZE", 1, 64,
              [](MachineOptions& m, int64_t v) { m.slot_cache_size = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.slot_cache_size); }},
    NumberKey{"lru_batch", 1, 31, [](MachineOptions& m, int64_t v) { m.lru_batch = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.lru_batch); }},
    NumberKey{"dirty_ratio", 0, 100,
              [](MachineOptions& m, int64_t v) { m.dirty.dirty_ratio = static_cast<uint8_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.dirty.dirty_ratio); }},
    NumberKey{"dirty_background_ratio", 0, 100,
              [](MachineOptions& m, int64_t v) { m.dirty.dirty_background_ratio = static_cast<uint8_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.dirty.dirty_background_ratio); }},
    NumberKey{"readahead", 0, 1024, [](MachineOptions& m, int64_t v) { m.readahead_pages = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.readahead()); }},
    NumberKey{"direct_map_shift", 1, 9,
              [](MachineOptions& m, int64_t v) { m.direct_map.shift = static_cast<unsigned>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.direct_map.shift); }},
    NumberKey{"reserved", 0, 64,
              [](MachineOptions& m, int64_t v) { m.direct_map.reserved = base::PageCount(static_cast<uint64_t>(v)); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.direct_map.reserved.value()); }},
    NumberKey{"guardpage_minorder", 0, 5,
              [](MachineOptions& m, int64_t v) { m.direct_map.guardpage_minorder = static_cast<unsigned>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.direct_map.guardpage_minorder); }},
    NumberKey{"WMARK_MIN", 0, kPagesMax,
              [](MachineOptions& m, int64_t v) { m.watermarks.min = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.watermarks.min); }},
    NumberKey{"WMARK_LOW", 0, kPagesMax,
              [](MachineOptions& m, int64_t v) { m.watermarks.low = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.watermarks.low); }},
    NumberKey{"WMARK_HIGH", 0, kPagesMax,
              [](MachineOptions& m, int64_t v) { m.watermarks.high = static_cast<uint32_t>(v); },
              [](const MachineOptions& m) { return static_cast<int64_t>(m.watermarks.high); }},
};

/// A switch: its name and where it goes.
struct SwitchKey {
  std::string_view name;
  void (*set)(MachineOptions&, explore::ExecutorOptions&, scenario::KnobState);
};

OnOff on_off(scenario::KnobState s) { return s == scenario::KnobState::on ? OnOff::on : OnOff::off; }

phys::Switch phys_switch(scenario::KnobState s) {
  return s == scenario::KnobState::on ? phys::Switch::on : phys::Switch::off;
}

constexpr std::array kSwitchKeys = {
    SwitchKey{"rcu_spinlock_is_reader",
              [](MachineOptions&, explore::ExecutorOptions& x, scenario::KnobState s) {
                using Reader = explore::ExecutorOptions::SpinlockIsReader;
                x.spinlock_is_reader = s == scenario::KnobState::on ? Reader::yes : Reader::no;
              }},
    SwitchKey{"tlb", [](MachineOptions& m, explore::ExecutorOptions&, scenario::KnobState s) { m.tlb = on_off(s); }},
    SwitchKey{"vma_ra",
              [](MachineOptions& m, explore::ExecutorOptions&, scenario::KnobState s) { m.vma_ra = on_off(s); }},
    SwitchKey{"slot_cache",
              [](MachineOptions& m, explore::ExecutorOptions&, scenario::KnobState s) { m.slot_cache = on_off(s); }},
    SwitchKey{"disk_loop",
              [](MachineOptions& m, explore::ExecutorOptions&, scenario::KnobState s) { m.disk.loop = on_off(s); }},
    SwitchKey{"workingset",
              [](MachineOptions& m, explore::ExecutorOptions&, scenario::KnobState s) { m.workingset = on_off(s); }},
    SwitchKey{"debug_pagealloc", [](MachineOptions& m, explore::ExecutorOptions&,
                                    scenario::KnobState s) { m.direct_map.debug_pagealloc = phys_switch(s); }},
    SwitchKey{"rodata_full", [](MachineOptions& m, explore::ExecutorOptions&,
                                scenario::KnobState s) { m.direct_map.rodata_full = phys_switch(s); }},
    SwitchKey{"kfence", [](MachineOptions& m, explore::ExecutorOptions&,
                           scenario::KnobState s) { m.direct_map.kfence = phys_switch(s); }},
    SwitchKey{"set_direct_map", [](MachineOptions& m, explore::ExecutorOptions&,
                                   scenario::KnobState s) { m.direct_map.set_direct_map = phys_switch(s); }},
    SwitchKey{"copy_without_quiesce",
              [](MachineOptions& m, explore::ExecutorOptions&, scenario::KnobState s) {
                m.quiesce = s == scenario::KnobState::on ? power::Quiesce::no : power::Quiesce::yes;
              }},
    SwitchKey{"synchronous_swap",
              [](MachineOptions& m, explore::ExecutorOptions&, scenario::KnobState s) {
                for (machine::SwapDevice& d : m.swap) d.synchronous = on_off(s);
              }},
};

class Applier {
 public:
  Applier(std::string_view file, MachineOptions& machine, explore::ExecutorOptions& explorer)
      : file_(file), machine_(machine), explorer_(explorer) {}

  std::optional<Diagnostic> apply(const scenario::Machine& line) {
    for (const MachineOption& o : line.options) option(o);
    for (const scenario::Knob& k : line.knobs) knob(k);
    for (const MachineOption* o : of_devices_) of_devices(*o);
    if (machine_.thp_order > machine_.page_table.pte_bits)
      complain(line.at, fmt::format("expected thp={} at most, the pages that one table maps (PTRS_PER_PTE)",
                                    machine_.page_table.entries().value()));
    if (machine_.thp_swap == swap::ThpSwap::pmd && machine_.slots_per_cluster != machine_.page_table.entries().value())
      complain(line.at, fmt::format("expected SWAPFILE_CLUSTER={} with thp_swap=pmd, the pages of a huge page "
                                    "(PTRS_PER_PTE), found {}",
                                    machine_.page_table.entries().value(), machine_.slots_per_cluster));
    if (machine_.ram.value() % machine_.nodes != 0)
      complain(line.at, fmt::format("expected ram in {} equal parts, one for each node", machine_.nodes));
    if (!std::has_single_bit(machine_.fault_around_pages))
      complain(line.at,
               fmt::format("expected fault_around_pages=1, 2, 4, 8 or 16, found {}", machine_.fault_around_pages));
    const phys::Watermarks& marks = machine_.watermarks;
    if (marks.min > marks.low || marks.low > marks.high || marks.high > machine_.ram.value() / machine_.nodes)
      complain(line.at, "expected WMARK_MIN, WMARK_LOW and WMARK_HIGH in this order, none above the pages of a node");
    return diagnostic_;
  }

 private:
  void complain(const scenario::Origin& at, std::string message) {
    if (!diagnostic_) diagnostic_ = Diagnostic{std::string(file_), at.line, at.column, std::move(message)};
  }

  void option(const MachineOption& o) {
    if (o.key == "real") {
      MachineOptions real;
      real.cpus = machine_.cpus;
      machine_ = real;
    } else if (o.key == "ram") {
      int64_t pages = pages_of(o.number);
      if (pages < 4 || pages > kPagesMax)
        return complain(o.at, fmt::format("expected 4 to {} pages of ram, found {}", kPagesMax, pages));
      machine_.ram = base::PageCount{static_cast<uint64_t>(pages)};
    } else if (o.key == "swap") {
      for (const scenario::SwapSpec& s : o.swaps) swap(s);
    } else if (o.key == "tmpfs") {
      for (const scenario::SwapSpec& s : o.swaps) tmpfs(s);
    } else if (o.key == "thp") {
      thp(o);
    } else if (o.key == "PTRS_PER_PTE") {
      table_size(o);
    } else if (o.key == "punched_poison") {
      punched_poison(o);
    } else if (o.key == "thp_swap") {
      thp_swap(o);
    } else if (o.key == "swap_backend") {
      swap_backend(o);
    } else if (o.key == "swap_discard") {
      swap_discard(o);
    } else if (o.key == "union" || o.key == "union_writepage" || o.key == "union_find") {
      stacked(o);
    } else if (o.key == "disk" || o.key == "disk_bad" || o.key == "disk_alloc") {
      disk(o);
    } else if (o.key == "swap_bad" || o.key == "swap_priority" || o.key == "nr_inodes") {
      of_devices_.push_back(&o);
    } else if (o.key == "lru") {
      lru(o);
    } else if (o.key == "oom") {
      oom(o);
    } else if (!of_kernel(o)) {
      number(o);
    }
  }

  // Numbers with a unit are bytes, numbers without one are pages.
  static int64_t pages_of(const scenario::Number& n) {
    using scenario::Notation;
    bool bytes = n.notation == Notation::kilo || n.notation == Notation::mega || n.notation == Notation::giga;
    return bytes ? n.value / kPageBytes : n.value;
  }

  void swap(const scenario::SwapSpec& s) {
    int64_t pages = pages_of(s.pages);
    if (machine_.swap_devices == MachineOptions::kSwapDevices)
      return complain(s.at, fmt::format("expected at most {} swap areas", MachineOptions::kSwapDevices));
    if (s.name.size() >= machine::SwapDevice::kNameBytes || pages < 1 || pages > kPagesMax)
      return complain(s.at, fmt::format("expected a swap area of 1 to {} pages with a name of less than {} letters",
                                        kPagesMax, machine::SwapDevice::kNameBytes));
    machine_.add_swap(s.name, base::PageCount{static_cast<uint64_t>(pages)});
  }

  void stacked(const MachineOption& o) {
    if (o.key == "union") {
      int64_t value = o.kind == OptionKind::number ? o.number.value : 0;
      if (value < 1 || value > MachineOptions::kUnions) return complain(o.at, "expected union=1 or union=2");
      machine_.unions = static_cast<unsigned>(value);
    } else if (o.key == "union_writepage") {
      if (o.word != "lower" && o.word != "dirty")
        return complain(o.at, "expected union_writepage=lower or union_writepage=dirty");
      machine_.stacked.writepage = o.word == "lower" ? fs::UnionWritepage::lower : fs::UnionWritepage::dirty;
    } else {
      if (o.word != "through" && o.word != "around")
        return complain(o.at, "expected union_find=through or union_find=around");
      machine_.stacked.find = o.word == "through" ? fs::UnionFind::through : fs::UnionFind::around;
    }
  }

  // The direct map, and how an image is made of it.
  bool of_kernel(const MachineOption& o) {
    phys::DirectMapOptions& map = machine_.direct_map;
    if (o.key == "arch") {
      map.arch = phys::arch(o.word);
      if (!map.arch) complain(o.at, "expected arch=x86, arm64 or riscv");
    } else if (o.key == "direct_map_rules") {
      auto version = phys::direct_map_version(o.word);
      if (!version) complain(o.at, "expected direct_map_rules=v5_10, series_v1 or current");
      map.version = version.value_or(map.version);
    } else if (o.key == "direct_map_leaf") {
      constexpr std::array<int64_t, 3> kBytes = {int64_t{4} << 10, int64_t{2} << 20, int64_t{1} << 30};
      auto found = std::find(kBytes.begin(), kBytes.end(), o.kind == OptionKind::number ? o.number.value : 0);
      if (found == kBytes.end()) complain(o.at, "expected direct_map_leaf=4K, 2M or 1G");
      map.leaf = static_cast<phys::Leaf>(found == kBytes.end() ? 0 : found - kBytes.begin());
    } else if (o.key == "freeze_scope") {
      if (o.word != "user" && o.word != "all") complain(o.at, "expected freeze_scope=user or all");
      machine_.freeze_scope = o.word == "user" ? power::FreezeScope::user : power::FreezeScope::all;
    } else {
      return false;
    }
    return true;
  }

  void disk(const MachineOption& o) {
    machine::DiskOptions& disk = machine_.disk;
    if (o.key == "disk_alloc") {
      if (o.word != "write" && o.word != "writeback")
        return complain(o.at, "expected disk_alloc=write or disk_alloc=writeback");
      disk.allocation = o.word == "write" ? fs::BlockAllocation::write : fs::BlockAllocation::writeback;
      return;
    }
    int64_t value = o.kind == OptionKind::number ? (o.key == "disk" ? pages_of(o.number) : o.number.value) : -1;
    if (o.key == "disk") {
      if (value < 1 || value > kPagesMax) return complain(o.at, fmt::format("expected disk=1..{} blocks", kPagesMax));
      disk.pages = base::PageCount{static_cast<uint64_t>(value)};
    } else if (value < 0 || value >= static_cast<int64_t>(disk.pages.value())) {
      complain(o.at, "expected disk_bad=N with a block of the disk, which comes first: disk=8 disk_bad=3");
    } else if (disk.bad_blocks_count == machine::DiskOptions::kBadBlocksMax) {
      complain(o.at, fmt::format("expected at most {} bad blocks", machine::DiskOptions::kBadBlocksMax));
    } else {
      disk.add_bad_block(static_cast<uint32_t>(value));
    }
  }

  // A mount, and how many pages it may have; 0: as many as there are.
  void tmpfs(const scenario::SwapSpec& s) {
    int64_t pages = pages_of(s.pages);
    if (machine_.tmpfs_mounts == MachineOptions::kTmpfsMounts)
      return complain(s.at, fmt::format("expected at most {} mounts of tmpfs", MachineOptions::kTmpfsMounts));
    if (s.name.size() >= machine::TmpfsSpec::kNameBytes || pages < 0 || pages > kPagesMax)
      return complain(s.at, fmt::format("expected a mount of 0 to {} pages with a name of less than {} letters",
                                        kPagesMax, machine::TmpfsSpec::kNameBytes));
    if (find_tmpfs(s.name) != nullptr) return complain(s.at, fmt::format("expected a mount once, found '{}'", s.name));
    machine_.add_tmpfs(s.name, base::PageCount{static_cast<uint64_t>(pages)});
  }

  machine::TmpfsSpec* find_tmpfs(std::string_view name) {
    for (unsigned i = 0; i < machine_.tmpfs_mounts; ++i)
      if (machine_.tmpfs[i].get_name() == name) return &machine_.tmpfs[i];
    return nullptr;
  }

  void nr_inodes(const MachineOption& o) {
    if (o.swaps.empty()) return complain(o.at, "expected nr_inodes=tmp:8 with a mount of tmpfs and a number");
    for (const scenario::SwapSpec& s : o.swaps) {
      machine::TmpfsSpec* mount = find_tmpfs(s.name);
      if (mount == nullptr)
        return complain(s.at, fmt::format("expected a mount of tmpfs of the machine, found '{}'", s.name));
      if (s.pages.value < 1) return complain(s.at, "expected 1 inode or more");
      mount->nr_inodes = static_cast<uint64_t>(s.pages.value);
    }
  }

  // Known when the whole line has been read.
  void of_devices(const MachineOption& o) {
    if (o.key == "nr_inodes") return nr_inodes(o);
    if (o.swaps.empty()) return complain(o.at, fmt::format("expected {}=S:2 with a swap area and a number", o.key));
    for (const scenario::SwapSpec& s : o.swaps) {
      machine::SwapDevice* device = nullptr;
      for (unsigned i = 0; i < machine_.swap_devices; ++i)
        if (machine_.swap[i].get_name() == s.name) device = &machine_.swap[i];
      if (device == nullptr)
        return complain(s.at, fmt::format("expected a swap area of the machine, found '{}'", s.name));
      if (o.key == "swap_priority") {
        if (s.pages.value > 32767) return complain(s.at, "expected a priority from 0 to 32767");
        device->priority = static_cast<int>(s.pages.value);
      } else {
        bad_slot(*device, s);
      }
    }
  }

  void bad_slot(machine::SwapDevice& device, const scenario::SwapSpec& s) {
    auto slots = static_cast<int64_t>(device.pages.value());
    if (s.pages.value < 1 || s.pages.value > slots)
      return complain(s.at, fmt::format("expected a slot from 1 to {}", slots));
    if (device.bad_slots_count == machine::SwapDevice::kBadSlotsMax || device.bad_slots_count + 1 == slots)
      return complain(
          s.at, fmt::format("expected at most {} bad slots, and one that is not", machine::SwapDevice::kBadSlotsMax));
    device.add_bad_slot(static_cast<uint32_t>(s.pages.value));
  }

  void swap_discard(const MachineOption& o) {
    using swap::SwapDiscard;
    constexpr std::array<std::pair<std::string_view, SwapDiscard>, 4> kWords = {{{"none", SwapDiscard::none},
                                                                                 {"once", SwapDiscard::once},
                                                                                 {"pages", SwapDiscard::pages},
                                                                                 {"both", SwapDiscard::both}}};
    for (const auto& [word, discard] : kWords) {
      if (word != o.word) continue;
      for (machine::SwapDevice& d : machine_.swap) d.discard = discard;
      return;
    }
    complain(o.at, "expected swap_discard=none, once, pages or both");
  }

  // Pages per large folio: a power of two.
  void thp(const MachineOption& o) {
    int64_t pages = o.kind == OptionKind::number ? o.number.value : 0;
    if (pages < 1 || pages > 512 || (pages & (pages - 1)) != 0)
      return complain(o.at, "expected thp=N with N a power of two up to 512");
    machine_.thp_order = static_cast<uint8_t>(__builtin_ctzll(static_cast<uint64_t>(pages)));
  }

  // Entries of a PTE table: the pages of a huge page. Above it is a table of PMD entries.
  void table_size(const MachineOption& o) {
    int64_t entries = o.kind == OptionKind::number ? o.number.value : 0;
    if (entries < 2 || entries > 512 || (entries & (entries - 1)) != 0)
      return complain(o.at, "expected PTRS_PER_PTE=N with N a power of two from 2 to 512");
    auto bits = static_cast<uint8_t>(__builtin_ctzll(static_cast<uint64_t>(entries)));
    machine_.page_table = {2, 3, bits};
  }

  void punched_poison(const MachineOption& o) {
    using rmap::PunchedPoison;
    if (o.word == "keep_all") {
      machine_.punched_poison = PunchedPoison::keep_all;
    } else if (o.word == "zap_all") {
      machine_.punched_poison = PunchedPoison::zap_all;
    } else if (o.word == "keep_anon_only") {
      machine_.punched_poison = PunchedPoison::keep_anon_only;
    } else {
      complain(o.at, "expected punched_poison=keep_all, zap_all or keep_anon_only");
    }
  }

  void thp_swap(const MachineOption& o) {
    auto mode = swap::thp_swap(o.word);
    if (!mode) return complain(o.at, "expected thp_swap=pmd, pte or off");
    machine_.thp_swap = *mode;
  }

  void lru(const MachineOption& o) {
    if (o.word != "clock" && o.word != "lists") return complain(o.at, "expected lru=clock or lru=lists");
    machine_.lru = o.word == "lists" ? machine::LruPolicy::lists : machine::LruPolicy::clock;
  }

  void oom(const MachineOption& o) {
    if (o.word != "fail" && o.word != "kill") return complain(o.at, "expected oom=fail or oom=kill");
    machine_.oom = o.word == "kill" ? rmap::OomPolicy::kill : rmap::OomPolicy::fail;
  }

  // What other back ends keep is outside the machine, where no exploration could take it back.
  void swap_backend(const MachineOption& o) {
    auto kind = machine::swap_backend_kind(o.word);
    if (!kind) return complain(o.at, "expected swap_backend=ram");
    if (*kind != machine::SwapBackendKind::ram)
      complain(o.at, fmt::format("expected swap_backend=ram, found '{}': a scenario keeps its swap in memory; "
                                 "`quire_stress --backend {}` runs with it",
                                 o.word, o.word));
  }

  void number(const MachineOption& o) {
    for (const NumberKey& key : kNumberKeys) {
      if (key.name != o.key) continue;
      if (o.kind != OptionKind::number || o.number.value < key.least || o.number.value > key.most)
        return complain(o.at, fmt::format("expected {}={}..{}", key.name, key.least, key.most));
      return key.set(machine_, o.number.value);
    }
    std::vector<std::string_view> known = {"real",
                                           "ram",
                                           "swap",
                                           "thp",
                                           "PTRS_PER_PTE",
                                           "punched_poison",
                                           "swap_backend",
                                           "swap_bad",
                                           "swap_discard",
                                           "swap_priority",
                                           "thp_swap",
                                           "lru",
                                           "oom",
                                           "disk",
                                           "disk_bad",
                                           "disk_alloc",
                                           "union",
                                           "union_writepage",
                                           "union_find",
                                           "arch",
                                           "direct_map_leaf",
                                           "freeze_scope",
                                           "direct_map_rules"};
    for (const NumberKey& key : kNumberKeys) known.push_back(key.name);
    unknown(o.key, o.at, known);
  }

  void knob(const scenario::Knob& k) {
    for (const SwitchKey& key : kSwitchKeys)
      if (key.name == k.name) return key.set(machine_, explorer_, k.state);
    std::vector<std::string_view> known;
    for (const SwitchKey& key : kSwitchKeys) known.push_back(key.name);
    unknown(k.name, k.at, known);
  }

  void unknown(std::string_view key, const scenario::Origin& at, std::span<const std::string_view> known) {
    std::string_view near = scenario::nearest(key, known);
    complain(at, fmt::format("expected an option of the machine, found '{}'{}", key,
                             near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
  }

  std::string_view file_;
  MachineOptions& machine_;
  explore::ExecutorOptions& explorer_;
  std::vector<const MachineOption*> of_devices_;
  std::optional<Diagnostic> diagnostic_;
};

}  // namespace

std::optional<Diagnostic> apply_machine_line(const scenario::Machine& line, std::string_view file,
                                             MachineOptions& machine, explore::ExecutorOptions& explorer) {
  return Applier(file, machine, explorer).apply(line);
}

std::optional<int64_t> machine_parameter(const MachineOptions& machine, std::string_view name) {
  if (name == "PAGE_SIZE") return kPageBytes;
  if (name == "HPAGE_PMD_NR") return int64_t{1} << machine.thp_order;
  for (const NumberKey& key : kNumberKeys)
    if (key.name == name) return key.get(machine);
  return std::nullopt;
}

}  // namespace quire::runner
