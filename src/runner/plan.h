// A plan: the program of a scenario, and the machine and the explorer it asks for. A task reads it, and never changes
// or owns anything of it.
#pragma once

#include <string>

#include "explore/executor.h"
#include "machine/options.h"
#include "scenario/program.h"

namespace quire::runner {

using scenario::Call;
using scenario::Expected;
using scenario::Injection;
using scenario::make_condition;
using scenario::Operand;
using scenario::OrDiagnostic;
using scenario::to_text;
using scenario::Value;
using scenario::Variable;
using PlanCondition = scenario::ProgramCondition;
using PlanComparison = scenario::ProgramComparison;
using TaskPlan = scenario::TaskProgram;

struct Plan : scenario::Program {
  machine::MachineOptions machine;
  explore::ExecutorOptions explorer;
};

/// Makes the plan of a scenario; `file` is for messages.
[[nodiscard]] OrDiagnostic<Plan> make_plan(const scenario::Scenario& scenario, std::string_view file);

/// A requirement that a machine of the engine does not meet, or empty. Names: root, engine, thp_swap, ...
[[nodiscard]] std::string unmet_requirement(const scenario::Scenario& scenario);

}  // namespace quire::runner
