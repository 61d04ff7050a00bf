#include "runner/native.h"

#include <algorithm>
#include <utility>

#include "runner/plan.h"
#include "runner/program.h"

namespace quire::runner {
namespace {

Plan natively(Plan plan) {
  plan.machine.payload_bytes = base::kPageSize;
  if (!plan.machine.direct_map.arch) plan.machine.direct_map.arch = phys::Arch::x86;
  return plan;
}

}  // namespace

struct NativeScenario::Parts {
  explicit Parts(Plan made) : plan(natively(std::move(made))), program(plan) { program.log = &log; }
  Plan plan;
  std::vector<ScenarioProgram::Returned> log;
  ScenarioProgram program;
};

std::variant<NativeScenario, scenario::Diagnostic> NativeScenario::make(const scenario::Scenario& scenario,
                                                                        std::string_view file) {
  auto made = make_plan(scenario, file);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) return std::move(*diagnostic);
  return NativeScenario(std::make_unique<Parts>(std::move(std::get<Plan>(made))));
}

NativeScenario::NativeScenario(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
NativeScenario::NativeScenario(NativeScenario&&) noexcept = default;
NativeScenario& NativeScenario::operator=(NativeScenario&&) noexcept = default;
NativeScenario::~NativeScenario() = default;

void NativeScenario::begin() { parts_->program.setup(); }

void NativeScenario::adopt(void* state) { parts_->program.adopt(state); }

void NativeScenario::end() {
  for (unsigned task = 0; task < parts_->program.task_count(); ++task) parts_->program.run(task);
  parts_->program.finish();
}

machine::Machine& NativeScenario::machine() { return parts_->program.machine(); }

void* NativeScenario::state() const { return parts_->program.state(); }

std::vector<RunLine> NativeScenario::lines() const {
  std::vector<RunLine> lines;
  for (const ScenarioProgram::Returned& r : parts_->log) lines.push_back({line_of(parts_->plan, r), r.as_stated});
  return lines;
}

bool NativeScenario::as_stated() const {
  return std::all_of(parts_->log.begin(), parts_->log.end(),
                     [](const ScenarioProgram::Returned& r) { return r.as_stated; });
}

}  // namespace quire::runner
