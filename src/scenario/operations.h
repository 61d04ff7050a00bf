// The operations of the language: their names, operands, and what they say of themselves. Who carries them out knows
// more (runner/operations.h on a machine, oracle/ on a kernel).
//
//   const Operation* o = find_operation("munmap");      // nullptr: no such operation
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "scenario/vocabulary.h"

namespace quire::scenario {

struct Operation {
  enum class Where : std::uint8_t { anywhere, check_only };
  // What a result that is no error says.
  enum class Gives : std::uint8_t {
    value,
    address,     // the number means nothing
    pid,         // the same
    descriptor,  // the same
    amount,      // how much happened to be done
  };
  std::string_view name;
  std::string_view usage;
  std::string_view summary;
  unsigned operands_least;
  unsigned operands_most;
  Where where;
  // What a result that is not as stated is called.
  FailureClass judged;
  Gives gives;
  // How often random scenarios have it, beside the others; 0: never.
  unsigned weight;
};

// By name.
[[nodiscard]] std::span<const Operation> all_operations();
[[nodiscard]] const Operation* find_operation(std::string_view name);
// The place in all_operations() of one of them.
[[nodiscard]] std::size_t operation_index(const Operation& operation);

}  // namespace quire::scenario
