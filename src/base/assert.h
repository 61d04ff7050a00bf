// Assertions that stay on in every build: a false one is a bug of the engine or of its caller inside the project.
//
// QUIRE_ASSERT(cond) states one condition; a message may follow. On failure the handler of this thread is called (the
// explorer installs one, so that a failed assertion becomes a finding with its interleaving); without a handler the
// text goes to stderr and the process aborts.
#pragma once

namespace quire::base {

/// Called with the failed expression and its place; must not return.
using AssertHandler = void (*)(const char* expression, const char* file, int line, const char* message);

/// Replaces this thread's handler (nullptr: print and abort) and returns the one before.
AssertHandler set_assert_handler(AssertHandler handler);

[[noreturn]] void assert_failed(const char* expression, const char* file, int line, const char* message = "");

}  // namespace quire::base

#define QUIRE_ASSERT(cond, ...)                                                           \
  do {                                                                                    \
    if (!(cond)) [[unlikely]]                                                             \
      ::quire::base::assert_failed(#cond, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__); \
  } while (0)
