// A schedule as one word: each run of decisions for the same task is its letter and its length, a chosen value is
// `.value`.
//
//   a12b40a5     CPU0 twelve steps, CPU1 forty, CPU0 five
//   a3.1b2       CPU0 three steps, then the step that may fail fails, CPU1 two
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "explore/path.h"

namespace quire::explore {

[[nodiscard]] std::string to_text(const Schedule& schedule);
/// Nothing if the text is no schedule.
[[nodiscard]] std::optional<Schedule> parse_schedule(std::string_view text);

}  // namespace quire::explore
