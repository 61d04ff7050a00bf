#include "fuzz/operands.h"

#include <fmt/core.h>

#include <array>
#include <span>

#include "scenario/constants.h"
#include "scenario/operations.h"

namespace quire::fuzz {
namespace {

constexpr std::array kAdvice = {
    Choice{"MADV_DONTNEED", 10},      Choice{"MADV_PAGEOUT", 14},        Choice{"MADV_FREE", 3},
    Choice{"MADV_COLD", 2},           Choice{"MADV_WILLNEED", 2},        Choice{"MADV_POPULATE_READ", 3},
    Choice{"MADV_POPULATE_WRITE", 3}, Choice{"MADV_REMOVE", 2},          Choice{"MADV_NORMAL", 1},
    Choice{"MADV_RANDOM", 1},         Choice{"MADV_SEQUENTIAL", 1},      Choice{"MADV_DONTDUMP", 1},
    Choice{"MADV_DODUMP", 1},         Choice{"MADV_DONTNEED_LOCKED", 1}, Choice{"MADV_DONTFORK", 1},
    Choice{"MADV_DOFORK", 1},         Choice{"MADV_WIPEONFORK", 1},      Choice{"MADV_KEEPONFORK", 1},
    Choice{"MADV_GUARD_INSTALL", 1},  Choice{"MADV_GUARD_REMOVE", 1},    Choice{"99", 1}};
constexpr std::array kModes = {Choice{"FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE", 12}, Choice{"0", 5},
                               Choice{"FALLOC_FL_KEEP_SIZE", 2}, Choice{"FALLOC_FL_PUNCH_HOLE", 1}};
constexpr std::array kProt = {Choice{"PROT_READ", 6}, Choice{"PROT_READ|PROT_WRITE", 8}, Choice{"PROT_NONE", 3},
                              Choice{"PROT_WRITE", 1}};
constexpr std::array kSync = {Choice{"MS_SYNC", 4}, Choice{"MS_ASYNC", 2},         Choice{"MS_INVALIDATE", 2},
                              Choice{"0", 1},       Choice{"MS_SYNC|MS_ASYNC", 1}, Choice{"8", 1}};
constexpr std::array kSyncRange = {Choice{"SYNC_FILE_RANGE_WRITE", 3},
                                   Choice{"SYNC_FILE_RANGE_WRITE_AND_WAIT", 5},
                                   Choice{"SYNC_FILE_RANGE_WAIT_BEFORE", 1},
                                   Choice{"SYNC_FILE_RANGE_WAIT_AFTER", 1},
                                   Choice{"SYNC_FILE_RANGE_WRITE|SYNC_FILE_RANGE_WAIT_AFTER", 1},
                                   Choice{"0", 1},
                                   Choice{"8", 1}};
constexpr std::array kFileAdvice = {Choice{"POSIX_FADV_DONTNEED", 4},
                                    Choice{"POSIX_FADV_WILLNEED", 3},
                                    Choice{"POSIX_FADV_RANDOM", 1},
                                    Choice{"POSIX_FADV_SEQUENTIAL", 1},
                                    Choice{"POSIX_FADV_NORMAL", 1},
                                    Choice{"POSIX_FADV_NOREUSE", 1},
                                    Choice{"99", 1}};
constexpr std::array kLock = {Choice{"MLOCK_ONFAULT", 8}, Choice{"0", 2}, Choice{"2", 1}};
constexpr std::array kLockAll = {Choice{"MCL_CURRENT", 6},
                                 Choice{"MCL_FUTURE", 2},
                                 Choice{"MCL_CURRENT|MCL_FUTURE", 2},
                                 Choice{"MCL_CURRENT|MCL_ONFAULT", 2},
                                 Choice{"MCL_FUTURE|MCL_ONFAULT", 1},
                                 Choice{"MCL_ONFAULT", 1},
                                 Choice{"0", 1},
                                 Choice{"64", 1}};

/// What a word stands for, in all operations or in one.
struct Words {
  std::string_view word;
  std::string_view operation;  ///< empty: any
  std::span<const Choice> choices;
};
constexpr std::array kWords = {Words{"ADVICE", "madvise", kAdvice}, Words{"ADVICE", "posix_fadvise", kFileAdvice},
                               Words{"MODE", "", kModes},           Words{"PROT", "", kProt},
                               Words{"FLAGS", "msync", kSync},      Words{"FLAGS", "sync_file_range", kSyncRange},
                               Words{"FLAGS", "mlock2", kLock},     Words{"FLAGS", "mlockall", kLockAll}};
constexpr std::array<std::string_view, 12> kMade = {"FD",   "ADDRESS", "RANGE", "LENGTH", "OFFSET", "BYTE",
                                                    "AREA", "PROCESS", "NODE",  "PAGES",  "FLAGS",  "NAME"};

constexpr unsigned kFilePagesMax = 8;
constexpr unsigned kBufferPagesMax = 4;

}  // namespace

std::string Operands::bytes(unsigned pages) { return pages == 1 ? "4K" : fmt::format("{}*4K", pages); }

bool Operands::knows(const std::string& word) {
  if (std::size_t open = word.find('('); open != std::string::npos) {
    for (const UsageOperand& inner : take_apart(word).operands)
      if (!knows(inner.alternatives[0])) return false;
    return true;
  }
  for (const Words& w : kWords)
    if (w.word == word) return true;
  for (std::string_view made : kMade)
    if (made == word) return true;
  if (PathOperands::knows(word)) return true;
  return (word[0] >= '0' && word[0] <= '9') || scenario::constant_value(word).has_value();
}

const Mapped* Operands::mapping(const Known& known, unsigned process) {
  if (known.mappings.empty()) return nullptr;
  bool same = one_in(2);
  for (unsigned attempt = 0; attempt < 8; ++attempt) {
    const Mapped& m = known.mappings[below(known.mappings.size())];
    if ((m.processes >> process & 1) != 0 && (!same || m.name == focus_)) return &m;
  }
  return &known.mappings[below(known.mappings.size())];
}

unsigned Operands::page(const Mapped& mapping) {
  if (mapping.name == focus_ && focus_page_ < mapping.pages && one_in(2)) return focus_page_;
  focus_ = mapping.name;
  focus_page_ = below(mapping.pages);
  return focus_page_;
}

// One page, some pages, all of them; now and then one that is not there.
std::string Operands::range(std::string_view operation, const Mapped& mapping) {
  unsigned first = page(mapping);
  bool accesses = operation == "load" || operation == "store";
  unsigned most = operation == "load" ? 1 : mapping.pages - first;
  if (!accesses && one_in(4)) return fmt::format("{}[0:{}]", mapping.name, mapping.pages);
  unsigned pages = one_in(2) ? 1 : 1 + below(most);
  if (!accesses && one_in(30)) pages += 1 + below(2);
  if (!accesses && one_in(40)) return fmt::format("{}[{}]+8, 4K", mapping.name, first);
  if (accesses && one_in(40)) first = mapping.pages;
  return pages == 1 ? fmt::format("{}[{}]", mapping.name, first)
                    : fmt::format("{}[{}:{}]", mapping.name, first, first + pages);
}

std::string Operands::length(std::string_view operation) {
  if (one_in(30)) return "-4K";
  // A file that gets shorter is worth more than one that grows.
  if (operation == "ftruncate" && one_in(4)) return "0";
  std::string whole = bytes(1 + below(operation == "ftruncate" && one_in(2) ? 3 : kFilePagesMax));
  return one_in(10) ? whole + "+100" : whole;
}

std::string Operands::offset() {
  unsigned pages = below(kFilePagesMax);
  if (one_in(60)) return "-4K";
  if (one_in(10)) return pages == 0 ? "100" : bytes(pages) + "+100";
  return pages == 0 ? "0" : bytes(pages);
}

std::optional<std::string> Operands::make(std::string_view operation, const std::string& word, const Known& known,
                                          unsigned process) {
  if (PathOperands::is_about_paths(*scenario::find_operation(operation))) {
    if (auto made = paths_.make(operation, word, known.mount)) return made;
    if (word == "LENGTH") return length("ftruncate");
  }
  if (std::size_t open = word.find('('); open != std::string::npos) {
    std::string text;
    for (const UsageOperand& inner : take_apart(word).operands) {
      // A buffer has some length.
      bool bytes_of_buffer = inner.alternatives[0] == "LENGTH";
      auto made =
          bytes_of_buffer ? bytes(1 + below(kBufferPagesMax)) : make(operation, inner.alternatives[0], known, process);
      if (!made) return std::nullopt;
      text += (text.empty() ? "" : ", ") + *made;
    }
    return word.substr(0, open + 1) + text + ")";
  }
  for (const Words& w : kWords)
    if (w.word == word && (w.operation.empty() || w.operation == operation)) return pick(w.choices);
  const Mapped* m = mapping(known, process);
  bool looks = operation == "pagemap" || operation == "mincore";
  if (looks && m != nullptr && (m->shared || m->file) && !known.looks_at_files) return std::nullopt;
  if (word == "FD") {
    if (known.files.empty()) return std::nullopt;
    return one_in(60) ? "99" : known.files[below(known.files.size())].name;
  }
  if (word == "ADDRESS" || word == "RANGE") {
    if (m == nullptr) return std::nullopt;
    if (word == "RANGE" || operation == "load" || operation == "store") return range(operation, *m);
    return fmt::format("{}[{}]", m->name, page(*m));
  }
  if (word == "LENGTH") return length(operation);
  if (word == "OFFSET") return offset();
  if (word == "BYTE") return fmt::format("'{}'", static_cast<char>('a' + letter_++ % 26));
  // A kernel needs 20 ms to give one up.
  if (word == "AREA") return one_in(6) ? std::optional<std::string>("S") : std::nullopt;
  if (word == "PROCESS") {
    unsigned p = below(known.processes.size());
    return known.running[p] ? known.processes[p] : known.processes[process];
  }
  if (word == "NODE" || word == "FLAGS") return "0";
  if (word == "PAGES") return std::to_string(1 + below(4));
  if (word == "NAME") return "\"f\"";
  return word;
}

}  // namespace quire::fuzz
