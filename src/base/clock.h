// Clock: the time of day that inodes are stamped with.
//
// While explored time does not pass: every stamp is the same, so that no order of two calls can be told by it. A
// scenario sees that a time was taken from the clock, and not set by somebody, by the one number it then has.
#pragma once

#include <compare>
#include <cstdint>
#include <ctime>

namespace quire::base {

struct Timestamp {
  int64_t seconds = 0;  ///< since 1970
  uint32_t nanoseconds = 0;
  auto operator<=>(const Timestamp&) const = default;
};

class Clock {
 public:
  enum class Kind : uint8_t { stands_still, real };
  /// What the clock that stands still says, in seconds. The number of UTIME_NOW, which nobody sets by accident.
  static constexpr int64_t kStill = 0x3fff'ffff;

  explicit constexpr Clock(Kind kind) : kind_(kind) {}
  [[nodiscard]] Timestamp now() const {
    if (kind_ == Kind::stands_still) return {kStill, 0};
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return {time.tv_sec, static_cast<uint32_t>(time.tv_nsec)};
  }

 private:
  Kind kind_;
};

}  // namespace quire::base
