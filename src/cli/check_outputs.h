// The four forms of a check's answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/console.h"
#include "cli/outcome.h"

namespace quire::cli {

enum class Figures : uint8_t { hidden, shown };

struct TextOptions {
  Reports reports = Reports::of_failures;
  Figures figures = Figures::hidden;
};

/// A line for each expectation, reports below it, then the tables of cells, `N passed, N failed, N skipped` last.
[[nodiscard]] std::unique_ptr<CheckOutput> text_output(const Console& console, const TextOptions& options);

/// One object, at the end; keys in verdict_json.h and docs/quire.1.
[[nodiscard]] std::unique_ptr<CheckOutput> json_output(const Console& console);

/// KTAP version 1: a test for each scenario, a subtest for each expectation, reports as diagnostics.
[[nodiscard]] std::unique_ptr<CheckOutput> ktap_output(const Console& console, Reports reports);

/// JUnit's XML, at the end: a suite for each scenario, a case for each expectation. The stream is the caller's.
[[nodiscard]] std::unique_ptr<CheckOutput> junit_output(std::FILE* stream);

/// As XML 1.0 may hold it: markup escaped, what is no valid character replaced.
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace quire::cli
