// The command `quire` as a function: arguments in, exit code out.
//
//   ExitCode code = run_command_line({"check", "scenarios"}, standard_console(), "0.1.0");
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace quire::cli {

/// `arguments` without the name of the program. Throws nothing.
[[nodiscard]] ExitCode run_command_line(std::vector<std::string> arguments, const Console& console,
                                        const std::string& version);

}  // namespace quire::cli
