#include "scenario/lexer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace quire::scenario {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

struct Escape {
  unsigned char value = 0;
  std::size_t length = 0;  // 0: no escape that the language knows
};

// `rest` starts at the backslash.
Escape read_escape(std::string_view rest) {
  constexpr std::array<std::pair<char, char>, 7> kSimple{
      {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'0', '\0'}, {'\\', '\\'}, {'\'', '\''}, {'"', '"'}}};
  if (rest.size() < 2) return {};
  for (const auto& [letter, value] : kSimple) {
    if (rest[1] == letter) return {static_cast<unsigned char>(value), 2};
  }
  if (rest[1] == 'x' && rest.size() >= 4 && digit_value(rest[2]) < 16 && digit_value(rest[3]) < 16) {
    return {static_cast<unsigned char>(digit_value(rest[2]) * 16 + digit_value(rest[3])), 4};
  }
  return {};
}

std::optional<std::int64_t> read_digits(std::string_view digits, int base) {
  std::int64_t value = 0;
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (digit_value(c) >= base) return std::nullopt;
    if (__builtin_mul_overflow(value, base, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, digit_value(c), &value)) return std::nullopt;
  }
  return value;
}

// A word that starts with a digit: 12, 0x1f, 0755, 4K.
std::optional<Number> read_number(std::string_view word) {
  const auto scaled = [&](int shift, Notation notation) -> std::optional<Number> {
    const auto value = read_digits(word.substr(0, word.size() - 1), 10);
    if (!value || *value > (std::numeric_limits<std::int64_t>::max() >> shift)) return std::nullopt;
    return Number{*value << shift, notation};
  };
  const auto plain = [&](std::size_t skip, int base, Notation notation) -> std::optional<Number> {
    const auto value = read_digits(word.substr(skip), base);
    if (!value) return std::nullopt;
    return Number{*value, notation};
  };
  if (word.substr(0, 2) == "0x") return plain(2, 16, Notation::hex);
  if (word.back() == 'K') return scaled(10, Notation::kilo);
  if (word.back() == 'M') return scaled(20, Notation::mega);
  if (word.back() == 'G') return scaled(30, Notation::giga);
  if (word.size() > 1 && word[0] == '0') return plain(1, 8, Notation::octal);
  return plain(0, 10, Notation::decimal);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Lexed run() {
    for (skip_space(); offset_ < text_.size(); skip_space()) {
      if (text_[offset_] == '#') {
        comment();
      } else {
        token();
      }
    }
    push(TokenKind::end, 0);
    return std::move(lexed_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return text_.substr(offset_); }

  void skip_space() {
    for (; offset_ < text_.size() && is_space(text_[offset_]); ++offset_) {
      if (text_[offset_] != '\n') continue;
      ++line_;
      ++breaks_;
      line_start_ = offset_ + 1;
    }
  }

  void comment() {
    std::size_t end = text_.find('\n', offset_);
    if (end == std::string_view::npos) end = text_.size();
    std::string_view body = text_.substr(offset_ + 1, end - offset_ - 1);
    if (!body.empty() && body.front() == ' ') body.remove_prefix(1);
    while (!body.empty() && is_space(body.back())) body.remove_suffix(1);
    lexed_.comments.push_back({{std::string(body), breaks_ > 1}, line_, offset_});
    offset_ = end;
    breaks_ = 0;
  }

  void token() {
    const char c = text_[offset_];
    if (is_letter(c)) {
      push(TokenKind::identifier, word_length());
    } else if (is_digit(c)) {
      number();
    } else if (c == '\'') {
      character();
    } else if (c == '"') {
      string();
    } else {
      punctuation();
    }
  }

  void punctuation() {
    for (const std::string_view pair : {"==", "!=", "<=", ">=", "&&", "||"}) {
      if (rest().substr(0, 2) != pair) continue;
      push(TokenKind::punctuation, 2);
      return;
    }
    constexpr std::string_view kSingle = "{}()[],:;=<>|+-*.@?";
    if (kSingle.find(text_[offset_]) != std::string_view::npos) {
      push(TokenKind::punctuation, 1);
    } else {
      push(TokenKind::invalid, 1).wanted = "a character of the language";
    }
  }

  [[nodiscard]] std::size_t word_length() const {
    std::size_t length = 0;
    while (offset_ + length < text_.size() && is_word_char(text_[offset_ + length])) ++length;
    return length;
  }

  void number() {
    const std::size_t length = word_length();
    const auto value = read_number(rest().substr(0, length));
    Token& token = push(value ? TokenKind::integer : TokenKind::invalid, length);
    if (value) {
      token.number = *value;
    } else {
      token.wanted = "a number below 2^63 (12, 0x1f, 0755, 4K, 2M, 1G)";
    }
  }

  // A quote that opens nothing is a token by itself, so that the words after it are still split.
  void character() {
    constexpr std::string_view kWanted = "a character such as 'c', '\\n' or '\\x1f'";
    const std::string_view body = rest().substr(1);
    std::size_t length = 0;
    unsigned char value = 0;
    if (!body.empty() && body[0] == '\\') {
      const Escape escape = read_escape(body);
      length = escape.length;
      value = escape.value;
    } else if (!body.empty() && body[0] != '\'' && static_cast<unsigned char>(body[0]) >= ' ') {
      length = 1;
      value = static_cast<unsigned char>(body[0]);
    }
    if (length == 0 || body.size() <= length || body[length] != '\'') {
      push(TokenKind::invalid, 1).wanted = kWanted;
      return;
    }
    push(TokenKind::character, length + 2).number.value = value;
  }

  void string() {
    std::size_t length = 1;
    while (length < rest().size()) {
      const char c = rest()[length];
      if (c == '"') {
        push(TokenKind::string, length + 1);
        return;
      }
      if (c == '\n') break;
      const std::size_t step = c == '\\' ? read_escape(rest().substr(length)).length : 1;
      if (step == 0) {
        push(TokenKind::invalid, 1).wanted = "a string with the escapes \\n \\t \\r \\0 \\\\ \\\" \\' and \\xNN only";
        return;
      }
      length += step;
    }
    push(TokenKind::invalid, 1).wanted = "a string that ends on its line";
  }

  Token& push(TokenKind kind, std::size_t length) {
    Token token;
    token.kind = kind;
    token.first_on_line = breaks_ > 0 || lexed_.tokens.empty();
    token.blank_before = breaks_ > 1;
    token.at.line = line_;
    token.at.column = static_cast<int>(offset_ - line_start_) + 1;
    token.offset = offset_;
    token.text = text_.substr(offset_, length);
    offset_ += length;
    breaks_ = 0;
    return lexed_.tokens.emplace_back(token);
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  int breaks_ = 0;  // line breaks since the last token or comment
  Lexed lexed_;
};

}  // namespace

Lexed lex(std::string_view text) { return Lexer(text).run(); }

std::string decode_string(std::string_view token_text) {
  std::string decoded;
  const std::string_view body = token_text.substr(1, token_text.size() - 2);
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      decoded += body[i++];
      continue;
    }
    const Escape escape = read_escape(body.substr(i));
    decoded += static_cast<char>(escape.value);
    i += escape.length;
  }
  return decoded;
}

bool is_word_char(char c) { return is_letter(c) || is_digit(c); }

bool is_dashed_name(std::string_view text) {
  if (text.empty() || !is_letter(text.front()) || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_word_char(c) || c == '-'; });
}

}  // namespace quire::scenario
