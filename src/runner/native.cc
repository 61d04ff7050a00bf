#include "runner/native.h"

#include <algorithm>
#include <utility>

namespace quire::runner {
namespace {

Plan natively(Plan plan) {
  plan.machine.payload_bytes = base::kPageSize;
  if (!plan.machine.direct_map.arch) plan.machine.direct_map.arch = phys::Arch::x86;
  return plan;
}

}  // namespace

NativeScenario::NativeScenario(Plan plan) : plan_(natively(std::move(plan))), program_(plan_) { program_.log = &log_; }

void NativeScenario::begin() { program_.setup(); }

void NativeScenario::end() {
  for (unsigned task = 0; task < program_.task_count(); ++task) program_.run(task);
  program_.finish();
}

std::vector<RunLine> NativeScenario::lines() const {
  std::vector<RunLine> lines;
  for (const ScenarioProgram::Returned& r : log_) lines.push_back({line_of(plan_, r), r.as_stated});
  return lines;
}

bool NativeScenario::as_stated() const {
  return std::all_of(log_.begin(), log_.end(), [](const ScenarioProgram::Returned& r) { return r.as_stated; });
}

}  // namespace quire::runner
