// Plain<T, "name">: a field that a lock protects. Reads and writes are ordinary; while explored, two that nothing
// orders are a data race. Region: page contents and other bulk memory that CPUs may race on by right, one step per
// access.
#pragma once

#include "base/fixed_string.h"
#include "sync/hook.h"

namespace quire::sync {

template <typename T, base::FixedString Name>
class Plain {
 public:
  constexpr Plain() : value_{} {}
  constexpr explicit Plain(T value) : value_(value) {}
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  [[nodiscard]] const T& get() const {
    if (driven()) [[unlikely]]
      announce_read(this, kField);
    return value_;
  }
  void set(T value) { mutate() = static_cast<T&&>(value); }
  /// The value for changing it in place: counts as a write.
  T& mutate() {
    if (driven()) [[unlikely]]
      announce_write(this, kField);
    return value_;
  }
  operator const T&() const { return get(); }  // NOLINT: reads like the field it is
  Plain& operator=(T value) {
    set(static_cast<T&&>(value));
    return *this;
  }
  Plain& operator+=(const T& d) {
    mutate() += d;
    return *this;
  }
  Plain& operator-=(const T& d) {
    mutate() -= d;
    return *this;
  }
  /// Without any check: for dump() and check() at quiescent points only.
  [[nodiscard]] const T& peek() const { return value_; }

 private:
  static constexpr PlainField kField{Name.text, sizeof(T)};
  T value_;
};

/// Announces an access to bulk memory at `object` (its identity): CPUs may race on it, and each order is explored.
inline void region_read(const void* object, const char* name) {
  if (driven()) [[unlikely]]
    announce(OpKind::load, OpFlag::none, object, name);
}
inline void region_write(const void* object, const char* name) {
  if (driven()) [[unlikely]]
    announce(OpKind::store, OpFlag::none, object, name);
}

}  // namespace quire::sync
