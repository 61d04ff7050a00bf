#include "fuzz/race_calls.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "fuzz/operands.h"
#include "fuzz/usage.h"
#include "scenario/constants.h"

namespace quire::fuzz {
namespace {

using scenario::Operation;

constexpr std::array kRacingAdvice = {
    Choice{"MADV_DONTNEED", 6},       Choice{"MADV_PAGEOUT", 6},         Choice{"MADV_FREE", 2},
    Choice{"MADV_COLD", 1},           Choice{"MADV_WILLNEED", 2},        Choice{"MADV_POPULATE_READ", 1},
    Choice{"MADV_POPULATE_WRITE", 1}, Choice{"MADV_REMOVE", 2},          Choice{"MADV_NOHUGEPAGE", 1},
    Choice{"MADV_HUGEPAGE", 1},       Choice{"MADV_DONTNEED_LOCKED", 1}, Choice{"MADV_GUARD_INSTALL", 1},
    Choice{"MADV_GUARD_REMOVE", 1}};
constexpr std::array kRacingModes = {Choice{"FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE", 4}, Choice{"0", 1},
                                     Choice{"FALLOC_FL_KEEP_SIZE", 1}};
constexpr std::array kRacingRights = {Choice{"PROT_READ", 3}, Choice{"PROT_READ|PROT_WRITE", 1},
                                      Choice{"PROT_NONE", 2}};
constexpr std::array kRacingSyncs = {Choice{"MS_SYNC", 2}, Choice{"MS_INVALIDATE", 1}, Choice{"MS_ASYNC", 1}};
constexpr std::array kRacingSyncRanges = {Choice{"SYNC_FILE_RANGE_WRITE", 1},
                                          Choice{"SYNC_FILE_RANGE_WRITE_AND_WAIT", 2}};
constexpr std::array kRacingLockings = {Choice{"0", 1}, Choice{"MLOCK_ONFAULT", 1}};
constexpr std::array kRacingLocks = {Choice{"MCL_CURRENT", 1}};

struct RacingWords {
  std::string_view word;
  std::string_view operation;  ///< empty: any
  std::span<const Choice> choices;
};
constexpr std::array kRacingWords = {RacingWords{"ADVICE", "", kRacingAdvice},
                                     RacingWords{"MODE", "", kRacingModes},
                                     RacingWords{"PROT", "", kRacingRights},
                                     RacingWords{"FLAGS", "msync", kRacingSyncs},
                                     RacingWords{"FLAGS", "sync_file_range", kRacingSyncRanges},
                                     RacingWords{"FLAGS", "mlock2", kRacingLockings},
                                     RacingWords{"FLAGS", "mlockall", kRacingLocks}};
constexpr std::array<std::string_view, 9> kMadeOfPages = {"FD",   "ADDRESS", "RANGE",   "LENGTH", "OFFSET",
                                                          "BYTE", "AREA",    "PROCESS", "NODE"};

/// Makes names that others need, corrupts by itself, or is about who may do what.
constexpr std::array<std::string_view, 26> kNeverRace = {"corrupt_pte",
                                                         "exec",
                                                         "flusher",
                                                         "kill",
                                                         "killall",
                                                         "mapping_set_gfp_mask",
                                                         "memalloc_flags_restore",
                                                         "memalloc_flags_save",
                                                         "memfd_create",
                                                         "mmap",
                                                         "open",
                                                         "posix_fadvise",
                                                         "prctl",
                                                         "readahead",
                                                         "setuid",
                                                         "close",
                                                         "kthread",
                                                         "oom_score_adj",
                                                         "set_memory",
                                                         "set_memory_whole",
                                                         "vmalloc",
                                                         "vfree",
                                                         "page_address",
                                                         "hibernate_snapshot",
                                                         "memfd_secret",
                                                         "hibernation_available"};
constexpr std::array<std::string_view, 12> kOfKernel = {
    "collapse",   "compact", "device_exclusive", "device_private",    "hibernate", "kswapd",
    "move_pages", "poison",  "reclaim",          "swap_discard_work", "swapoff",   "swapon"};

constexpr unsigned kUsualWeight = 2;
struct OperationWeight {
  std::string_view name;
  unsigned weight;
};
constexpr std::array kRaceWeights = {
    OperationWeight{"madvise", 14}, OperationWeight{"swapoff", 9},   OperationWeight{"load", 7},
    OperationWeight{"store", 8},    OperationWeight{"fallocate", 5}, OperationWeight{"ftruncate", 4},
    OperationWeight{"fork", 3},     OperationWeight{"exit", 4},      OperationWeight{"munmap", 4},
    OperationWeight{"pread", 3},    OperationWeight{"pwrite", 3},    OperationWeight{"move_pages", 4},
    OperationWeight{"collapse", 3}, OperationWeight{"munlock", 1},   OperationWeight{"munlockall", 1},
    OperationWeight{"mlockall", 1}, OperationWeight{"swapon", 1},    OperationWeight{"uffd_register", 1},
    OperationWeight{"mincore", 1},  OperationWeight{"hibernate", 4}};

/// What takes slots, refers to them, and gives them up: nearly evenly, so that each pair of them comes often.
constexpr std::array kSwapWeights = {
    OperationWeight{"load", 4},    OperationWeight{"store", 4},     OperationWeight{"madvise", 4},
    OperationWeight{"munmap", 3},  OperationWeight{"exit", 3},      OperationWeight{"fork", 2},
    OperationWeight{"swapoff", 3}, OperationWeight{"hibernate", 3}, OperationWeight{"reclaim", 2},
    OperationWeight{"mremap", 1},  OperationWeight{"mincore", 1},   OperationWeight{"fallocate", 2},
    OperationWeight{"pread", 1},   OperationWeight{"ftruncate", 2}};
constexpr std::array kSwapAdvice = {Choice{"MADV_DONTNEED", 3}, Choice{"MADV_PAGEOUT", 4}, Choice{"MADV_WILLNEED", 1},
                                    Choice{"MADV_FREE", 1}};

unsigned weight_among(std::span<const OperationWeight> weights, std::string_view name, unsigned otherwise) {
  auto known = std::find_if(weights.begin(), weights.end(), [&](const OperationWeight& w) { return w.name == name; });
  return known == weights.end() ? otherwise : known->weight;
}

std::string drawn(RaceSetup& setup, std::span<const Choice> choices) {
  unsigned all = 0;
  for (const Choice& c : choices) all += c.weight;
  unsigned at = setup.below(all);
  for (const Choice& c : choices) {
    if (at < c.weight) return std::string(c.text);
    at -= c.weight;
  }
  return {};
}

const RacingWords* racing_words(const Operation& operation, std::string_view word) {
  for (const RacingWords& w : kRacingWords)
    if (w.word == word && (w.operation.empty() || w.operation == operation.name)) return &w;
  return nullptr;
}

/// Tens of milliseconds of a kernel, each time it is played.
bool takes_long(const Operation& operation) {
  return operation.name == "swapoff" || operation.name == "swapon" || operation.name == "compact";
}

bool is_made_by_name(std::string_view operation) {
  return operation == "fork" || operation == "exit" || operation == "mremap";
}

bool is_literal(const std::string& word) {
  return std::isdigit(static_cast<unsigned char>(word[0])) != 0 || scenario::constant_value(word).has_value();
}

}  // namespace

bool RaceCalls::may_race(const Operation& operation) {
  // Races of names are scenarios of their own (scenarios/s3-tmpfs).
  if (operation.usage.find("PATH") != std::string_view::npos || operation.name == "lseek") return false;
  return operation.where == Operation::Where::anywhere &&
         std::find(kNeverRace.begin(), kNeverRace.end(), operation.name) == kNeverRace.end();
}

std::string RaceCalls::unknown_word(const Operation& operation) {
  if (!may_race(operation) || is_made_by_name(operation.name)) return {};
  for (const UsageOperand& operand : take_apart(operation.usage).operands)
    for (const std::string& word : operand.alternatives) {
      bool made = std::find(kMadeOfPages.begin(), kMadeOfPages.end(), word) != kMadeOfPages.end();
      bool known = made || word.starts_with("fill(") || is_literal(word) || racing_words(operation, word) != nullptr;
      if (!operand.optional && !known) return word;
    }
  return {};
}

RaceCalls::RaceCalls(RaceSetup& setup)
    : setup_(setup), about_swap_only_(setup.room != SwapRoom::ample && !setup.one_in(4)) {
  for (const Operation& operation : scenario::all_operations()) {
    if (!may_race(operation) || !setup.may(operation)) continue;
    bool rare = setup.of_a_kernel() && takes_long(operation);
    if (rare && !setup.one_in(16)) continue;
    usual_.add(operation, weight_among(kRaceWeights, operation.name, kUsualWeight));
    about_swap_.add(operation, weight_among(kSwapWeights, operation.name, 0));
  }
}

void RaceCalls::Weights::add(const Operation& operation, unsigned weight) {
  operations.push_back({&operation, weight});
  all += weight;
}

const Operation& RaceCalls::draw_from(const Weights& weights) {
  unsigned at = setup_.below(weights.all);
  std::size_t i = 0;
  for (; at >= weights.operations[i].weight; ++i) at -= weights.operations[i].weight;
  return *weights.operations[i].operation;
}

RaceCall RaceCalls::draw(const RaceObject& object) {
  for (;;) {
    const Weights& weights = about_swap_only_ ? about_swap_ : usual_;
    if (auto call = make(draw_from(weights), object)) return *call;
  }
}

RaceCall RaceCalls::page_out(const RaceObject& object) {
  return {scenario::find_operation("madvise"),
          fmt::format("madvise({}, {}, MADV_PAGEOUT)", object.name, RaceSetup::bytes(object.pages)), false, false};
}

std::optional<RaceCall> RaceCalls::make(const Operation& operation, const RaceObject& object) {
  RaceCall call{&operation, {}, false, operation.name == "exit"};
  call.of_kernel = std::find(kOfKernel.begin(), kOfKernel.end(), operation.name) != kOfKernel.end();
  if (is_made_by_name(operation.name)) {
    auto text = by_name(operation, object);
    if (!text) return std::nullopt;
    call.text = *text;
    return call;
  }
  // What no page of this machine can be about.
  if (operation.name == "move_pages" && setup_.nodes == 1) return std::nullopt;
  if (operation.name.starts_with("device_") && !setup_.device) return std::nullopt;
  if (operation.name == "swap_discard_work" && !setup_.discards) return std::nullopt;
  if (operation.name == "collapse" && !object.huge) return std::nullopt;
  std::string operands;
  for (const UsageOperand& o : take_apart(operation.usage).operands) {
    if (o.optional) continue;
    auto made = operand(operation, o.alternatives[setup_.below(o.alternatives.size())], object);
    if (!made) return std::nullopt;
    operands += (operands.empty() ? "" : ", ") + *made;
  }
  call.text = fmt::format("{}({})", operation.name, operands);
  return call;
}

std::string RaceCalls::page(const RaceObject& object) {
  return fmt::format("{}[{}]", object.name, setup_.below(object.pages));
}

std::string RaceCalls::length(const Operation& operation, const RaceObject& object) {
  if (operation.name != "ftruncate") return RaceSetup::bytes(object.pages);
  unsigned pages = setup_.one_in(4) ? object.pages + setup_.below(2) : setup_.below(object.pages);
  return pages == 0 ? "0" : RaceSetup::bytes(pages);
}

std::optional<std::string> RaceCalls::operand(const Operation& operation, const std::string& word,
                                              const RaceObject& object) {
  if (const RacingWords* words = racing_words(operation, word)) {
    bool about_swap = about_swap_only_ && word == "ADVICE";
    std::string choice = about_swap ? drawn(setup_, kSwapAdvice) : drawn(setup_, words->choices);
    // When such a page goes is up to a kernel.
    if (setup_.of_a_kernel() && choice == "MADV_FREE") return std::nullopt;
    return choice;
  }
  if (word == "FD") return object.file.empty() ? std::nullopt : std::optional(object.file);
  if (word == "ADDRESS") return page(object);
  if (word == "RANGE") {
    // An access to several pages is a step for each, of which a signal leaves out the rest; serial orders have no part.
    bool accesses = operation.name == "load" || operation.name == "store";
    return accesses ? page(object) : setup_.part_of(object);
  }
  if (word == "LENGTH") return length(operation, object);
  if (word == "OFFSET") {
    unsigned first = setup_.one_in(2) ? 0 : setup_.below(object.pages);
    return first == 0 ? "0" : RaceSetup::bytes(first);
  }
  if (word == "BYTE") return setup_.letter();
  if (word.starts_with("fill(")) return fmt::format("fill({}, {})", setup_.letter(), RaceSetup::bytes(object.pages));
  if (word == "AREA") return "S";
  if (word == "PROCESS") return setup_.forked && setup_.one_in(2) ? "B" : "A";
  if (word == "NODE") return std::to_string(setup_.below(2));
  return is_literal(word) ? std::optional(word) : std::nullopt;
}

// Operations that give a name or take one away.
std::optional<std::string> RaceCalls::by_name(const Operation& operation, const RaceObject& object) {
  if (operation.name == "exit") return "exit()";
  unsigned number = names_++;
  if (operation.name == "fork") return number == 0 ? "C = fork()" : fmt::format("c{} = fork()", number);
  // Of 8 pages; a second huge page is at 6 itself.
  unsigned free_place = object.huge && object.name == "q" ? 4 : 6;
  std::string whole = RaceSetup::bytes(object.pages);
  return fmt::format("m{} = mremap({}, {}, {}, MREMAP_MAYMOVE|MREMAP_FIXED, {})", number, object.name, whole, whole,
                     RaceSetup::bytes(free_place));
}

}  // namespace quire::fuzz
