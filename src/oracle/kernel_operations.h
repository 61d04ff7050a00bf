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
  /// The C expression that does the same in an exported program; what stands in braces is written by
  /// export_expressions.h. Empty where `run` is nullptr, or where export writes it itself.
  std::string_view c;
  enum class Needs : uint8_t { nothing, root, guest } needs = Needs::nothing;
  /// By whom it is called: the process before the colon, or the one that the first operand names.
  enum class By : uint8_t { caller, operand } by = By::caller;
};

[[nodiscard]] const KernelOperation& kernel_operation(const scenario::Operation& operation);

/// From now on SIGBUS and SIGSEGV of this process' loads and stores are their results.
void catch_signals();

}  // namespace quire::oracle
