#include "oracle/export_writer.h"

#include <algorithm>

namespace quire::oracle {
namespace {

constexpr std::size_t kColumns = 92;
constexpr std::size_t kTab = 8;
constexpr std::size_t kRepeatLengthMax = 16;

// Where to break a line of at most `room` columns: after the last comma outside of strings that fits, else after the
// first. npos: nowhere.
std::size_t break_of(const std::string& text, std::size_t room) {
  std::size_t found = std::string::npos;
  bool in_string = false;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) in_string = !in_string;
    bool here = !in_string && ((text[i] == ',' && text[i + 1] == ' ') || text.compare(i, 2, "| ") == 0);
    if (!here) continue;
    if (i + 1 > room && found != std::string::npos) break;
    found = i + 1;
  }
  return found;
}

bool same_statement(const scenario::Call& a, const scenario::Call& b) {
  return a.at.line == b.at.line && a.at.column == b.at.column;
}

}  // namespace

void CWriter::line(const std::string& statement) {
  ++statements_;
  std::string rest = statement;
  std::size_t depth = static_cast<std::size_t>(depth_);
  if (std::size_t end = rest.find("\n\t"); end != std::string::npos) {  // a condition before it
    text_ += std::string(depth++, '\t') + rest.substr(0, end) + "\n";
    rest.erase(0, end + 2);
    ++statements_;
  }
  bool comment = rest.starts_with("/*");
  for (bool first = true; !rest.empty(); first = false) {
    std::size_t indent = depth + (first ? 0 : 2);
    std::size_t room = kColumns - std::min(kColumns / 2, indent * kTab);
    std::size_t at = rest.size() > room && !comment ? break_of(rest, room) : std::string::npos;
    text_ += std::string(indent, '\t') + rest.substr(0, at) + "\n";
    rest.erase(0, at == std::string::npos ? at : at + 1);
    if (at == std::string::npos) break;
  }
}

void CWriter::blank() {
  if (!text_.empty() && !text_.ends_with("\n\n")) text_ += "\n";
}

std::string CWriter::indented(int by) const {
  std::string out;
  for (std::size_t at = 0; at < text_.size();) {
    std::size_t end = text_.find('\n', at) + 1;
    if (end > at + 1) out += std::string(static_cast<std::size_t>(by), '\t');
    out += text_.substr(at, end - at);
    at = end;
  }
  return out;
}

Repeat repeat_at(const std::vector<scenario::Call>& calls, std::size_t first) {
  for (std::size_t length = 1; length <= kRepeatLengthMax && first + 2 * length <= calls.size(); ++length) {
    std::size_t same = 0;
    while (first + length + same < calls.size() && same_statement(calls[first + same], calls[first + length + same]))
      ++same;
    if (same >= length) return {length, same / length + 1};
  }
  return {};
}

}  // namespace quire::oracle
