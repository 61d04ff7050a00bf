// What the bytes of a scenario in one order must be, worked out from POSIX and the manual pages alone: mappings,
// private copies, files, holes, ends of files, signals. It knows nothing of page tables, swap or reclaim.
//
// What calls gave is taken as given where it is a choice of the system (where a mapping is, whether a lock was
// granted); what loads, stores, pread() and fstat().st_size gave is checked. Only the first byte of each page is
// followed. Where a system may do either of two things (MADV_FREE, a lock that failed halfway) the byte is not known
// until the next store.
//
//   std::optional<Mismatch> wrong = first_mismatch(program, results);
#pragma once

#include <optional>
#include <span>
#include <string>

#include "fuzz/sequence.h"

namespace quire::fuzz {

struct Mismatch {
  std::size_t index;     ///< of the call
  std::string expected;  ///< as observed_text() would print it
};

[[nodiscard]] std::optional<Mismatch> first_mismatch(const scenario::Program& program,
                                                     std::span<const CallResult> results);

/// Whether a call was about the root directory: what is in it besides the mounts, and its attributes, are a machine's
/// own.
[[nodiscard]] bool is_about_root(const scenario::Program& program, std::span<const CallResult> results,
                                 std::size_t index);

}  // namespace quire::fuzz
