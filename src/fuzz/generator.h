// Random scenarios: well-formed, mostly of calls that succeed, and the same for the same seed on every machine.
//
// G1. generate() of one seed and the same options is one text; it parses, and its program can be made.
// G2. A process makes no call after its exit(), and a name is captured before it is used.
// G3. With one CPU everything is in `check`, in one order; with more there is a set-up, a short block for each, and
// loads. Which operation comes next is drawn by the weights of scenario/operations.def. Operands are made by the words
// of an operation's usage (FD, RANGE, ADVICE, ...); few operations have a function of their own, for what they give or
// take.
//
//   Scenario scenario = generate(7, {.cpus = 1});
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "scenario/ast.h"
#include "scenario/operations.h"

namespace quire::fuzz {

struct GeneratorOptions {
  unsigned cpus = 1;    ///< 1 to 3
  unsigned calls = 24;  ///< at most, without the mappings at the start; of several CPUs: 3 each
  /// Which operations, and which members of theirs (empty: of the operation itself); nullptr: all that have a weight.
  std::function<bool(const scenario::Operation&, std::string_view member)> may = nullptr;
  /// Whether a call may have this text; nullptr: any. For names that a kernel does not know yet.
  std::function<bool(std::string_view call)> may_say = nullptr;
  /// Whether a program for several CPUs can be judged; nullptr: any. Others are drawn in place of those that cannot.
  std::function<bool(const scenario::Scenario&)> may_race = nullptr;
  /// Whether memory fails often, and the calls after that are about where it did.
  bool memory_fails = false;
  /// Whether some programs are of huge pages, as large as a kernel's (fuzz/huge_program.h).
  bool huge_pages = false;
  /// Whether uffd_writeprotect() may be about a range of several mappings.
  bool protects_several = true;
  /// Whether MREMAP_DONTUNMAP takes the locks of the whole mapping away, also of what stays where it is.
  bool unlocks_what_stays = true;
  /// Whether MADV_POPULATE_* may be about a range with holes.
  bool populates_holes = true;
  /// Whether pagemap() and mincore() look at pages of files too: which of those are mapped is up to a kernel.
  bool looks_at_files = true;
  /// Whether swap is in RAM: a page that nobody else has in swap comes back past the swap cache.
  bool synchronous_swap = false;
  /// Whether some programs are about paths: on a tmpfs, and where only the engine is asked on a stack and a disk too.
  bool paths = true;
  /// Whether some are about a stack, of a kernel.
  bool stacks = false;
  /// Whether a call on extended attributes that is wrong in itself may be about a path that is not there.
  bool strange_xattrs = true;
  /// Whether extended attributes count against nr_inodes.
  bool xattrs_take_room = true;
  /// Whether a process may give its rights up, and then link what is another's: fs.protected_hardlinks of a kernel.
  bool links_of_others = true;
  /// What a read fault on a file maps, in one order.
  unsigned fault_around_pages = 1;
  /// Races that a kernel can play: no sizes and switches of a small machine, no failures that are asked for.
  bool of_a_kernel = false;
  unsigned nodes_max = 2;
};

[[nodiscard]] scenario::Scenario generate(uint64_t seed, const GeneratorOptions& options);

/// A word of a usage for which no operand can be made, or empty: an operation with a weight has none.
[[nodiscard]] std::string unknown_operand(const scenario::Operation& operation);

}  // namespace quire::fuzz
