// The closed sets of words of the language, and the nearest of them to a word that is none.
//
//   failure_class("leek")                      == std::nullopt
//   nearest("leek", failure_class_names())     == "leak"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace quire::scenario {

// What an execution may be accused of.
enum class FailureClass : std::uint8_t {
  uaf,
  double_free,
  bug,
  fault,
  race,
  deadlock,
  livelock,
  lock_order,
  atomic_sleep,
  leak,
  lost_store,
  stale_pte,
  stale_tlb,
  rss_mismatch,
  swap_count,
  double_unlock,
  null_deref,
  rcu,
  check,
};

enum class Quantifier : std::uint8_t { never, always, sometimes };

enum class CompareOp : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

// All names, in the order of the enumeration.
[[nodiscard]] std::span<const std::string_view> failure_class_names();
[[nodiscard]] std::string_view failure_class_name(FailureClass failure);
// nullopt where the name is none of them.
[[nodiscard]] std::optional<FailureClass> failure_class(std::string_view name);

[[nodiscard]] std::string_view quantifier_name(Quantifier quantifier);
[[nodiscard]] std::optional<Quantifier> quantifier(std::string_view name);

[[nodiscard]] std::string_view compare_op_text(CompareOp op);
[[nodiscard]] std::optional<CompareOp> compare_op(std::string_view text);

// Words that may follow `scenario` or start a line below it.
[[nodiscard]] std::span<const std::string_view> section_names();
// Words that start an item of `expect`.
[[nodiscard]] std::span<const std::string_view> expect_item_names();
// Keys of the machine line whose value is never a knob's, even when it is `on` or `off`.
[[nodiscard]] bool is_machine_key(std::string_view key);
[[nodiscard]] bool is_signal_name(std::string_view name);

// The candidate within two edits (one for words of up to three letters) of `word`; empty where there is none.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace quire::scenario
