// What a finding looks like in print: a first line in the manner of kernel reports, the freed object, the CPU0/CPU1
// table, and the line that replays it.
#pragma once

#include <string>

#include "explore/diagram.h"
#include "explore/search.h"
#include "runner/plan.h"
#include "runner/runner.h"

namespace quire::runner {

/// The token of a finding in this plan.
[[nodiscard]] std::string make_token(const Plan& plan, const std::vector<std::string>& defects,
                                     const explore::Schedule& schedule);
/// A word that changes when the scenario says something else.
[[nodiscard]] std::string fingerprint(const scenario::Scenario& scenario);

[[nodiscard]] std::string render_report(const Plan& plan, int line, const explore::Finding& finding,
                                        const explore::Recording& recording, const std::string& token);

/// "use-after-free", "deadlock", ... as kernel reports say it.
[[nodiscard]] std::string_view long_name(sync::Failure failure);

}  // namespace quire::runner
