// SharedWord: a number in memory that several processes map, which they can wait for.
#pragma once

#include <atomic>
#include <cstdint>

namespace quire::oracle {

class SharedWord {
 public:
  [[nodiscard]] uint32_t load() const { return value_.load(); }
  void store(uint32_t value) { value_.store(value); }
  uint32_t fetch_add(uint32_t n) { return value_.fetch_add(n); }
  uint32_t fetch_sub(uint32_t n) { return value_.fetch_sub(n); }
  /// Stores and wakes who waits, in any process.
  void publish(uint32_t value);
  /// Returns when it is not `value` any more, or after `milliseconds`, or for no reason.
  void wait_while(uint32_t value, int milliseconds) const;

 private:
  std::atomic<uint32_t> value_{0};
  static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free);
};

}  // namespace quire::oracle
