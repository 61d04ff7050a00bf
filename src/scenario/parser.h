// From the text of a scenario file to its tree, or to the one complaint that stopped it.
//
// Never fails but by a Diagnostic: any bytes are allowed in, nothing is thrown, and depth, size and repetition are
// bounded by the limits below. The grammar is docs/scenarios.md.
//
//   ParseResult result = parse("scenario x \"y\"\nsetpu { }\n", "x.qs");
//   if (!result.ok()) fmt::print("{}\n", to_string(result.error()));
//   // x.qs:2:1: expected a section (ref, ...), found 'setpu' (did you mean 'setup'?)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "scenario/ast.h"

namespace quire::scenario {

inline constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
inline constexpr int kNestingMax = 64;             // parentheses, calls and repeats within each other
inline constexpr int kTermsMax = 1000;             // names, numbers, operators and calls of one expression
inline constexpr std::int64_t kRepeatMax = 65536;  // of a repeat, times those around it, where the counts are numbers
inline constexpr int kCpuMax = 255;
inline constexpr std::size_t kCellLabelMax = 40;  // bytes of a table's name, of a row and of a column

struct Diagnostic {
  std::string file;
  int line = 1;
  int column = 1;
  std::string message;
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// `FILE:LINE:COLUMN: MESSAGE`.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

// A document or a diagnostic. Asking for the one that is not there is a bug of the caller and aborts.
class [[nodiscard]] ParseResult {
 public:
  explicit ParseResult(Document document) : value_(std::move(document)) {}
  explicit ParseResult(Diagnostic diagnostic) : value_(std::move(diagnostic)) {}

  [[nodiscard]] bool ok() const { return std::holds_alternative<Document>(value_); }
  [[nodiscard]] const Document& document() const;
  [[nodiscard]] const Diagnostic& error() const;

 private:
  std::variant<Document, Diagnostic> value_;
};

// `file` is only the name that diagnostics carry.
[[nodiscard]] ParseResult parse(std::string_view text, std::string_view file);

}  // namespace quire::scenario
