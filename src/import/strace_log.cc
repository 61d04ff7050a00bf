#include "import/strace_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

namespace quire::importer {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool all_of(std::string_view text, bool (*test)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), test);
}

// 12:34:56, 12:34:56.789012, 1700000000.123456, 0.000123
bool is_time(std::string_view word) {
  return all_of(word, [](char c) { return is_digit(c) || c == ':' || c == '.'; }) && !all_of(word, is_digit) &&
         is_digit(word[0]);
}

constexpr std::string_view kUnfinished = "<unfinished ...>";
constexpr std::string_view kDetached = "<detached ...>";
constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Walks over an argument list: strings and remarks are passed as a whole, brackets nest.
class Walk {
 public:
  explicit Walk(std::string_view text, std::size_t at) : text_(text), at_(at) {}
  [[nodiscard]] bool end() const { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] char here() const { return text_[at_]; }
  [[nodiscard]] bool in_remark() const { return text_.substr(at_).starts_with("/*"); }

  /// One character, string or remark.
  void step() {
    if (here() == '"') return string();
    if (in_remark()) {
      std::size_t close = text_.find("*/", at_ + 2);
      at_ = close == std::string_view::npos ? text_.size() : close + 2;
      return;
    }
    ++at_;
  }

 private:
  void string() {
    for (++at_; !end() && here() != '"'; ++at_)
      if (here() == '\\') ++at_;
    at_ = std::min(at_ + 1, text_.size());
  }

  std::string_view text_;
  std::size_t at_;
};

class StraceReader {
 public:
  explicit StraceReader(std::string_view file) : file_(file) {}

  std::variant<StraceLog, Diagnostic> read(std::string_view text) {
    for (const TextLine& line : lines_of(text)) {
      if (!trimmed(line.text).empty()) this->line(line);
      if (complaint_) return *complaint_;
    }
    for (const auto& [pid, half] : halves_) log_.unfinished += half.text.empty() ? 0 : 1;
    std::erase_if(log_.records,
                  [](const StraceRecord& r) { return r.name.empty() && r.kind == StraceRecord::Kind::call; });
    if (log_.records.empty()) return complaint(file_, 1, 1, "expected calls as strace prints them, found none");
    return std::move(log_);
  }

 private:
  struct Half {
    std::string text;
    std::size_t record = 0;  ///< the place kept for a fork
  };

  void fail(std::size_t column, std::string message) {
    if (!complaint_) complaint_ = complaint(file_, number_, static_cast<int>(column) + 1, std::move(message));
  }

  // Takes a word that `test` knows off the front.
  template <typename Test>
  std::string_view take_word(Test test) {
    std::size_t first = text_.find_first_not_of(kSpace, at_);
    if (first == std::string_view::npos) return {};
    std::size_t end = text_.find_first_of(kSpace, first);
    if (end == std::string_view::npos) return {};
    std::string_view word = text_.substr(first, end - first);
    if (!test(word)) return {};
    at_ = end;
    return word;
  }

  int pid() {
    std::string_view rest = text_.substr(at_);
    if (rest.starts_with("[pid")) {
      std::size_t close = rest.find(']');
      std::optional<int64_t> number =
          close == std::string_view::npos ? std::nullopt : number_of(trimmed(rest.substr(4, close - 4)));
      if (!number || *number < 1 || *number > INT32_MAX) {
        fail(at_, "expected [pid NUMBER]");
        return 0;
      }
      at_ += close + 1;
      return static_cast<int>(*number);
    }
    std::string_view word = take_word([](std::string_view w) { return all_of(w, is_digit); });
    std::optional<int64_t> number = word.empty() ? std::nullopt : number_of(word);
    if (!word.empty() && (!number || *number > INT32_MAX))
      fail(0, fmt::format("expected a process, found {}", quoted(word)));
    return static_cast<int>(number.value_or(0));
  }

  void line(const TextLine& line) {
    text_ = line.text;
    number_ = line.number;
    at_ = 0;
    if (text_.starts_with("strace: ")) return;
    int pid = this->pid();
    take_word(is_time);
    at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size());
    std::string_view rest = trimmed(text_.substr(at_));
    if (complaint_ || rest.empty()) return;
    if (rest.starts_with("--- ")) {
      ++log_.signals;
    } else if (rest.starts_with("+++ ")) {
      StraceRecord& ended = log_.records.emplace_back();
      ended.kind = StraceRecord::Kind::ended;
      ended.pid = pid;
      ended.line = number_;
    } else if (rest.starts_with("<... ")) {
      resumed(pid, rest);
    } else if (rest.ends_with(kUnfinished) || rest.ends_with(kDetached)) {
      rest.remove_suffix(rest.ends_with(kUnfinished) ? kUnfinished.size() : kDetached.size());
      Half& half = halves_[pid];
      half.text = rest;
      half.record = log_.records.size();
      // A fork's place: its child's calls come before it returns. Filled in when it does.
      if (is_fork(rest.substr(0, rest.find('(')))) log_.records.emplace_back().pid = pid;
    } else {
      StraceRecord record = call(pid, rest, at_);
      log_.records.push_back(std::move(record));
    }
  }

  void resumed(int pid, std::string_view rest) {
    std::size_t close = rest.find('>');
    auto half = halves_.find(pid);
    if (close == std::string_view::npos) return fail(at_ + rest.size(), "expected `resumed>`");
    if (half == halves_.end() || half->second.text.empty())
      return fail(at_, "expected the first half of this call before it");
    std::string whole = half->second.text + std::string(rest.substr(close + 1));
    std::size_t place = half->second.record;
    half->second.text.clear();
    StraceRecord record = call(pid, whole, 0);
    if (is_fork(record.name)) {
      log_.records[place] = std::move(record);
    } else {
      log_.records.push_back(std::move(record));
    }
  }

  // NAME(ARGUMENTS) = RESULT; `column` is where the text stands in its line, from 0.
  StraceRecord call(int pid, std::string_view text, std::size_t column) {
    StraceRecord record;
    record.pid = pid;
    record.line = number_;
    record.column = static_cast<int>(column) + 1;
    std::size_t open = text.find('(');
    if (open == std::string_view::npos || !all_of(text.substr(0, open), is_word)) {
      fail(column, fmt::format("expected a call such as munmap(0x7f0000000000, 4096) = 0, found {}", quoted(text)));
      return record;
    }
    record.name = text.substr(0, open);
    std::size_t close = arguments(record, text, open + 1, column);
    if (complaint_) return record;
    result(record, text, close + 1, column);
    return record;
  }

  // Returns where the closing parenthesis is.
  std::size_t arguments(StraceRecord& record, std::string_view text, std::size_t first, std::size_t column) {
    std::string argument;
    std::size_t start = first;
    std::string brackets;
    auto finish = [&] {
      std::string_view bare = trimmed(argument);
      if (!bare.empty()) record.arguments.push_back({std::string(bare), static_cast<int>(column + start) + 1});
      argument.clear();
    };
    for (Walk walk(text, first); !walk.end();) {
      char c = walk.here();
      bool plain = c != '"' && !walk.in_remark();
      if (plain && brackets.empty() && (c == ',' || c == ')')) {
        finish();
        if (c == ')') return walk.at();
        start = walk.at() + 1 + (text.substr(walk.at() + 1).starts_with(" ") ? 1 : 0);
        walk.step();
        continue;
      }
      if (plain && (c == '(' || c == '[' || c == '{')) brackets += c;
      if (plain && (c == ')' || c == ']' || c == '}') && !brackets.empty()) brackets.pop_back();
      std::size_t from = walk.at();
      bool remark = walk.in_remark();
      walk.step();
      if (!remark) argument += text.substr(from, walk.at() - from);
    }
    fail(column + text.size(), "expected the rest of the call, found the end of the line");
    return text.size();
  }

  void result(StraceRecord& record, std::string_view text, std::size_t at, std::size_t column) {
    std::size_t equals = text.find_first_not_of(kSpace, at);
    if (equals == std::string_view::npos || text[equals] != '=')
      return fail(column + std::min(equals, text.size()), "expected `= RESULT`");
    std::vector<Word> words = words_of(text.substr(equals + 1));
    if (words.empty()) return fail(column + text.size(), "expected a result, found the end of the line");
    record.result = words[0].text;
    // `= 3</path with spaces>`
    if (std::size_t path = record.result.find('<'); path != std::string::npos && path != 0) record.result.resize(path);
    if (record.result != "?" && !strace_number(record.result))
      return fail(column + equals + static_cast<std::size_t>(words[0].column),
                  fmt::format("expected a result such as 0, -1 or 0x7f0000000000, found {}", quoted(words[0].text)));
    if (words.size() > 1 && (record.result == "-1" || record.result == "?") && words[1].text[0] == 'E')
      record.error = words[1].text;
  }

  std::string_view file_;
  StraceLog log_;
  std::map<int, Half> halves_;
  std::string_view text_;
  int number_ = 1;
  std::size_t at_ = 0;
  std::optional<Diagnostic> complaint_;
};

int octal_digits(std::string_view text, std::size_t at) {
  int digits = 0;
  while (digits < 3 && at + static_cast<std::size_t>(digits) < text.size() &&
         text[at + static_cast<std::size_t>(digits)] >= '0' && text[at + static_cast<std::size_t>(digits)] <= '7')
    ++digits;
  return digits;
}

// What follows a backslash at `at`, which moves behind it.
char unescaped(std::string_view text, std::size_t& at) {
  constexpr std::string_view kNames = "ntrvfab";
  constexpr std::string_view kBytes = "\n\t\r\v\f\a\b";
  char c = text[at];
  if (int digits = octal_digits(text, at); digits != 0) {
    int value = 0;
    for (int i = 0; i < digits; ++i) value = value * 8 + (text[at++] - '0');
    return static_cast<char>(value);
  }
  if (c == 'x' && at + 2 < text.size()) {
    std::optional<int64_t> value = number_of("0x" + std::string(text.substr(at + 1, 2)));
    at += 3;
    return static_cast<char>(value.value_or(0));
  }
  ++at;
  std::size_t name = kNames.find(c);
  return name == std::string_view::npos ? c : kBytes[name];
}

}  // namespace

std::variant<StraceLog, Diagnostic> read_strace_log(std::string_view text, std::string_view file) {
  if (auto bad = not_text(text, file)) return *bad;
  return StraceReader(file).read(text);
}

bool is_fork(std::string_view call) { return call == "fork" || call == "vfork" || call == "clone" || call == "clone3"; }

std::optional<int64_t> strace_number(std::string_view argument) {
  if (argument == "NULL") return 0;
  if (std::size_t path = argument.find('<'); path != std::string_view::npos && path != 0)
    argument = argument.substr(0, path);
  // Addresses of the kernel's half do not fit: no program has memory there.
  return number_of(argument);
}

std::vector<std::string> strace_flags(std::string_view argument) {
  std::vector<std::string> flags;
  while (!argument.empty()) {
    std::size_t bar = argument.find('|');
    std::string_view flag = trimmed(argument.substr(0, bar));
    if (!flag.empty() && flag != "0") flags.emplace_back(flag);
    argument = bar == std::string_view::npos ? std::string_view() : argument.substr(bar + 1);
  }
  return flags;
}

std::optional<StraceString> strace_string(std::string_view argument) {
  if (argument.empty() || argument[0] != '"') return std::nullopt;
  StraceString string;
  std::size_t at = 1;
  while (at < argument.size() && argument[at] != '"') {
    if (argument[at] == '\\' && at + 1 < argument.size()) {
      string.bytes += unescaped(argument, ++at);
    } else {
      string.bytes += argument[at++];
    }
  }
  if (at >= argument.size()) return std::nullopt;
  string.cut = argument.substr(at + 1) == "...";
  return string;
}

std::optional<std::string_view> strace_field(std::string_view structure, std::string_view key) {
  std::string wanted = fmt::format("{}=", key);
  for (std::size_t at = structure.find(wanted); at != std::string_view::npos; at = structure.find(wanted, at + 1)) {
    if (at != 0 && is_word(structure[at - 1])) continue;
    std::string_view value = structure.substr(at + wanted.size());
    return value.substr(0, value.find_first_of(",}"));
  }
  return std::nullopt;
}

}  // namespace quire::importer
