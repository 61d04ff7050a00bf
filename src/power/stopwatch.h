// Stopwatch: seconds that have passed, for reports.
#pragma once

#include <ctime>

namespace quire::power {

class Stopwatch {
 public:
  /// Since the last lap, or since it was made.
  double lap() {
    double now = seconds();
    double passed = now - last_;
    last_ = now;
    return passed;
  }

 private:
  [[nodiscard]] static double seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  double last_ = seconds();
};

}  // namespace quire::power
