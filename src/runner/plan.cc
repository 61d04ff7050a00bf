#include "runner/plan.h"

#include <fmt/core.h>

#include "runner/machine_line.h"
#include "runner/program.h"

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
  auto too_many = [&](std::size_t found, unsigned most, std::string_view what) -> std::optional<scenario::Diagnostic> {
    if (found <= most) return std::nullopt;
    return scenario::Diagnostic{std::string(file), scenario.at.line, scenario.at.column,
                                fmt::format("expected at most {} {}, found {}", most, what, found)};
  };
  if (auto d = too_many(plan.processes.size(), Runtime::kProcessesMax, "processes")) return *d;
  if (auto d = too_many(plan.variables.size(), Runtime::kVariablesMax, "captured results")) return *d;
  if (auto d = too_many(static_cast<std::size_t>(plan.counters), Runtime::kCountersMax, "failures")) return *d;
  return plan;
}

std::string unmet_requirement(const scenario::Scenario& scenario) {
  if (!scenario.requirements) return {};
  for (const scenario::Name& name : scenario.requirements->names)
    if (name.text != "engine") return fmt::format("requires {}", name.text);
  return {};
}

}  // namespace quire::runner
