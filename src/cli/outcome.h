// What came of one scenario of a check, as all forms of output see it.
//
// O1. Every expectation that was looked at is one entry; a scenario that was skipped has a `skip` entry for each of its
//     expectations, and a worker that died leaves one failed entry.
// O2. `error` is set where nothing could be asked at all: then there are no entries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/runner.h"

namespace quire::cli {

enum class Mark : uint8_t { passed, failed, skipped };

struct Entry {
  Mark mark = Mark::passed;
  runner::Verdict verdict;  ///< of a skipped one only line, stated, defects and summary
};

struct Outcome {
  std::string file;
  std::string name;     ///< of the scenario; empty where the file has none that can be read
  int line = 0;         ///< of the scenario
  std::string skipped;  ///< why; empty if it ran
  std::string error;    ///< one line, as on stderr
  enum class Trouble : uint8_t { none, input, machine } trouble = Trouble::none;  ///< whose fault `error` is
  std::optional<scenario::Cell> cell;                                             ///< of the scenario
  std::vector<Entry> entries;
};

struct Tally {
  uint64_t passed = 0;
  uint64_t failed = 0;
  uint64_t skipped = 0;
  uint64_t input_errors = 0;
  uint64_t machine_errors = 0;

  void add(const Outcome& outcome) {
    for (const Entry& entry : outcome.entries) {
      ++(entry.mark == Mark::passed ? passed : entry.mark == Mark::failed ? failed : skipped);
    }
    if (outcome.trouble == Outcome::Trouble::input) ++input_errors;
    if (outcome.trouble == Outcome::Trouble::machine) ++machine_errors;
  }
};

/// Which reports are shown: those of failures, or all there are.
enum class Reports : uint8_t { of_failures, all };

[[nodiscard]] inline bool shows_report(const Entry& entry, Reports reports) {
  return !entry.verdict.report.empty() && (reports == Reports::all || entry.mark == Mark::failed);
}

/// " with D2-1,D1-6", or nothing.
[[nodiscard]] inline std::string with_defects(const std::vector<std::string>& defects) {
  std::string text;
  for (const std::string& id : defects) text += (text.empty() ? " with " : ",") + id;
  return text;
}

/// A form of output: told of each outcome in the order of the files.
class CheckOutput {
 public:
  CheckOutput() = default;
  CheckOutput(const CheckOutput&) = delete;
  CheckOutput& operator=(const CheckOutput&) = delete;
  virtual ~CheckOutput() = default;
  virtual void begin(std::size_t outcomes) { static_cast<void>(outcomes); }
  virtual void add(const Outcome& outcome) = 0;
  virtual void end(const Tally& tally) = 0;
};

}  // namespace quire::cli
