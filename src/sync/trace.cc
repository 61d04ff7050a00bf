#include "sync/trace.h"

#include <fmt/format.h>

#include <iterator>

namespace quire::sync {

void point_with(Driver& driver, const char* name, fmt::string_view text, fmt::format_args args) {
  if (!driver.wants_detail()) return driver.point(name, {});
  fmt::memory_buffer buffer;
  fmt::vformat_to(std::back_inserter(buffer), text, args);
  driver.point(name, {buffer.data(), buffer.size()});
}

}  // namespace quire::sync
