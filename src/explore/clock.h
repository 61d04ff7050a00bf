// Vector clocks: one lane of 16 bits for each task, in one machine register.
#pragma once

#include <cstdint>

namespace quire::explore {

/// Tasks of one execution, spawned ones included.
inline constexpr unsigned kTasksMax = 8;
/// Steps of one execution; depths and clocks are 16 bits wide.
inline constexpr unsigned kStepsMax = 60'000;

using TaskMask = uint8_t;
[[nodiscard]] constexpr TaskMask bit(unsigned task) { return static_cast<TaskMask>(1U << task); }
[[nodiscard]] constexpr unsigned lowest(TaskMask mask) { return static_cast<unsigned>(__builtin_ctz(mask)); }

/// Lane t: how many steps of task t are known to have happened before.
struct Clock {
  using Lanes __attribute__((vector_size(16))) = uint16_t;
  Lanes lanes{};

  [[nodiscard]] uint16_t operator[](unsigned task) const { return lanes[task]; }
  /// By whole registers: a narrow store into a clock that is then read whole would stall.
  void set(unsigned task, uint16_t value) {
    constexpr Lanes kNumbers = {0, 1, 2, 3, 4, 5, 6, 7};
    auto wanted = reinterpret_cast<Lanes>(kNumbers == (Lanes{} + static_cast<uint16_t>(task)));
    lanes = (lanes & ~wanted) | ((Lanes{} + value) & wanted);
  }
  [[nodiscard]] bool empty() const {
    using Halves __attribute__((vector_size(16))) = long long;
    auto all = reinterpret_cast<Halves>(lanes);
    return (all[0] | all[1]) == 0;
  }
  /// Whether some lane is beyond that of `other`.
  [[nodiscard]] bool exceeds(const Clock& other) const {
    using Halves __attribute__((vector_size(16))) = long long;
    auto beyond = reinterpret_cast<Halves>(lanes > other.lanes);
    return (beyond[0] | beyond[1]) != 0;
  }
  /// Whether some lane is at or beyond that of `other`.
  [[nodiscard]] bool reaches(const Clock& other) const {
    using Halves __attribute__((vector_size(16))) = long long;
    auto beyond = reinterpret_cast<Halves>(lanes >= other.lanes);
    return (beyond[0] | beyond[1]) != 0;
  }
  void join(const Clock& other) { lanes = lanes > other.lanes ? lanes : other.lanes; }
};
static_assert(sizeof(Clock) == 2 * kTasksMax);

}  // namespace quire::explore
