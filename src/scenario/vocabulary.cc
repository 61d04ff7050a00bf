#include "scenario/vocabulary.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace quire::scenario {
namespace {

constexpr std::array<std::string_view, 19> kFailureClasses{
    "uaf",        "double_free",   "bug",        "fault",      "race",      "deadlock",  "livelock",
    "lock_order", "atomic_sleep",  "leak",       "lost_store", "stale_pte", "stale_tlb", "rss_mismatch",
    "swap_count", "double_unlock", "null_deref", "rcu",        "check",
};
constexpr std::array<std::string_view, 3> kQuantifiers{"never", "always", "sometimes"};
constexpr std::array<std::string_view, 6> kCompareOps{"==", "!=", "<", "<=", ">", ">="};
constexpr std::array<std::string_view, 11> kSections{
    "scenario", "ref", "cell", "machine", "requires", "setup", "cpu", "interrupt", "schedule", "check", "expect"};
constexpr std::array<std::string_view, 7> kExpectItems{"never",    "always",      "sometimes", "outcomes",
                                                       "complete", "preemptions", "within"};
constexpr std::array<std::string_view, 8> kMachineKeys{"cpus",    "nodes", "ram", "swap",
                                                       "backend", "arch",  "thp", "thp_swap"};
constexpr std::array<std::string_view, 3> kSignals{"SIGBUS", "SIGSEGV", "SIGKILL"};

// A word longer than this is no misspelling, and the table of distances stays on the stack.
constexpr std::size_t kWordMax = 40;

template <class Names>
std::optional<std::size_t> index_of(const Names& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::array<std::size_t, kWordMax + 1> row{};
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[right.size()];
}

}  // namespace

std::span<const std::string_view> failure_class_names() { return kFailureClasses; }

std::string_view failure_class_name(FailureClass failure) { return kFailureClasses[static_cast<std::size_t>(failure)]; }

std::optional<FailureClass> failure_class(std::string_view name) {
  const auto index = index_of(kFailureClasses, name);
  if (!index) return std::nullopt;
  return static_cast<FailureClass>(*index);
}

std::string_view quantifier_name(Quantifier quantifier) { return kQuantifiers[static_cast<std::size_t>(quantifier)]; }

std::optional<Quantifier> quantifier(std::string_view name) {
  const auto index = index_of(kQuantifiers, name);
  if (!index) return std::nullopt;
  return static_cast<Quantifier>(*index);
}

std::string_view compare_op_text(CompareOp op) { return kCompareOps[static_cast<std::size_t>(op)]; }

std::optional<CompareOp> compare_op(std::string_view text) {
  const auto index = index_of(kCompareOps, text);
  if (!index) return std::nullopt;
  return static_cast<CompareOp>(*index);
}

std::span<const std::string_view> section_names() { return kSections; }
std::span<const std::string_view> expect_item_names() { return kExpectItems; }
bool is_machine_key(std::string_view key) { return index_of(kMachineKeys, key).has_value(); }
bool is_signal_name(std::string_view name) { return index_of(kSignals, name).has_value(); }

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > kWordMax) return {};
  std::string_view best;
  std::size_t best_distance = word.size() <= 3 ? 2 : 3;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kWordMax) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace quire::scenario
