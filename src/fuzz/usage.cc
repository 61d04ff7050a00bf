#include "fuzz/usage.h"

#include <algorithm>

namespace quire::fuzz {
namespace {

std::string trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(" []");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" []") - first + 1));
}

// Cuts at `mark` outside of parentheses.
std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] != mark || depth != 0) continue;
    parts.push_back(text.substr(start, i - start));
    start = i + 1;
  }
  parts.push_back(text.substr(start));
  return parts;
}

}  // namespace

Usage take_apart(std::string_view usage) {
  Usage result;
  std::size_t open = usage.find('(');
  std::size_t close = open;
  for (int depth = 0; close < usage.size(); ++close) {
    depth += usage[close] == '(' ? 1 : usage[close] == ')' ? -1 : 0;
    if (depth == 0) break;
  }
  bool optional = false;
  for (std::string_view part : split(usage.substr(open + 1, close - open - 1), ',')) {
    // "RANGE[" and " LENGTH]": what follows an opening bracket may be left out.
    UsageOperand operand{{}, optional || part.starts_with('[')};
    for (std::string_view word : split(part, '|')) operand.alternatives.push_back(trimmed(word));
    auto brackets = [part](char c) { return std::count(part.begin(), part.end(), c); };
    optional = (optional || brackets('[') > 0) && brackets(']') == 0;
    if (!operand.alternatives[0].empty()) result.operands.push_back(std::move(operand));
  }
  for (std::string_view part : split(usage.substr(std::min(close + 1, usage.size())), '|'))
    if (std::string word = trimmed(part); word.starts_with('.')) result.members.push_back(word.substr(1));
  return result;
}

}  // namespace quire::fuzz
