// The texts of `quire help`.
#pragma once

#include <span>
#include <string_view>

namespace quire::cli {

struct HelpTopic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;  ///< empty where the command makes it
};

[[nodiscard]] std::span<const HelpTopic> help_topics();

}  // namespace quire::cli
