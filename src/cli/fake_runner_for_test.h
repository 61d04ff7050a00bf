// The one text of the fake runner that tests compare with.
#pragma once

#include <string>
#include <string_view>

#include "runner/runner.h"

namespace quire::runner {

[[nodiscard]] std::string fake_report(std::string_view token);

}  // namespace quire::runner
