// NativeHeap: memory for everything the engine allocates natively, at addresses that are the same in every process.
//
//   none -> map(): empty, or filled by who restores it -> use(): allocate() takes from it -> unmap()
// A machine that was made while the heap is in use lies in it whole, pointers and all: who copies the used part out of
// one process and puts it back in another of the same program has the machine there. What it allocated before or
// elsewhere stays where it was; deallocate() tells by the address. One heap in a process at a time.
//
// Sizes are rounded up to one of four steps for each doubling. A free object is linked in the list of its size; memory
// is never given from one size to another. Large objects are whole pages, whose contents go back to the host when they
// are freed.
//
// I1  the state of the heap is in its first pages: it is copied with the rest
// I2  memory above used_end() was never handed out and is zero
// Locks: one word for each size, one for what is above; both spin, and nothing is taken inside. Native only.
//
//   Errno error = NativeHeap::map();
//   NativeHeap::use();
//   auto* machine = make_object<Machine>(options);
//   NativeHeap::set_root(machine);
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace quire::sync {

class NativeHeap {
 public:
  // Far from where Linux places programs, heaps and libraries, from the explorer's arena, and from the sanitizers'
  // shadow memory. The thread sanitizer lets a program have only what lies above 0x7e80'0000'0000.
#if defined(__SANITIZE_THREAD__)
#define QUIRE_HEAP_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUIRE_HEAP_TSAN 1
#endif
#endif
#ifdef QUIRE_HEAP_TSAN
  static constexpr uintptr_t kStart = 0x7ec0'0000'0000;
#else
  static constexpr uintptr_t kStart = 0x7300'0000'0000;
#endif
  static constexpr std::size_t kBytes = std::size_t{64} << 30;

  /// Empty. -EBUSY: there is one already, or something else is at its addresses; -ENOMEM.
  [[nodiscard]] static base::Errno map();
  /// From now on allocate() takes from it. No other thread allocates at this moment.
  static void use();
  /// Nothing that lies in it is used any more.
  static void unmap();
  [[nodiscard]] static bool in_use();

  [[nodiscard]] static bool contains(const void* p) { return reinterpret_cast<uintptr_t>(p) - kStart < kBytes; }
  /// Whole pages that nobody else has, untouched; never given back.
  [[nodiscard]] static void* reserve(std::size_t bytes);
  /// Above it nothing was ever handed out.
  [[nodiscard]] static uintptr_t used_end();
  /// What a machine is found by.
  static void set_root(void* root);
  [[nodiscard]] static void* root();

  [[nodiscard]] static void* allocate(std::size_t bytes, std::size_t align);
  static void deallocate(void* memory, std::size_t bytes, std::size_t align);

 private:
  struct State;
  struct SizeClass;
  [[nodiscard]] static State& state();
  [[nodiscard]] static unsigned class_of(std::size_t bytes, std::size_t align);
  [[nodiscard]] static std::size_t bytes_of(unsigned size_class);
  [[nodiscard]] static void* take_above(std::size_t bytes, std::size_t align);
  static void refill(SizeClass& size_class, std::size_t bytes);
};

namespace internal {
/// Whether allocate() takes from the heap; changed only while no other thread allocates.
extern constinit bool native_heap_in_use;
}  // namespace internal

}  // namespace quire::sync
