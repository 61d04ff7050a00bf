// What each operation of the language is on a real kernel, or why it is nothing there.
#pragma once

#include <string_view>

#include "oracle/actor.h"

namespace quire::oracle {

struct KernelOperation {
  /// nullptr: no kernel can be asked for it.
  Value (*run)(Actor& actor, const Call& call) = nullptr;
  /// Then: why.
  std::string_view why_not;
  /// Whether it only looks: where it cannot be asked for, the rest of the scenario says as much as before.
  enum class Does : uint8_t { act, look } does = Does::act;
};

[[nodiscard]] const KernelOperation& kernel_operation(const scenario::Operation& operation);

}  // namespace quire::oracle
