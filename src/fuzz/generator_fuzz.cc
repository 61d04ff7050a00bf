// libFuzzer over the generator: the first bytes are the seed of a scenario, which runs in one order on a machine where
// detectors, invariants and the model look at it. Built with -DQUIRE_FUZZ=ON by clang.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/judge.h"
#include "scenario/format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quire::fuzz;
  std::uint64_t seed = 0;
  std::memcpy(&seed, data, size < sizeof(seed) ? size : sizeof(seed));
  quire::scenario::Scenario scenario = generate(seed, {});
  EngineJudge judge;
  if (auto wrong = judge.judge(scenario)) {
    std::fputs((format(scenario) + wrong->text + "\n").c_str(), stderr);
    std::abort();
  }
  return 0;
}
