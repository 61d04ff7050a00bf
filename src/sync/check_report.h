// CheckReport: what a check() of invariants found, the first finding only, without allocating.
//
//   void SwapArea::check(sync::CheckReport& report) const {
//     report.expect(inuse == used, Failure::swap_count, "I4: inuse_pages {} but {} slots are used", inuse, used);
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "sync/failure.h"

namespace quire::sync {

class CheckReport {
 public:
  static constexpr std::size_t kMessageBytes = 120;

  /// Records the first finding; later ones are dropped. A longer message is cut.
  template <typename... Args>
  void fail(Failure failure, fmt::format_string<Args...> text, Args&&... args) {
    if (!ok_) return;
    ok_ = false;
    failure_ = failure;
    auto out = fmt::format_to_n(message_, kMessageBytes, text, std::forward<Args>(args)...);
    size_ = out.size < kMessageBytes ? out.size : kMessageBytes;
  }
  template <typename... Args>
  void expect(bool holds, Failure failure, fmt::format_string<Args...> text, Args&&... args) {
    if (!holds) [[unlikely]]
      fail(failure, text, std::forward<Args>(args)...);
  }
  [[nodiscard]] bool ok() const { return ok_; }
  /// Meaningful when not ok().
  [[nodiscard]] Failure failure() const { return failure_; }
  [[nodiscard]] std::string_view message() const { return {message_, size_}; }

 private:
  bool ok_ = true;
  Failure failure_ = Failure::check;
  std::size_t size_ = 0;
  char message_[kMessageBytes];
};

}  // namespace quire::sync
