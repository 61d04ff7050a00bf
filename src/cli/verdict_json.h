// A verdict as JSON and back: the keys that scripts rely on, and what workers send.
//
// J1. Keys are added, never renamed.
// J2. verdict_from(to_json(v)) is v, whatever bytes its texts hold; only printing replaces what is not UTF-8.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "runner/runner.h"

namespace quire::cli {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const runner::Verdict& verdict);

/// Nothing where a key is missing or of another type.
[[nodiscard]] std::optional<runner::Verdict> verdict_from(const Json& json);

/// Indented, in valid UTF-8, with a line break at the end.
[[nodiscard]] std::string printed(const Json& json);

}  // namespace quire::cli
