// The text of a recorded log: its lines, their words, and where each stands, for complaints as the scenario parser's.
//
//   for (const TextLine& line : lines_of(text))
//     for (const Word& word : words_of(line.text)) complaint(file, line.number, word.column, "...");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/parser.h"

/// The room is `import`, which means something else to C++.
namespace quire::importer {

using scenario::Diagnostic;

struct TextLine {
  std::string_view text;  ///< without its line break
  int number = 1;
};

struct Word {
  std::string_view text;
  int column = 1;
};

[[nodiscard]] Diagnostic complaint(std::string_view file, int line, int column, std::string message);

[[nodiscard]] std::vector<TextLine> lines_of(std::string_view text);
/// Separated by spaces and tabs.
[[nodiscard]] std::vector<Word> words_of(std::string_view line);

/// A complaint about the first byte that no log has: a control character that is neither space nor line break.
[[nodiscard]] std::optional<Diagnostic> not_text(std::string_view text, std::string_view file);

/// All of `text` as a number as C writes it: 12, 0x1f, 017, with a sign or without; nullopt also where it does not fit.
[[nodiscard]] std::optional<int64_t> number_of(std::string_view text);

/// For messages: the text, cut where it is long.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace quire::importer
