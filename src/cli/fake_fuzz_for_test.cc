// A fuzzer that finds one thing with seed 7 and nothing with any other, so that the command can be tested without an
// engine.
#include "fuzz/fuzzer.h"
#include "fuzz/shrink.h"
#include "scenario/parser.h"

namespace quire::fuzz {
namespace {

class NoJudge final : public Judge {
 public:
  using Judge::Judge;
  std::optional<Wrong> judge(const scenario::Scenario&) override { return std::nullopt; }
};

scenario::Document one_scenario() {
  return scenario::parse("scenario small \"one call\"\ncheck { A: tasks() = 1 }\n", "a.qs").document();
}

}  // namespace

std::unique_ptr<Judge> make_judge(const JudgeOptions& options, std::string& trouble) {
  if (options.against == JudgeOptions::Against::engine) return std::make_unique<NoJudge>(options.defects);
  trouble = "swap needs root";
  return nullptr;
}

GeneratorOptions generator_for(const JudgeOptions&, const Judge&) { return {}; }

scenario::Document collect(Judge&, const FuzzOptions&, std::size_t) { return one_scenario(); }

// Drops calls of the check from the end, as long as `still` allows it.
scenario::Scenario shrink(const scenario::Scenario& scenario,
                          const std::function<bool(const scenario::Scenario&)>& still, unsigned) {
  scenario::Scenario best = scenario;
  while (best.check && !best.check->body.items.empty()) {
    scenario::Scenario candidate = best;
    candidate.check->body.items.pop_back();
    if (!still(candidate)) break;
    best = candidate;
  }
  return best;
}

scenario::Scenario shrink_machine(const scenario::Scenario& scenario,
                                  const std::function<bool(const scenario::Scenario&)>&) {
  return scenario;
}

std::size_t count_calls(const scenario::Scenario& scenario) {
  return scenario.check ? scenario.check->body.items.size() : 0;
}

FuzzResult fuzz(Judge&, const FuzzOptions& options) {
  FuzzResult result;
  result.programs = 1'000;
  result.seconds = 2;
  if (options.seed != 7) return result;
  Found found{7, 12, 0.5, one_scenario(), {"contents", "tasks(): 2 in the engine, 1 by the model", {}, {}, {}}};
  options.on_found(found);
  result.differences = 3;
  result.findings.push_back(std::move(found));
  return result;
}

}  // namespace quire::fuzz
