// Making a Complaint, where nothing may be allocated.
#pragma once

#include <fmt/format.h>

#include <utility>

#include "base/result.h"
#include "power/image_format.h"

namespace quire::power {

/// Returns `error`. A text that is too long is cut.
template <typename... Args>
[[nodiscard]] base::Errno complain(Complaint& complaint, base::Errno error, fmt::format_string<const Args&...> format,
                                   const Args&... args) {
  complaint.text = {};
  (void)fmt::format_to_n(complaint.text.data(), complaint.text.size() - 1, format, args...);
  return error;
}

}  // namespace quire::power
