// What a random program in one order is about, and which operations it is made of.
//
//   Subject subject = subject_of(seed, options);
//   if (is_about(subject, *find_operation("rename"))) ...
#pragma once

#include "fuzz/generator.h"

namespace quire::fuzz {

/// Memory alone, names alone, both; files of a stack (`union=`) or of a disk.
enum class Subject : uint8_t { memory, names, both, stack, disk };

[[nodiscard]] Subject subject_of(uint64_t seed, const GeneratorOptions& options);
[[nodiscard]] bool is_about(Subject subject, const scenario::Operation& operation);

}  // namespace quire::fuzz
