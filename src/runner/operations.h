// The operations of the language: one table, one entry each. A call of the engine joins the language by an entry here.
#pragma once

#include <span>
#include <string_view>

#include "runner/plan.h"

namespace quire::runner {

class Runtime;

struct Operation {
  enum class Where : uint8_t { anywhere, check_only };
  /// What a result that is not as stated is called (sync::Failure).
  enum class Judged : uint8_t { check, lost_store, rss_mismatch, swap_count, leak, stale_pte };
  std::string_view name;
  std::string_view usage;
  std::string_view summary;
  unsigned operands_min;
  unsigned operands_max;
  Where where;
  Judged judged;
  Value (*run)(Runtime& runtime, const Call& call);
};

[[nodiscard]] std::span<const Operation> all_operations();
[[nodiscard]] const Operation* find_operation(std::string_view name);

}  // namespace quire::runner
