// Atomic<T, "name">: a word that several CPUs touch without a lock.
//
// Natively it is std::atomic<T>. Under a driver each access is a step; sequential consistency is explored, and the
// memory order decides what the access orders for the race detector: a relaxed access orders nothing (READ_ONCE,
// WRITE_ONCE).
//
//   Atomic<uint32_t, "si->inuse_pages"> inuse_pages_{0};
//   inuse_pages_.add(1);                      // commutes with other adds while explored
//   inuse_pages_.await_equal(0);              // blocks, never spins
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/fixed_string.h"
#include "sync/hook.h"

namespace quire::sync {

enum class Order : uint8_t { relaxed, acquire, release, acq_rel };

[[nodiscard]] constexpr std::memory_order std_order(Order o) {
  constexpr std::memory_order kOrders[] = {std::memory_order_relaxed, std::memory_order_acquire,
                                           std::memory_order_release, std::memory_order_acq_rel};
  return kOrders[static_cast<unsigned>(o)];
}
[[nodiscard]] constexpr OpFlag order_flags(Order o) {
  constexpr OpFlag kFlags[] = {OpFlag::none, OpFlag::acquires, OpFlag::releases, OpFlag::acquires | OpFlag::releases};
  return kFlags[static_cast<unsigned>(o)];
}

template <typename T, base::FixedString Name>
class Atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);

 public:
  constexpr Atomic() : value_(T{}) {}
  constexpr explicit Atomic(T value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  [[nodiscard]] T load(Order order = Order::acquire) const {
    announce(OpKind::load, order);
    return value_.load(std_order(order));
  }
  /// load() for a loop that has asked once that nobody is driven().
  [[nodiscard]] T load_undriven(Order order = Order::acquire) const { return value_.load(std_order(order)); }
  void store(T value, Order order = Order::release) {
    announce(OpKind::store, order);
    value_.store(value, std_order(order));
  }
  T exchange(T value, Order order = Order::acq_rel) {
    announce(OpKind::rmw, order);
    return value_.exchange(value, std_order(order));
  }
  /// On failure `expected` becomes the current value; a failed exchange only reads.
  [[nodiscard]] bool compare_exchange(T& expected, T desired, Order order = Order::acq_rel) {
    if (driven()) [[unlikely]]
      sync::announce(OpKind::cas, order_flags(order), this, Name.text, equal_to(expected));
    return value_.compare_exchange_strong(
        expected, desired, std_order(order),
        order == Order::relaxed ? std::memory_order_relaxed : std::memory_order_acquire);
  }
  /// Returns the value before.
  T fetch_add(T delta, Order order = Order::acq_rel) {
    announce(OpKind::rmw, order);
    return value_.fetch_add(delta, std_order(order));
  }
  T fetch_sub(T delta, Order order = Order::acq_rel) {
    announce(OpKind::rmw, order);
    return value_.fetch_sub(delta, std_order(order));
  }
  T fetch_or(T bits, Order order = Order::acq_rel) {
    announce(OpKind::rmw, order);
    return value_.fetch_or(bits, std_order(order));
  }
  T fetch_and(T bits, Order order = Order::acq_rel) {
    announce(OpKind::rmw, order);
    return value_.fetch_and(bits, std_order(order));
  }
  /// Changes without looking: two adds commute, so exploring their order is not needed.
  void add(T delta, Order order = Order::relaxed) {
    announce(OpKind::add, order);
    value_.fetch_add(delta, std_order(order));
  }
  void sub(T delta, Order order = Order::relaxed) {
    announce(OpKind::add, order);
    value_.fetch_sub(delta, std_order(order));
  }
  /// Blocks until the value is `wanted`. Natively somebody must call wake_all() after changing it.
  void await_equal(T wanted) const {
    if (Driver* d = hook()) {
      Condition when = equal_to(wanted);
      d->step({OpKind::await, OpFlag::acquires | OpFlag::may_sleep, {}, this, Name.text, when});
      return;
    }
    for (T seen = value_.load(std::memory_order_acquire); seen != wanted; seen = value_.load(std::memory_order_acquire))
      value_.wait(seen, std::memory_order_acquire);
  }
  /// Blocks until the value is not `unwanted`. Natively somebody must call wake_all() after changing it.
  void await_change(T unwanted) const {
    if (Driver* d = hook()) {
      Condition when = equal_to(unwanted);
      when.test = Condition::Test::not_equal;
      d->step({OpKind::await, OpFlag::acquires | OpFlag::may_sleep, {}, this, Name.text, when});
      return;
    }
    value_.wait(unwanted, std::memory_order_acquire);
  }
  void wake_all() {
    if (hook() == nullptr) value_.notify_all();
  }
  /// The value without a step or an order: for dump() and check() at quiescent points only.
  [[nodiscard]] T peek() const { return value_.load(std::memory_order_relaxed); }
  /// Sets the value without a step, before anybody else can see the object.
  void init(T value) { value_.store(value, std::memory_order_relaxed); }

 private:
  void announce(OpKind kind, Order order) const {
    if (driven()) [[unlikely]]
      sync::announce(kind, order_flags(order), this, Name.text);
  }
  [[nodiscard]] Condition equal_to(T value) const {
    Condition c;
    c.address = &value_;
    c.size = sizeof(T);
    c.test = Condition::Test::equal;
    c.value = 0;
    std::memcpy(&c.value, &value, sizeof(T));
    return c;
  }

  std::atomic<T> value_;
};

}  // namespace quire::sync
