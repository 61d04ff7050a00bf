// The binary operators of expressions, weakest first: their texts and how strongly they bind.
#pragma once

#include <array>
#include <string_view>

#include "scenario/ast.h"

namespace quire::scenario {

struct Operator {
  std::string_view text;
  BinaryOp op;
  int level;
};
/// In the order of BinaryOp.
inline constexpr std::array<Operator, 4> kOperators{
    {{"|", BinaryOp::bit_or, 0}, {"+", BinaryOp::add, 1}, {"-", BinaryOp::subtract, 1}, {"*", BinaryOp::multiply, 2}}};
inline constexpr int kUnaryLevel = 3;

}  // namespace quire::scenario
