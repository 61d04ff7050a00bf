// What a real kernel shows of a scenario, and how it differs from what was allowed. Both sides are text: rows of
// results as scenario::observed_text() prints them.
//
//   Seen seen = observe_kernel(program, host, rounds);
//   for (const std::string& difference : differences(program, allowed, seen)) ...
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "oracle/player.h"

namespace quire::oracle {

/// A row of results, and how often it was seen.
struct Seen {
  std::map<std::vector<std::string>, uint64_t> rows;
  std::string trouble;  ///< why it could not be played; empty if it was
};

/// Plays the program `rounds` times, once if it has one block. Rows are row_of().
[[nodiscard]] Seen observe_kernel(const Program& program, const Host& host, unsigned rounds);

/// What was seen of a program: the text of each result of calls_of(program), empty where it is not compared; without
/// the set-up where there are several blocks.
[[nodiscard]] std::vector<std::string> row_of(const Program& program, const Performance& performance);

/// Whether a result can be compared: the kernel was asked for it, and it says the same on every machine.
[[nodiscard]] bool is_compared(const Call& call);

/// One line for each result that differs from the only allowed row, or for each row that is none of the allowed; empty
/// if all agrees. Rows are compared from their ends: set-ups may differ in length.
[[nodiscard]] std::vector<std::string> differences(const Program& program,
                                                   const std::set<std::vector<std::string>>& allowed, const Seen& seen);

}  // namespace quire::oracle
