// Splits the text of a scenario into tokens and comments; it never fails.
//
// What is no token becomes one of kind `invalid` that carries the complaint, and is reported only if the parser comes
// to it: the words inside strace's `(Can't ...)` are skipped unread. Line breaks are no tokens; a token knows whether
// it is the first of its line.
//
//   Lexed lexed = lex("A: load(p[0]) = 'c'");   // identifier, punctuation, identifier, ... , end
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/ast.h"

namespace quire::scenario {

enum class TokenKind : std::uint8_t { identifier, integer, character, string, punctuation, invalid, end };

struct Token {
  TokenKind kind = TokenKind::end;
  bool first_on_line = false;
  bool blank_before = false;  // an empty line stands between it and the token or comment before it
  Origin at;
  std::size_t offset = 0;
  std::string_view text;    // as written; points into the source
  std::string_view wanted;  // of an invalid token: what would have been right
  Number number;            // of integers and characters
};

struct CommentToken {
  Comment comment;
  int line = 1;
  std::size_t offset = 0;
};

struct Lexed {
  std::vector<Token> tokens;  // the last is of kind end
  std::vector<CommentToken> comments;
};

// The views in the result point into `text`.
[[nodiscard]] Lexed lex(std::string_view text);

// The characters a string token (as written, with its quotes) stands for.
[[nodiscard]] std::string decode_string(std::string_view token_text);

// A letter, a digit or an underscore: what an identifier goes on with.
[[nodiscard]] bool is_word_char(char c);
// A letter, then letters, digits and hyphens, the last of which is no hyphen.
[[nodiscard]] bool is_dashed_name(std::string_view text);

}  // namespace quire::scenario
