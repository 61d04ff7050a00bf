// Memory for everything the engine allocates: the machine's arena while explored, natively the C++ heap, or memory at
// fixed addresses for a machine that may be hibernated (sync/native_heap.h).
//
//   Box<SwapArea> area = make_box<SwapArea>(...);
//   Vector<Pfn> pfns;
//
// While explored, memory is never handed out twice in one execution, so a freed object stays freed and a touch of it is
// found; poison() does the same for memory with an owner of its own, such as page frames.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sync/hook.h"
#include "sync/native_heap.h"

namespace quire::sync {

[[nodiscard]] inline void* allocate(std::size_t bytes, std::size_t align) {
  if (Driver* d = hook()) [[unlikely]]
    return d->allocate(bytes, align);
  if (internal::native_heap_in_use) [[unlikely]]
    return NativeHeap::allocate(bytes, align);
  return ::operator new (bytes, std::align_val_t{align});
}
/// `bytes` and `align` as given to allocate().
inline void deallocate(void* memory, std::size_t bytes, std::size_t align) {
  if (Driver* d = hook()) [[unlikely]]
    return d->deallocate(memory, bytes);
  if (NativeHeap::contains(memory)) [[unlikely]]
    return NativeHeap::deallocate(memory, bytes, align);
  ::operator delete (memory, std::align_val_t{align});
}

/// Nobody may touch [memory, +bytes) until unpoison(); a touch is a use after free of `what`.
inline void poison(const void* memory, std::size_t bytes, const char* what) {
  if (driven()) [[unlikely]]
    announce_poison(memory, bytes, what);
}
inline void unpoison(const void* memory, std::size_t bytes) {
  if (driven()) [[unlikely]]
    announce_unpoison(memory, bytes);
}

template <typename T>
struct Allocator {
  using value_type = T;
  Allocator() = default;
  template <typename U>
  Allocator(const Allocator<U>&) {}  // NOLINT: implicit by the allocator requirements
  T* allocate(std::size_t n) { return static_cast<T*>(sync::allocate(n * sizeof(T), alignof(T))); }
  void deallocate(T* p, std::size_t n) { sync::deallocate(p, n * sizeof(T), alignof(T)); }
  template <typename U>
  bool operator==(const Allocator<U>&) const {
    return true;
  }
};

template <typename T, typename... Args>
[[nodiscard]] T* make_object(Args&&... args) {
  return new (sync::allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
}
/// `object` must be of exactly type T; nullptr is allowed.
template <typename T>
void destroy_object(T* object) {
  if (object == nullptr) return;
  object->~T();
  sync::deallocate(object, sizeof(T), alignof(T));
}

template <typename T>
struct Destroy {
  void operator()(T* object) const { destroy_object(object); }
};
/// Owns one object of exactly type T.
template <typename T>
using Box = std::unique_ptr<T, Destroy<T>>;
template <typename T, typename... Args>
[[nodiscard]] Box<T> make_box(Args&&... args) {
  return Box<T>(make_object<T>(std::forward<Args>(args)...));
}

/// The rest of an allocation behind the object that begins it: arrays that live and die with the object.
class Room {
 public:
  explicit Room(std::byte* at) : at_(at) {}
  /// `count` elements, value-initialised.
  template <typename T>
  [[nodiscard]] std::span<T> take(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    auto* first = reinterpret_cast<T*>(at_);
    for (std::size_t i = 0; i < count; ++i) new (at_ + i * sizeof(T)) T();
    at_ += bytes_for<T>(count);
    return {first, count};
  }
  template <typename T>
  [[nodiscard]] static constexpr std::size_t bytes_for(std::size_t count) {
    static_assert(alignof(T) <= kAlign);
    return (count * sizeof(T) + kAlign - 1) / kAlign * kAlign;
  }
  static constexpr std::size_t kAlign = 8;

 private:
  std::byte* at_;
};

/// Owns one object of exactly type T and its room. T says in room_bytes() how much room it was made with.
template <typename T>
struct DestroyWithRoom {
  void operator()(T* object) const {
    std::size_t bytes = sizeof(T) + object->room_bytes();
    object->~T();
    sync::deallocate(object, bytes, std::max(alignof(T), Room::kAlign));
  }
};
template <typename T>
using RoomyBox = std::unique_ptr<T, DestroyWithRoom<T>>;
/// T is constructed from a Room of `room_bytes` and `args`.
template <typename T, typename... Args>
[[nodiscard]] RoomyBox<T> make_roomy(std::size_t room_bytes, Args&&... args) {
  static_assert(sizeof(T) % Room::kAlign == 0);
  auto* memory = static_cast<std::byte*>(sync::allocate(sizeof(T) + room_bytes, std::max(alignof(T), Room::kAlign)));
  return RoomyBox<T>(new (memory) T(Room(memory + sizeof(T)), std::forward<Args>(args)...));
}

template <typename T>
using Vector = std::vector<T, Allocator<T>>;
template <typename K, typename V, typename Less = std::less<K>>
using Map = std::map<K, V, Less, Allocator<std::pair<const K, V>>>;
using String = std::basic_string<char, std::char_traits<char>, Allocator<char>>;

}  // namespace quire::sync
