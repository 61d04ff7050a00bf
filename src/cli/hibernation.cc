#include "cli/hibernation.h"

#include <fmt/core.h>

#include <cstring>

namespace quire::cli {

using base::Errno;

std::string errno_name(Errno error) {
  const char* name = strerrorname_np(static_cast<int>(error));
  return name == nullptr ? std::to_string(static_cast<int>(error)) : name;
}

ExitCode exit_code_of(Errno error) {
  switch (error) {
    case Errno::ok:
      return ExitCode::as_stated;
    case Errno::eperm:
    case Errno::ebusy:
    case Errno::eopnotsupp:
      return ExitCode::not_as_stated;
    case Errno::einval:
    case Errno::enoent:
    case Errno::enotdir:
    case Errno::eisdir:
    case Errno::enametoolong:
    case Errno::eloop:
      return ExitCode::bad_input;
    default:
      return ExitCode::machine_cannot;
  }
}

std::string rate(uint64_t bytes, double seconds) {
  const double megabytes = static_cast<double>(bytes) / 1e6;
  return fmt::format("{:.1f} MB in {:.3f} s, {:.0f} MB/s", megabytes, seconds, megabytes / seconds);
}

}  // namespace quire::cli
