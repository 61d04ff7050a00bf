#include "scenario/parser.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "scenario/parse_parts.h"

namespace quire::scenario {

std::string to_string(const Diagnostic& diagnostic) {
  return fmt::format("{}:{}:{}: {}", diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.message);
}

const Document& ParseResult::document() const {
  const Document* document = std::get_if<Document>(&value_);
  if (document == nullptr) std::abort();
  return *document;
}

const Diagnostic& ParseResult::error() const {
  const Diagnostic* diagnostic = std::get_if<Diagnostic>(&value_);
  if (diagnostic == nullptr) std::abort();
  return *diagnostic;
}

ParseResult parse(std::string_view text, std::string_view file) {
  if (text.size() > kFileBytesMax) {
    return ParseResult(
        Diagnostic{std::string(file), 1, 1,
                   fmt::format("expected a file of at most {} bytes, found {}", kFileBytesMax, text.size())});
  }
  Cursor cursor(text, file);
  Document document;
  do {
    if (!cursor.at("scenario")) {
      cursor.fail("'scenario'", nearest(cursor.peek().text, section_names().first(1)));
      break;
    }
    const Position name_at = cursor.peek(1).at;
    Scenario scenario = parse_scenario(cursor);
    const auto same_name = [&](const Scenario& other) { return other.name == scenario.name; };
    if (std::any_of(document.scenarios.begin(), document.scenarios.end(), same_name)) {
      cursor.fail_at(name_at, fmt::format("expected a name of its own, found a second scenario '{}'", scenario.name));
    }
    document.scenarios.push_back(std::move(scenario));
  } while (!cursor.at_end());
  if (cursor.failed()) return ParseResult(*cursor.error());
  document.tail = cursor.take_comments();
  drop_first_blank(document.tail, nullptr);
  return ParseResult(std::move(document));
}

}  // namespace quire::scenario
