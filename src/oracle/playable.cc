#include "oracle/playable.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "oracle/kernel/uffd.h"
#include "oracle/kernel_operations.h"
#include "oracle/kernel_path_operations.h"

namespace quire::oracle {
namespace {

using scenario::Call;
using scenario::Program;

std::string unmet(const scenario::Scenario& scenario, const KernelFacts& kernel) {
  if (!scenario.requirements) return {};
  for (const scenario::Name& name : scenario.requirements->names)
    if (name.text != "root" || !kernel.root) return "requires " + name.text;
  return {};
}

// Sizes that a scenario counts on, and that are no real machine's.
std::string other_sizes(const scenario::Scenario& scenario, const KernelFacts& kernel) {
  if (!scenario.machine) return {};
  for (const scenario::MachineOption& o : scenario.machine->options) {
    bool huge = o.key == "thp" || o.key == "PTRS_PER_PTE";
    if (huge && o.number.value != 512) return fmt::format("counts on {}={}", o.key, o.number.value);
    constexpr std::array<std::string_view, 13> kOwn = {
        "punched_poison", "oom",  "WMARK_MIN", "WMARK_LOW",  "WMARK_HIGH",      "swap_priority", "swap_discard",
        "swap_bad",       "disk", "disk_bad",  "disk_alloc", "union_writepage", "union_find"};
    if (std::find(kOwn.begin(), kOwn.end(), o.key) != kOwn.end() || o.key == "page_cluster")
      return fmt::format("counts on {}", o.key);
    if (o.key == "union" && o.number.value != 1) return "counts on two stacks of the same layers";
    if (o.key == "union" && !kernel.overlay) return "needs overlayfs";
    bool settable = kernel.fault_around_pages == 1;
    if (o.key == "fault_around_pages" && !settable && o.number.value != kernel.fault_around_pages)
      return fmt::format("counts on {}", o.key);
    if (o.key == "nodes" && o.number.value > kernel.nodes) return fmt::format("needs {} nodes", o.number.value);
  }
  return {};
}

std::string too_new(const Call& call, const KernelFacts& kernel) {
  const TooNew* found = find_too_new(call.text, kernel);
  return found == nullptr ? std::string() : fmt::format("{} is of {}.{}", found->name, found->major, found->minor);
}

std::string why_not_called(const Call& call, const KernelFacts& kernel) {
  const KernelOperation& operation = kernel_operation(*call.operation);
  if (operation.run == nullptr && operation.does == KernelOperation::Does::act)
    return fmt::format("{}(): {}", call.operation->name, operation.why_not);
  if (operation.needs == KernelOperation::Needs::guest && !kernel.guest)
    return fmt::format("{}() needs a guest: a host may lack it, or lose by it", call.operation->name);
  if (!call.injections.empty()) return "asks for a failure";
  bool flat = call.operation->name == "open" && !is_path(call.operands[0].symbol);
  if (flat && !kernel.disk) return "needs a file system on a block device";
  if (std::string why = too_new(call, kernel); !why.empty()) return why;
  bool small_huge = call.operation->name == "collapse";
  return small_huge ? "counts on huge pages of another size" : std::string();
}

// The features of userfaultfd that a program asks for, as bits.
uint64_t wanted_uffd_features(const Call& call) {
  std::string_view name = call.operation->name;
  if (name == "uffd_poison") return Q_UFFD_WP | Q_UFFD_POISON;
  return name == "uffd_register" || name == "uffd_writeprotect" ? Q_UFFD_WP : 0;
}

// Whether this kernel, for this process, has them.
std::string missing_uffd_features(uint64_t wanted) {
  if (wanted == 0) return {};
  uint64_t features = q_uffd_features();
  if (features == 0) return "userfaultfd() is refused";
  if ((wanted & ~features & Q_UFFD_WP) != 0) return "needs write protection by userfaultfd, as since 5.19";
  return (wanted & ~features) != 0 ? "needs UFFDIO_POISON, as since 6.6" : "";
}

}  // namespace

const TooNew* find_too_new(std::string_view call, const KernelFacts& kernel) {
  static constexpr std::array<TooNew, 6> kSince = {{
      {"MADV_COLLAPSE", 6, 1},
      {"MADV_GUARD_INSTALL", 6, 13},
      {"MADV_GUARD_REMOVE", 6, 13},
      {"\"user.", 6, 6},  // on tmpfs
      {"O_CREAT|O_DIRECTORY", 6, 4},
      {"memfd_secret(", 6, 5},  // there before, but only if the kernel was booted with secretmem.enable
  }};
  for (const TooNew& name : kSince)
    if (call.find(name.name) != std::string_view::npos && !kernel.is_since(name.major, name.minor)) return &name;
  return nullptr;
}

std::optional<int64_t> kernel_parameter(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int64_t>, 16> kParameters = {{
      {"PAGE_SIZE", scenario::kPageBytes},
      {"HPAGE_PMD_NR", 512},
      {"PTRS_PER_PTE", 512},
      {"SWAPFILE_CLUSTER", 512},
      {"SWAP_MAP_MAX", 62},
      {"SWAP_CONT_MAX", 127},
      {"SWAP_SLOTS_CACHE_SIZE", 64},
      {"page_cluster", 3},
      {"fault_around_pages", 16},
      {"lru_batch", 31},
      {"dirty_ratio", 20},
      {"readahead", 32},
      {"dirty_background_ratio", 10},
      // Differ from machine to machine: a scenario that sets them is not played.
      {"WMARK_MIN", 0},
      {"WMARK_LOW", 0},
      {"WMARK_HIGH", 0},
  }};
  for (const auto& [known, value] : kParameters)
    if (known == name) return value;
  return std::nullopt;
}

std::string why_not_played(const Program& program, const KernelFacts& kernel) {
  std::string why = kernel.running && !kHasPlayer ? "this build has the address sanitizer" : "";
  if (why.empty()) why = unmet(*program.scenario, kernel);
  if (why.empty()) why = other_sizes(*program.scenario, kernel);
  for (const scenario::TaskProgram& task : program.tasks)
    if (task.kind == scenario::TaskProgram::Kind::interrupt) why = "no program can interrupt a CPU";
  uint64_t uffd = 0;
  for (const Call* call : calls_of(program)) {
    if (!why.empty()) return why;
    why = why_not_called(*call, kernel);
    uffd |= wanted_uffd_features(*call);
  }
  if (why.empty() && kernel.running) why = missing_uffd_features(uffd);
  if (program.processes.size() > Stage::kProcessesMax || program.variables.size() > Stage::kVariablesMax ||
      calls_of(program).size() > Stage::kCallsMax)
    why = "is larger than the player";
  return why;
}

std::vector<std::string> areas_of(const scenario::Scenario& scenario) {
  std::vector<std::string> names;
  if (!scenario.machine) return names;
  for (const scenario::MachineOption& o : scenario.machine->options)
    if (o.key.starts_with("swap"))
      for (const scenario::SwapSpec& area : o.swaps) names.push_back(area.name);
  return names;
}

}  // namespace quire::oracle
