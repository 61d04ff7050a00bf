// What the commands hibernate and resume have in common.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/console.h"
#include "runner/native.h"

namespace quire::cli {

/// "EBUSY"
[[nodiscard]] std::string errno_name(base::Errno error);
/// not_as_stated: the image or the machine is not so that it could be done; bad_input: the file is no such file;
/// machine_cannot: the host has no room, no memory, or no permission.
[[nodiscard]] ExitCode exit_code_of(base::Errno error);
/// "512.0 MB in 0.41 s, 1248.8 MB/s"; MB of 10^6 bytes.
[[nodiscard]] std::string rate(uint64_t bytes, double seconds);

/// A scenario of a file for a native machine, and how an image says that it is of this one.
struct HibernatedScenario {
  runner::NativeScenario scenario;
  std::string note;
};
/// Empty: what is wrong has been told. `only`: one of several.
[[nodiscard]] std::optional<HibernatedScenario> load_scenario(const std::string& file, const std::string& only,
                                                              const Console& console);
void print_lines(const Console& console, const std::vector<runner::RunLine>& lines);
/// From now on a failed assertion of this thread, which natively is how a call of a process that is gone ends, is told
/// and ends the command.
void end_at_bugs();

}  // namespace quire::cli
