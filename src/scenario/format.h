// The canonical text of a tree: what `quire fmt` writes.
//
// F1. parse(format(document)) gives the same document again, comments included.
// F2. format() of that is the same text: formatting twice changes nothing.
// Kept from the author: which statements share a line, which blocks stand on one, single empty lines between
// statements, comments. Settled here: indentation, spaces, the order and distance of sections, the column of results
// and comments.
//
//   fmt::print("{}", format(parse(text, "a.qs").document()));
#pragma once

#include <string>

#include "scenario/ast.h"

namespace quire::scenario {

[[nodiscard]] std::string format(const Document& document);
[[nodiscard]] std::string format(const Scenario& scenario);

// Single nodes, on one line, for reports.
[[nodiscard]] std::string format(const Expr& expr);
[[nodiscard]] std::string format(const Result& result);
[[nodiscard]] std::string format(const Number& number);
[[nodiscard]] std::string format(const Property& property);
[[nodiscard]] std::string format(const Condition& condition);
// `PROCESS: CAPTURE = CALL = RESULT   [PROPERTY]`, without its comments; a repeat with its body.
[[nodiscard]] std::string format(const Statement& statement);
// An item of expect, without its comments.
[[nodiscard]] std::string format(const ExpectItem& item);

}  // namespace quire::scenario
