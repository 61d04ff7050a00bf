// Copies of page contents. CPUs may race on contents by right, so for a race detector each word is an atomic access.
#pragma once

#include <atomic>
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

inline void copy_contents(std::byte* to, const std::byte* from, std::size_t bytes) {
#ifdef QUIRE_BULK_ATOMIC
  for (std::size_t i = 0; i < bytes; ++i)
    __atomic_store_n(to + i, __atomic_load_n(from + i, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
#else
  std::memcpy(to, from, bytes);
#endif
}

inline void zero_contents(std::byte* to, std::size_t bytes) {
#ifdef QUIRE_BULK_ATOMIC
  for (std::size_t i = 0; i < bytes; ++i) __atomic_store_n(to + i, std::byte{0}, __ATOMIC_RELAXED);
#else
  std::memset(to, 0, bytes);
#endif
}

}  // namespace quire::phys
