#include "runner/plan.h"

#include <fmt/core.h>

#include "runner/machine_line.h"

namespace quire::runner {

OrDiagnostic<Plan> make_plan(const scenario::Scenario& scenario, std::string_view file) {
  Plan plan;
  plan.machine = machine::MachineOptions::explored();
  if (scenario.machine)
    if (auto d = apply_machine_line(*scenario.machine, file, plan.machine, plan.explorer)) return *d;
  auto parameter = [machine = plan.machine](std::string_view name) { return machine_parameter(machine, name); };
  auto program = scenario::make_program(scenario, file, parameter);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&program)) return *diagnostic;
  static_cast<scenario::Program&>(plan) = std::get<scenario::Program>(std::move(program));
  if (plan.tasks.size() > explore::kTasksMax)
    return scenario::Diagnostic{
        std::string(file), scenario.at.line, scenario.at.column,
        fmt::format("expected at most {} cpu and interrupt blocks, found {}", explore::kTasksMax, plan.tasks.size())};
  return plan;
}

std::string unmet_requirement(const scenario::Scenario& scenario) {
  if (!scenario.requirements) return {};
  for (const scenario::Name& name : scenario.requirements->names)
    if (name.text != "engine") return fmt::format("requires {}", name.text);
  return {};
}

}  // namespace quire::runner
