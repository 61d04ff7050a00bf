// Fibers: contexts on stacks inside the arena, switched by Boost.Context.
//
// A suspended fiber is one pointer into its own stack, so that copying the stack's bytes back brings the fiber back.
// Under AddressSanitizer and ThreadSanitizer each switch is announced and stacks are never copied (kStacksCanBeCopied).
#pragma once

#include <cstddef>

namespace quire::explore {

#if defined(__SANITIZE_ADDRESS__)
#define QUIRE_FIBER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define QUIRE_FIBER_TSAN 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUIRE_FIBER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define QUIRE_FIBER_TSAN 1
#endif
#endif

#if defined(QUIRE_FIBER_ASAN) || defined(QUIRE_FIBER_TSAN)
inline constexpr bool kStacksCanBeCopied = false;
#else
inline constexpr bool kStacksCanBeCopied = true;
#endif

/// A suspended context; null while it runs or does not exist.
using Context = void*;

/// The memory a fiber runs on, lowest address first.
struct Stack {
  std::byte* low = nullptr;
  std::size_t bytes = 0;
  [[nodiscard]] std::byte* top() const { return low + bytes; }
};

/// A fiber that has not run: `entry` is called on `stack` at the first switch to it and must never return.
[[nodiscard]] Context make_fiber(Stack stack, void (*entry)());

/// Suspends the running context into `*from` and resumes `to`. `to_stack` names where `to` runs and `to_index` which
/// fiber it is (for the sanitizers; the host's own stack has index kHostFiber).
void switch_fiber(Context* from, Context to, Stack to_stack, unsigned to_index);

inline constexpr unsigned kHostFiber = 15;

/// Tells the sanitizers that what ran on `stack` as fiber `index` is abandoned.
void forget_fiber(Stack stack, unsigned index);

}  // namespace quire::explore
