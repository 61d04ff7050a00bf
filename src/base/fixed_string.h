// A string as a template argument: names of fields cost no memory in the object that carries them.
#pragma once

#include <algorithm>
#include <cstddef>

namespace quire::base {

template <std::size_t N>
struct FixedString {
  char text[N];
  constexpr FixedString(const char (&s)[N]) { std::copy_n(s, N, text); }  // NOLINT: implicit by design
};

}  // namespace quire::base
