#include "cli/open_kernel.h"

#include <fmt/core.h>

#include "oracle/kernels.h"

namespace quire::cli {

ExitCode open_kernel(oracle::Playhouse& house, const std::string& kernel, const std::string& accelerator,
                     const Console& console) {
  std::string image = kernel == "host" ? std::string() : oracle::find_kernel(kernel);
  if (kernel != "host" && image.empty()) {
    complain(console,
             fmt::format("expected host, an image or a version that `quire kernels` lists, found '{}'", kernel));
    return ExitCode::bad_input;
  }
  std::string why =
      image.empty() ? house.open_here({}) : house.open_guest({.kernel = image, .accelerator = accelerator});
  if (why.empty()) return ExitCode::as_stated;
  complain(console, why);
  return ExitCode::machine_cannot;
}

}  // namespace quire::cli
