#include "sync/check_report.h"

#include <fmt/core.h>

#include <algorithm>

namespace quire::sync {

void CheckReport::fail_with(Failure failure, fmt::string_view text, fmt::format_args args) {
  if (!ok_) return;
  ok_ = false;
  failure_ = failure;
  auto out = fmt::vformat_to_n(message_, kMessageBytes, text, args);
  size_ = std::min(out.size, kMessageBytes);
}

}  // namespace quire::sync
