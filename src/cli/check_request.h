// What `quire check` was asked for.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/check_outputs.h"
#include "runner/runner.h"

namespace quire::cli {

struct CheckRequest {
  std::vector<std::string> paths;
  runner::CheckOptions options;
  TextOptions text;
  bool json = false;
  bool ktap = false;
  std::string junit;  ///< file, or empty
  unsigned jobs = 1;
  std::string only;  ///< name of a scenario, or empty for all
};

/// The options of the command; they write into `request`, which outlives the parser.
void add_check_options(CLI::App& command, CheckRequest& request);

/// Seconds of "90", "1.5s", "200ms", "5m", "1h"; nothing for what is no positive time.
[[nodiscard]] std::optional<double> parse_duration(std::string_view text);

}  // namespace quire::cli
