#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace quire::base {
namespace {
thread_local constinit AssertHandler handler_of_thread = nullptr;
}  // namespace

AssertHandler set_assert_handler(AssertHandler handler) {
  AssertHandler before = handler_of_thread;
  handler_of_thread = handler;
  return before;
}

void assert_failed(const char* expression, const char* file, int line, const char* message) {
  if (handler_of_thread != nullptr) handler_of_thread(expression, file, line, message);
  std::fprintf(stderr, "%s:%d: assertion failed: %s %s\n", file, line, expression, message);
  std::abort();
}

}  // namespace quire::base
