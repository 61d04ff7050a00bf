// The kernel that an option names: `host`, the one that runs here, an image, or a version that `quire kernels` lists.
#pragma once

#include <string>

#include "cli/console.h"
#include "oracle/playhouse.h"

namespace quire::cli {

/// Opens it. as_stated; or it says why not and what that means for the command.
[[nodiscard]] ExitCode open_kernel(oracle::Playhouse& house, const std::string& kernel, const std::string& accelerator,
                                   const Console& console);

}  // namespace quire::cli
