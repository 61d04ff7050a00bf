// The place of the parser in the tokens, its one complaint, and the comments it has yet to hand out.
//
// C1. After the first complaint the cursor stands at the end for good: every loop that stops at the end stops, and no
//     parse function has to look at errors of those it calls.
// C2. A comment is handed out exactly once: to the item below it, the item it ends the line of, or the block around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/lexer.h"
#include "scenario/parser.h"

namespace quire::scenario {

class Cursor {
 public:
  Cursor(std::string_view text, std::string_view file);

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  // `text` stands here as punctuation or as a word; strings and characters never match.
  [[nodiscard]] bool at(std::string_view text, std::size_t ahead = 0) const;
  [[nodiscard]] bool at_kind(TokenKind kind, std::size_t ahead = 0) const;
  [[nodiscard]] bool at_end() const { return at_kind(TokenKind::end); }
  // Nothing, not even a space, stands between this token and the one after it.
  [[nodiscard]] bool next_touches() const;
  // The token taken last, as written.
  [[nodiscard]] std::string_view last_text() const { return lexed_.tokens[last_].text; }
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] const std::optional<Diagnostic>& error() const { return error_; }

  const Token& take();
  // Takes `text` if it stands here.
  bool accept(std::string_view text);
  // Takes `text`, or complains that `wanted` (by default the text in quotes) was expected.
  void expect(std::string_view text, std::string_view wanted = {});
  std::string expect_identifier(std::string_view wanted);
  // A name that may hold hyphens: free-swap-vs-swapoff, D2-1.
  Name expect_dashed_name(std::string_view wanted);
  std::string expect_string(std::string_view wanted);
  Number expect_number(std::string_view wanted);
  // A number from `low` to `high`, both included.
  std::int64_t expect_number_in(std::string_view wanted, std::int64_t low, std::int64_t high);
  // Skips strace's `(Cannot allocate memory)`, whatever words it is made of.
  void skip_remark();

  // "expected WANTED, found <this token>", with a suggestion where one is given.
  void fail(std::string_view wanted, std::string_view suggestion = {});
  void fail_at(Position at, std::string message);

  // Brackets an item: the comments above and within it and the one at the end of its line become its own.
  [[nodiscard]] Trivia begin_item();
  void end_item(Trivia& trivia);
  // The comment on the line of the token just taken, if nothing but it follows there.
  [[nodiscard]] std::optional<std::string> take_line_comment();
  // The comments that stand before the current token.
  [[nodiscard]] std::vector<Comment> take_comments();

 private:
  friend class Nesting;
  friend class Terms;

  std::string file_;
  std::string_view text_;
  Lexed lexed_;
  std::size_t next_ = 0;
  std::size_t next_comment_ = 0;
  std::size_t last_ = 0;  // index of the token taken last
  int depth_ = 0;
  int terms_ = 0;
  std::optional<Diagnostic> error_;
};

// One level of nesting for as long as it lives; complains where there are too many.
class Nesting {
 public:
  explicit Nesting(Cursor& cursor);
  ~Nesting() { --cursor_.depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  Cursor& cursor_;
};

// Counts one more term of the current expression; the tree of a statement is never deeper than its terms.
class Terms {
 public:
  static void restart(Cursor& cursor) { cursor.terms_ = 0; }
  static void count(Cursor& cursor);
};

// "'word'", "number '4K'", "string "..."", "end of file": a token as a diagnostic names it.
[[nodiscard]] std::string describe(const Token& token);

}  // namespace quire::scenario
