#include "import/text.h"

#include <fmt/core.h>

#include <charconv>

namespace quire::importer {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

Diagnostic complaint(std::string_view file, int line, int column, std::string message) {
  return {std::string(file), line, column, std::move(message)};
}

std::vector<TextLine> lines_of(std::string_view text) {
  std::vector<TextLine> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    lines.push_back({text.substr(0, end), static_cast<int>(lines.size()) + 1});
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < line.size();) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && !is_space(line[end])) ++end;
    words.push_back({line.substr(at, end - at), static_cast<int>(at) + 1});
    at = end;
  }
  return words;
}

std::optional<Diagnostic> not_text(std::string_view text, std::string_view file) {
  for (const TextLine& line : lines_of(text)) {
    for (std::size_t i = 0; i < line.text.size(); ++i) {
      auto byte = static_cast<unsigned char>(line.text[i]);
      if ((byte >= 0x20 || is_space(line.text[i])) && byte != 0x7f) continue;
      return complaint(file, line.number, static_cast<int>(i) + 1,
                       fmt::format("expected a text, found the byte 0x{:02x}", byte));
    }
  }
  return std::nullopt;
}

std::optional<int64_t> number_of(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  std::string_view digits = negative ? text.substr(1) : text;
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
  }
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  if (value > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return fmt::format("'{}'", text);
  return fmt::format("'{}...'", text.substr(0, kMost));
}

}  // namespace quire::importer
