// Makes a scenario small while something stays true of it: drops calls, blocks and options of the machine, names fewer
// processes and pages, takes simpler operands. What is left loses what it is about when any one of these steps is taken
// again, unless the number of trials was used up.
//
//   Scenario small = shrink(scenario, [](const Scenario& s) { return still_fails(s); });
#pragma once

#include <functional>
#include <vector>

#include "scenario/ast.h"

namespace quire::fuzz {

inline constexpr unsigned kTrialsMax = 4'000;

[[nodiscard]] scenario::Scenario shrink(const scenario::Scenario& scenario,
                                        const std::function<bool(const scenario::Scenario&)>& still,
                                        unsigned trials_max = kTrialsMax);

/// Makes the machine line small: fewer CPUs, less RAM and swap, options left out.
[[nodiscard]] scenario::Scenario shrink_machine(const scenario::Scenario& scenario,
                                                const std::function<bool(const scenario::Scenario&)>& still);

/// How many calls it has; a repeat counts as what stands in it.
[[nodiscard]] std::size_t count_calls(const scenario::Scenario& scenario);

/// Expressions that say less: a flag of several, a page of a range, a smaller number.
[[nodiscard]] std::vector<scenario::Expr> simpler(const scenario::Expr& expr);

}  // namespace quire::fuzz
