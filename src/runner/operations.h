// Carries out the operations of the language (scenario/operations.def) on a machine.
#pragma once

#include "runner/plan.h"

namespace quire::runner {

class Runtime;

/// One call; its operands were checked when the plan was made.
Value run_operation(Runtime& runtime, const Call& call);

}  // namespace quire::runner
