// A scenario in one order on a machine of the engine: what each call gave, and what a detector found.
//
//   Sequence sequence = run_in_order(scenario, {"D1-1"});
//   sequence.results[3].text      // "SIGBUS(2)"
#pragma once

#include <string>
#include <vector>

#include "runner/plan.h"

namespace quire::fuzz {

struct CallResult {
  const scenario::Call* call;  ///< of Sequence::plan
  scenario::Value value;
  std::string text;  ///< scenario::observed_text()
};

struct Sequence {
  std::string error;     ///< the scenario cannot be run; empty if it can
  std::string incident;  ///< "uaf: ...", empty if nothing was wrong
  std::vector<CallResult> results;
  std::vector<std::string> reached;  ///< branches that exist because of a race or a rare state (QUIRE_REACHED)
  runner::Plan plan;

  /// Whether a name stands for the error of a failed call, so that what uses it says nothing.
  [[nodiscard]] bool names_an_error() const;
};

[[nodiscard]] Sequence run_in_order(const scenario::Scenario& scenario, const std::vector<std::string>& defects);

}  // namespace quire::fuzz
