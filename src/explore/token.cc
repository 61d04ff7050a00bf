#include "explore/token.h"

#include <charconv>

namespace quire::explore {

std::string to_text(const Schedule& schedule) {
  std::string text;
  for (std::size_t i = 0; i < schedule.size();) {
    if (schedule[i].kind == Decision::Kind::value) {
      text += '.' + std::to_string(schedule[i].value);
      ++i;
      continue;
    }
    std::size_t run = 1;
    while (i + run < schedule.size() && schedule[i + run] == schedule[i]) ++run;
    text += static_cast<char>('a' + schedule[i].value);
    if (run > 1) text += std::to_string(run);
    i += run;
  }
  return text;
}

std::optional<Schedule> parse_schedule(std::string_view text) {
  Schedule schedule;
  for (std::size_t i = 0; i < text.size();) {
    char c = text[i++];
    unsigned number = 1;
    const char* begin = text.data() + i;
    auto [end, error] = std::from_chars(begin, text.data() + text.size(), number);
    bool has_number = error == std::errc{};
    if (error == std::errc::result_out_of_range) return std::nullopt;
    if (has_number) i += static_cast<std::size_t>(end - begin);
    if (c == '.') {
      if (!has_number || number > 255) return std::nullopt;
      schedule.push_back({Decision::Kind::value, static_cast<uint8_t>(number)});
    } else {
      bool is_task = c >= 'a' && c < static_cast<char>('a' + kTasksMax);
      if (!is_task || number == 0 || schedule.size() + number > kStepsMax) return std::nullopt;
      schedule.insert(schedule.end(), number, {Decision::Kind::task, static_cast<uint8_t>(c - 'a')});
    }
  }
  return schedule;
}

}  // namespace quire::explore
