// Which scenarios a real kernel can be asked to play, and the program that it plays: the constants of a real kernel in
// place of those of a small machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/kernel_facts.h"
#include "scenario/program.h"

namespace quire::oracle {

#if defined(__SANITIZE_ADDRESS__)
#define QUIRE_PLAYER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUIRE_PLAYER_ASAN 1
#endif
#endif
/// Whether this build can play on the kernel it runs on: where mappings go is what an address sanitizer keeps for
/// itself.
#ifdef QUIRE_PLAYER_ASAN
inline constexpr bool kHasPlayer = false;
#else
inline constexpr bool kHasPlayer = true;
#endif

/// SWAP_MAP_MAX, PAGE_SIZE, ...: as every generic x86-64 kernel has them.
[[nodiscard]] std::optional<int64_t> kernel_parameter(std::string_view name);

/// Why this kernel cannot play it, in a few words; empty if it can. What only looks and cannot be looked at is no
/// reason.
[[nodiscard]] std::string why_not_played(const scenario::Program& program, const KernelFacts& kernel);

/// A name of the language that means nothing, or something else, to kernels before some version.
struct TooNew {
  std::string_view name;
  int major;
  int minor;
};
/// The first one in the text of a call that this kernel is too old for; nullptr: it knows them all.
[[nodiscard]] const TooNew* find_too_new(std::string_view call, const KernelFacts& kernel);

/// The names of its swap areas.
[[nodiscard]] std::vector<std::string> areas_of(const scenario::Scenario& scenario);

}  // namespace quire::oracle
