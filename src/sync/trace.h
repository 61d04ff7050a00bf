// What an explored run tells about itself: functions, named points, race branches, findings. Without a driver all of it
// is one test of a pointer.
//
//   void free_swap_and_cache(...) {
//     QUIRE_FUNC();
//     QUIRE_POINT("put reference", "slot {} {:#x} -> {:#x}", slot, before, after);
#pragma once

#include <fmt/core.h>

#include <string_view>

#include "base/assert.h"
#include "sync/hook.h"

namespace quire::sync {

/// Marks that `function` runs while the object lives.
class FunctionScope {
 public:
  explicit FunctionScope(const char* function) {
    if (driven()) [[unlikely]]
      enter(function);
  }
  ~FunctionScope() {
    if (driven()) [[unlikely]]
      leave();
  }
  FunctionScope(const FunctionScope&) = delete;
  FunctionScope& operator=(const FunctionScope&) = delete;

 private:
  static void enter(const char* function);
  static void leave();
};

// Tell the driver, which there must be; of a point with its text if it wants that.
void announce_point(const char* name, fmt::string_view text, fmt::format_args args);
void announce_point(const char* name);
void announce_reached(const char* branch);
[[nodiscard]] bool ask_should_fail(const char* site, const char* detail);

template <typename... Args>
void point(const char* name, fmt::format_string<Args...> text, const Args&... args) {
  if (driven()) [[unlikely]]
    announce_point(name, text, fmt::make_format_args(args...));
}
inline void point(const char* name) {
  if (driven()) [[unlikely]]
    announce_point(name);
}

inline void reached(const char* branch) {
  if (driven()) [[unlikely]]
    announce_reached(branch);
}

/// A finding that does not depend on the caller's own state (a kernel's BUG or WARN). Explored: ends the execution.
/// Natively: prints and aborts.
[[noreturn]] inline void bug(Failure failure, std::string_view message) {
  if (Driver* d = hook()) d->fail(failure, message);
  base::assert_failed(name(failure).data(), "engine", 0, message.data());
}

/// Whether the step at `site` is to fail now (never natively).
[[nodiscard]] inline bool should_fail(const char* site, const char* detail = "") {
  if (driven()) [[unlikely]]
    return ask_should_fail(site, detail);
  return false;
}

/// The CPU this task runs on; natively `native`.
[[nodiscard]] inline unsigned current_cpu(unsigned native = 0) {
  if (Driver* d = hook()) [[unlikely]]
    return d->current_cpu();
  return native;
}

}  // namespace quire::sync

#define QUIRE_FUNC() const ::quire::sync::FunctionScope quire_function_scope_(__func__)
#define QUIRE_POINT(...) ::quire::sync::point(__VA_ARGS__)
#define QUIRE_REACHED(branch) ::quire::sync::reached(branch)
