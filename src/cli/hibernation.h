// What the commands hibernate and resume have in common.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/console.h"

namespace quire::cli {

/// "EBUSY"
[[nodiscard]] std::string errno_name(base::Errno error);
/// not_as_stated: the image or the machine is not so that it could be done; bad_input: the file is no such file;
/// machine_cannot: the host has no room, no memory, or no permission.
[[nodiscard]] ExitCode exit_code_of(base::Errno error);
/// "512.0 MB in 0.41 s, 1248.8 MB/s"; MB of 10^6 bytes.
[[nodiscard]] std::string rate(uint64_t bytes, double seconds);

}  // namespace quire::cli
