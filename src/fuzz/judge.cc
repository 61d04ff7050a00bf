#include "fuzz/judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "fuzz/kernel_judge.h"
#include "fuzz/model.h"
#include "oracle/kernel_operations.h"
#include "oracle/playable.h"
#include "scenario/format.h"

namespace quire::fuzz {
namespace {

std::string member_text(const scenario::Call& call) {
  return call.member.empty() || call.text.ends_with(call.member) ? std::string() : "." + call.member;
}

// Which byte it is makes no other finding; whether there is one does.
std::string like(const std::string& text) { return text.empty() || text[0] < '1' || text[0] > '9' ? text : "N"; }

}  // namespace

Wrong result_of(const Sequence& run, std::size_t at, std::string kind, const std::string& expected,
                std::string_view by) {
  const CallResult& r = run.results[at];
  Wrong wrong;
  wrong.kind = std::move(kind);
  wrong.text = fmt::format("{}{}: {} in the engine, {} {}", r.call->text, member_text(*r.call), r.text, expected, by);
  wrong.signature =
      fmt::format("{}{}: {} / {}", r.call->operation->name, member_text(*r.call), like(r.text), like(expected));
  wrong.call = at;
  return wrong;
}

Wrong incident_of(const std::string& incident) {
  std::string kind = incident.substr(0, incident.find(':'));
  // Numbers tell one finding from another that is the same.
  std::string signature;
  std::size_t at = 0;
  while (at < incident.size()) {
    bool hex = incident.compare(at, 2, "0x") == 0;
    bool digit = incident[at] >= '0' && incident[at] <= '9';
    signature += hex || digit ? 'N' : incident[at];
    std::size_t end = hex     ? incident.find_first_not_of("0123456789abcdefx", at)
                      : digit ? incident.find_first_not_of("0123456789", at)
                              : at + 1;
    at = std::min(end, incident.size());
  }
  return {kind, incident, signature, {}, {}};
}

std::optional<Wrong> Judge::judge_without_defects(const scenario::Scenario& scenario) {
  std::vector<std::string> switched_on = std::exchange(defects_, {});
  std::optional<Wrong> wrong = judge(scenario);
  defects_ = std::move(switched_on);
  return wrong;
}

std::optional<Wrong> Judge::judge_again_without_defects(const scenario::Scenario& scenario) {
  std::vector<std::string> switched_on = std::exchange(defects_, {});
  std::optional<Wrong> wrong = judge_again(scenario);
  defects_ = std::move(switched_on);
  return wrong;
}

// --- The engine alone -----------------------------------------------------------------------------------------------

std::optional<Wrong> EngineJudge::judge(const scenario::Scenario& scenario) {
  Sequence run = run_in_order(scenario, defects_);
  skipped_ = run.error;
  if (skipped_.empty() && run.names_an_error()) skipped_ = "a name stands for an error";
  if (!skipped_.empty()) return std::nullopt;
  if (!run.incident.empty()) return incident_of(run.incident);
  auto mismatch = first_mismatch(run.plan, run.results);
  if (!mismatch) return std::nullopt;
  Wrong wrong = result_of(run, mismatch->index, "contents", mismatch->expected, "by the model");
  wrong.results.resize(run.results.size());
  for (std::size_t i = 0; i < mismatch->index; ++i) wrong.results[i] = run.results[i].text;
  wrong.results[mismatch->index] = mismatch->expected;
  return wrong;
}

// --- By name --------------------------------------------------------------------------------------------------------

std::unique_ptr<Judge> make_judge(const JudgeOptions& options, std::string& trouble) {
  if (options.against != JudgeOptions::Against::engine) {
    std::unique_ptr<KernelJudge> kernel;
    if (options.cpus == 1)
      kernel = std::make_unique<SequenceJudge>(options.defects);
    else
      kernel = std::make_unique<OutcomeJudge>(options.defects);
    bool here = options.against == JudgeOptions::Against::host;
    trouble = here ? kernel->house().open_here({"S"}) : kernel->house().open_guest(options.guest);
    if (!trouble.empty()) return nullptr;
    return kernel;
  }
  if (options.cpus == 1) return std::make_unique<EngineJudge>(options.defects);
  return std::make_unique<RaceJudge>(options.defects);
}

namespace {

void leave_out_what_is_newer(GeneratorOptions& generator, const oracle::KernelFacts& kernel) {
  // Before 6.15 guards are for anonymous mappings that may be written only. Linux: mm/madvise.c is_valid_guard_vma()
  bool guards = kernel.is_since(6, 15);
  generator.may_say = [kernel, guards](std::string_view call) {
    return oracle::find_too_new(call, kernel) == nullptr &&
           (guards || call.find("MADV_GUARD") == std::string_view::npos);
  };
  // Before 6.3 mwriteprotect_range() wants one mapping around the whole range, and before 6.9 madvise_populate() takes
  // a hole for the mapping behind it. Linux: mm/userfaultfd.c, mm/madvise.c
  generator.protects_several = kernel.is_since(6, 3);
  generator.populates_holes = kernel.is_since(6, 9);
  // Of part of a mapping. Linux: mm/mremap.c move_vma(), since 6.17 dontunmap_complete()
  generator.unlocks_what_stays = kernel.is_since(6, 17);
  // Which of two errors is told: before 6.13 that of the path. Linux: fs/xattr.c import_xattr_name()
  generator.strange_xattrs = kernel.is_since(6, 13);
  // Linux: mm/shmem.c shmem_xattr_handler_set(), since 6.6
  generator.xattrs_take_room = kernel.is_since(6, 6);
  // Older ones have no room for a huge page in their swap areas (oracle/host.cc).
  generator.huge_pages = kernel.is_since(6, 15);
}

}  // namespace

GeneratorOptions generator_for(const JudgeOptions& options, const Judge& judge) {
  GeneratorOptions generator;
  generator.cpus = options.cpus;
  if (judge.kernel() == nullptr) return generator;
  generator.looks_at_files = false;
  generator.of_a_kernel = true;
  generator.links_of_others = false;
  generator.stacks = judge.kernel()->overlay;
  generator.nodes_max = judge.kernel()->nodes;
  generator.synchronous_swap = true;
  generator.fault_around_pages = judge.kernel()->fault_around_pages;
  leave_out_what_is_newer(generator, *judge.kernel());
  generator.may_race = [kernel = *judge.kernel()](const scenario::Scenario& scenario) {
    auto made = scenario::make_program(scenario, "fuzz.qs", oracle::kernel_parameter);
    const auto* program = std::get_if<scenario::Program>(&made);
    return program != nullptr && oracle::why_not_played(*program, kernel).empty();
  };
  bool guest = judge.kernel()->guest;
  generator.memory_fails = guest;
  // What is protected may be waited for in all orders, and two threads of a process would make its userfaultfd at once.
  bool uffd = options.cpus == 1;
  generator.may = [guest, uffd](const scenario::Operation& operation, std::string_view member) {
    if (!uffd && operation.name.starts_with("uffd_")) return false;
    const oracle::KernelOperation& kernel = oracle::kernel_operation(operation);
    return kernel.run != nullptr && (guest || kernel.needs != oracle::KernelOperation::Needs::guest) &&
           operation.gives != scenario::Operation::Gives::amount && member != "file" && member != "shmem";
  };
  return generator;
}

}  // namespace quire::fuzz
