// Small programs for two or three CPUs: a set-up that brings a few pages into some state (fuzz/race_setup.h), one or
// two calls on each CPU that are about the same pages (fuzz/race_calls.h), and a check that reads every page and counts
// what is left when all processes have ended. So small that most are explored exhaustively up to a pre-emption bound.
//
//   std::string text = race_program(7, {.cpus = 2});
#pragma once

#include <cstdint>
#include <string>

#include "fuzz/generator.h"

namespace quire::fuzz {

/// The same seed gives the same text.
[[nodiscard]] std::string race_program(uint64_t seed, const GeneratorOptions& options);

}  // namespace quire::fuzz
