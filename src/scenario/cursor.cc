#include "scenario/cursor.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace quire::scenario {
namespace {

constexpr std::size_t kShownMax = 32;

// Printable and short, whatever bytes the file holds.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return text.size() > kShownMax ? out + "..." : out;
}

}  // namespace

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "end of file";
    case TokenKind::integer:
      return fmt::format("number '{}'", shown(token.text));
    case TokenKind::character:
      return fmt::format("character {}", shown(token.text));
    case TokenKind::string:
      return fmt::format("string {}", shown(token.text));
    default:
      return fmt::format("'{}'", shown(token.text));
  }
}

Cursor::Cursor(std::string_view text, std::string_view file) : file_(file), text_(text), lexed_(lex(text)) {}

const Token& Cursor::peek(std::size_t ahead) const {
  return lexed_.tokens[std::min(next_ + ahead, lexed_.tokens.size() - 1)];
}

bool Cursor::at(std::string_view text, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return (token.kind == TokenKind::punctuation || token.kind == TokenKind::identifier) && token.text == text;
}

bool Cursor::at_kind(TokenKind kind, std::size_t ahead) const { return peek(ahead).kind == kind; }

bool Cursor::next_touches() const { return peek().offset + peek().text.size() == peek(1).offset; }

const Token& Cursor::take() {
  const Token& token = peek();
  last_ = next_;
  if (token.kind != TokenKind::end) ++next_;
  return token;
}

bool Cursor::accept(std::string_view text) {
  if (!at(text)) return false;
  take();
  return true;
}

void Cursor::expect(std::string_view text, std::string_view wanted) {
  if (!accept(text)) fail(wanted.empty() ? fmt::format("'{}'", text) : std::string(wanted));
}

std::string Cursor::expect_identifier(std::string_view wanted) {
  if (at_kind(TokenKind::identifier)) return std::string(take().text);
  fail(wanted);
  return {};
}

Name Cursor::expect_dashed_name(std::string_view wanted) {
  Name name;
  name.at = peek().at;
  if (!at_kind(TokenKind::identifier)) {
    fail(wanted);
    return name;
  }
  const std::size_t start = peek().offset;
  std::size_t end = start;
  while (end < text_.size() && (is_word_char(text_[end]) || text_[end] == '-')) ++end;
  while (text_[end - 1] == '-') --end;
  while (!at_end() && peek().offset < end) take();
  name.text = text_.substr(start, end - start);
  return name;
}

std::string Cursor::expect_string(std::string_view wanted) {
  if (at_kind(TokenKind::string)) return decode_string(take().text);
  fail(wanted);
  return {};
}

Number Cursor::expect_number(std::string_view wanted) {
  if (at_kind(TokenKind::integer)) return take().number;
  fail(wanted);
  return {};
}

std::int64_t Cursor::expect_number_in(std::string_view wanted, std::int64_t low, std::int64_t high) {
  const bool in_range = at_kind(TokenKind::integer) && peek().number.value >= low && peek().number.value <= high;
  if (in_range) return take().number.value;
  fail(fmt::format("{} from {} to {}", wanted, low, high));
  return low;
}

void Cursor::skip_remark() {
  const Token& open = peek();
  const std::size_t line_end = std::min(text_.find('\n', open.offset), text_.size());
  const std::size_t close = text_.find(')', open.offset);
  take();
  if (close >= line_end) {
    fail("')' on the same line");
    return;
  }
  while (!at_end() && peek().offset < close) take();
  expect(")");
}

void Cursor::fail(std::string_view wanted, std::string_view suggestion) {
  const Token& token = peek();
  if (token.kind == TokenKind::invalid) {
    fail_at(token.at, fmt::format("expected {}, found {}", token.wanted, describe(token)));
    return;
  }
  std::string message = fmt::format("expected {}, found {}", wanted, describe(token));
  if (!suggestion.empty()) message += fmt::format(" (did you mean '{}'?)", suggestion);
  fail_at(token.at, std::move(message));
}

void Cursor::fail_at(Position at, std::string message) {
  if (error_) return;
  error_ = Diagnostic{file_, at.line, at.column, std::move(message)};
  next_ = lexed_.tokens.size() - 1;
}

Trivia Cursor::begin_item() {
  Trivia trivia;
  trivia.before = take_comments();
  trivia.join = peek().first_on_line ? Join::own_line : Join::same_line;
  trivia.blank_before = peek().blank_before;
  return trivia;
}

void Cursor::end_item(Trivia& trivia) {
  const std::size_t end = lexed_.tokens[last_].offset;
  for (; next_comment_ < lexed_.comments.size() && lexed_.comments[next_comment_].offset < end; ++next_comment_) {
    trivia.before.push_back(lexed_.comments[next_comment_].comment);
  }
  if (auto comment = take_line_comment()) trivia.after = std::move(comment);
}

std::optional<std::string> Cursor::take_line_comment() {
  if (next_comment_ == lexed_.comments.size()) return std::nullopt;
  const CommentToken& comment = lexed_.comments[next_comment_];
  if (comment.offset > peek().offset || comment.line != lexed_.tokens[last_].at.line) return std::nullopt;
  if (comment.offset < lexed_.tokens[last_].offset) return std::nullopt;
  ++next_comment_;
  return comment.comment.text;
}

std::vector<Comment> Cursor::take_comments() {
  std::vector<Comment> comments;
  const std::size_t end = peek().offset;
  for (; next_comment_ < lexed_.comments.size() && lexed_.comments[next_comment_].offset < end; ++next_comment_) {
    comments.push_back(lexed_.comments[next_comment_].comment);
  }
  return comments;
}

Nesting::Nesting(Cursor& cursor) : cursor_(cursor) {
  if (++cursor_.depth_ > kNestingMax) {
    cursor_.fail_at(cursor_.peek().at, fmt::format("expected at most {} levels of nesting, found more", kNestingMax));
  }
}

void Terms::count(Cursor& cursor) {
  if (++cursor.terms_ > kTermsMax) {
    cursor.fail_at(cursor.peek().at, fmt::format("expected at most {} terms in a statement, found more", kTermsMax));
  }
}

}  // namespace quire::scenario
