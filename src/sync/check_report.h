// CheckReport: what a check() of invariants found, the first finding only, without allocating.
//
//   void SwapArea::check(sync::CheckReport& report) const {
//     report.expect(inuse == used, Failure::swap_count, "I4: inuse_pages {} but {} slots are used", inuse, used);
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <string_view>

#include "sync/failure.h"

namespace quire::sync {

class CheckReport {
 public:
  static constexpr std::size_t kMessageBytes = 120;

  /// Records the first finding; later ones are dropped. A longer message is cut.
  template <typename... Args>
  void fail(Failure failure, fmt::format_string<Args...> text, const Args&... args) {
    fail_with(failure, text, fmt::make_format_args(args...));
  }
  template <typename... Args>
  void expect(bool holds, Failure failure, fmt::format_string<Args...> text, const Args&... args) {
    if (!holds) [[unlikely]]
      fail_with(failure, text, fmt::make_format_args(args...));
  }
  [[nodiscard]] bool ok() const { return ok_; }
  /// Meaningful when not ok().
  [[nodiscard]] Failure failure() const { return failure_; }
  [[nodiscard]] std::string_view message() const { return {message_, size_}; }

 private:
  void fail_with(Failure failure, fmt::string_view text, fmt::format_args args);

  bool ok_ = true;
  Failure failure_ = Failure::check;
  std::size_t size_ = 0;
  char message_[kMessageBytes];
};

}  // namespace quire::sync
