// Copies of page contents. CPUs may race on contents by right, so for a race detector each word is an atomic access.
#pragma once

#include <cstddef>
#include <cstring>

namespace quire::phys {

#if defined(__SANITIZE_THREAD__)
#define QUIRE_BULK_ATOMIC 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUIRE_BULK_ATOMIC 1
#endif
#endif

[[nodiscard]] inline std::byte load_content(const std::byte* from) {
  return std::byte{__atomic_load_n(reinterpret_cast<const unsigned char*>(from), __ATOMIC_RELAXED)};
}
inline void store_content(std::byte* to, std::byte value) {
  __atomic_store_n(reinterpret_cast<unsigned char*>(to), static_cast<unsigned char>(value), __ATOMIC_RELAXED);
}

inline void copy_contents(std::byte* to, const std::byte* from, std::size_t bytes) {
#ifdef QUIRE_BULK_ATOMIC
  for (std::size_t i = 0; i < bytes; ++i) store_content(to + i, load_content(from + i));
#else
  std::memcpy(to, from, bytes);
#endif
}

inline void zero_contents(std::byte* to, std::size_t bytes) {
#ifdef QUIRE_BULK_ATOMIC
  for (std::size_t i = 0; i < bytes; ++i) store_content(to + i, std::byte{0});
#else
  std::memset(to, 0, bytes);
#endif
}

}  // namespace quire::phys
