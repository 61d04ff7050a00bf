// The errors that the model knows, by Linux's numbers: what it expects must not come from the engine's table.
#pragma once

#include <cstdint>

namespace quire::fuzz {

inline constexpr int64_t kEperm = 1;
inline constexpr int64_t kEnoent = 2;
inline constexpr int64_t kEnxio = 6;
inline constexpr int64_t kE2big = 7;
inline constexpr int64_t kEbadf = 9;
inline constexpr int64_t kEnomem = 12;
inline constexpr int64_t kEacces = 13;
inline constexpr int64_t kEbusy = 16;
inline constexpr int64_t kEexist = 17;
inline constexpr int64_t kExdev = 18;
inline constexpr int64_t kEnotdir = 20;
inline constexpr int64_t kEisdir = 21;
inline constexpr int64_t kEinval = 22;
inline constexpr int64_t kEmfile = 24;
inline constexpr int64_t kEnospc = 28;
inline constexpr int64_t kErofs = 30;
inline constexpr int64_t kErange = 34;
inline constexpr int64_t kEnametoolong = 36;
inline constexpr int64_t kEnotempty = 39;
inline constexpr int64_t kEloop = 40;
inline constexpr int64_t kEnodata = 61;
inline constexpr int64_t kEopnotsupp = 95;

}  // namespace quire::fuzz
