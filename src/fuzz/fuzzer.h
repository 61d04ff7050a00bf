// The fuzzer: one random scenario after the other, judged; what is wrong is made small and told.
//
//   EngineJudge judge;
//   FuzzResult result = fuzz(judge, {.seconds = 10});
//   for (const Found& found : result.findings) print(format(found.scenario));
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fuzz/generator.h"
#include "fuzz/judge.h"

namespace quire::fuzz {

struct Found {
  uint64_t seed = 0;            ///< of the scenario it was found with
  uint64_t program = 0;         ///< how many were judged until then
  double seconds = 0;           ///< until then
  scenario::Document document;  ///< one scenario, made small, with results as they should be and a comment
  Wrong wrong;                  ///< of that scenario
};

struct FuzzOptions {
  uint64_t seed = 1;
  double seconds = 60;
  uint64_t programs = UINT64_MAX;
  std::size_t findings = 20;  ///< ends when so many that look different were found
  GeneratorOptions generator = {};
  std::function<void(const Found&)> on_found = nullptr;
};

struct FuzzResult {
  uint64_t programs = 0;  ///< judged
  uint64_t skipped = 0;   ///< that said nothing
  std::map<std::string, uint64_t> why_skipped = {};
  uint64_t differences = 0;  ///< with something wrong, also if it looked like what was known
  uint64_t passing = 0;      ///< seen once and not again
  std::map<std::string, uint64_t> what_passed = {};
  double seconds = 0;
  std::vector<Found> findings;
};

[[nodiscard]] FuzzResult fuzz(Judge& judge, const FuzzOptions& options);

/// Up to `count` scenarios with which nothing is wrong, each with its results stated and with something that those
/// before it have not: a result of an operation, or a rare branch of the engine. For one CPU.
[[nodiscard]] scenario::Document collect(Judge& judge, const FuzzOptions& options, std::size_t count);

/// A finding made small.
[[nodiscard]] Found make_small(Judge& judge, const scenario::Scenario& scenario, const Wrong& wrong);

/// Writes what each call gave after its `=`, where that is a value or an error.
void state_results(scenario::Scenario& scenario, const std::vector<std::string>& results);

}  // namespace quire::fuzz
