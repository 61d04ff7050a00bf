// What a random program in one order is about, and which operations it is made of.
//
//   Subject subject = subject_of(seed, options);
//   if (is_about(subject, *find_operation("rename"), options)) ...
#pragma once

#include "fuzz/generator.h"

namespace quire::fuzz {

/// Memory alone, names alone, both; files of a stack (`union=`) or of a disk.
enum class Subject : uint8_t { memory, names, both, stack, disk };

[[nodiscard]] Subject subject_of(uint64_t seed, const GeneratorOptions& options);
/// Also whether a kernel, if one is asked, does the same there: overlayfs has no pages of its own, and extended
/// attributes of its own where it says how long all of them are.
[[nodiscard]] bool is_about(Subject subject, const scenario::Operation& operation, const GeneratorOptions& options);

}  // namespace quire::fuzz
