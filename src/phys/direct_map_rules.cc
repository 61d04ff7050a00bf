#include "phys/direct_map_rules.h"

namespace quire::phys {

using base::Defect;

std::optional<Arch> arch(std::string_view name) {
  if (name == "x86") return Arch::x86;
  if (name == "arm64") return Arch::arm64;
  if (name == "riscv") return Arch::riscv;
  return std::nullopt;
}

std::optional<DirectMapVersion> direct_map_version(std::string_view name) {
  if (name == "v5_10") return DirectMapVersion::v5_10;
  if (name == "series_v1") return DirectMapVersion::series_v1;
  if (name == "current") return DirectMapVersion::current;
  return std::nullopt;
}

bool DirectMapRules::can_set_direct_map() const {
  return arch() != Arch::arm64 || rodata_full() || debug_pagealloc() || options_.kfence == Switch::on;
}

// With the defect: on each architecture the version in which what unmaps and what maps differ.
DirectMapVersion DirectMapRules::guards() const {
  if (!defects_.has(Defect::D4_4)) return options_.version;
  return arch() == Arch::arm64 ? DirectMapVersion::series_v1 : DirectMapVersion::v5_10;
}

// Linux: arch/*/mm/pageattr.c set_direct_map_invalid_noflush(), __kernel_map_pages()
bool DirectMapRules::acts(DirectMapCall call) const {
  if (call == DirectMapCall::set_direct_map) {
    if (options_.set_direct_map == Switch::off) return false;
    if (arch() != Arch::arm64) return true;
    return guards() == DirectMapVersion::current ? can_set_direct_map() : rodata_full();
  }
  if (arch() == Arch::x86) return true;
  if (arch() == Arch::riscv) return debug_pagealloc();
  return guards() == DirectMapVersion::current ? can_set_direct_map() : debug_pagealloc() || rodata_full();
}

// Linux: kernel_page_present(). RISC-V had none in 5.10; here it looks there too, as a first one would.
bool DirectMapRules::present_looks() const {
  if (options_.set_direct_map == Switch::off && !debug_pagealloc()) return false;
  if (arch() != Arch::arm64) return true;
  return guards() == DirectMapVersion::v5_10 ? debug_pagealloc() || rodata_full() : can_set_direct_map();
}

// Map and unmap come in atomic context, where a split could not get its page. Linux: arch/x86/mm/init.c
// probe_page_size_mask(), arch/arm64/mm/mmu.c map_mem()
bool DirectMapRules::boot_pages_only() const {
  if (arch() == Arch::arm64) return can_set_direct_map();
  return debug_pagealloc() && !defects_.has(Defect::D4_7);
}

bool DirectMapRules::splits() const { return arch() != Arch::arm64 && !changes_whole_leaf(); }

// Linux 5.10: arch/riscv/mm/pageattr.c pageattr_pmd_entry()
bool DirectMapRules::changes_whole_leaf() const {
  return arch() == Arch::riscv && options_.version == DirectMapVersion::v5_10;
}

bool DirectMapRules::present_takes_leaf_for_table() const {
  return arch() == Arch::riscv && defects_.has(Defect::D4_11);
}

bool DirectMapRules::copier_sets_direct_map() const {
  return guards() != DirectMapVersion::v5_10 && options_.set_direct_map == Switch::on;
}

}  // namespace quire::phys
