#include "explore/arena.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/assert.h"

namespace quire::explore {
namespace {

// Far from where Linux places programs, heaps and libraries, and from the sanitizers' shadow memory. The thread
// sanitizer lets a program have only what lies above 0x7e80'0000'0000.
#ifdef QUIRE_FIBER_TSAN
constexpr uintptr_t kFirstAddress = 0x7ea0'0000'0000;
#else
constexpr uintptr_t kFirstAddress = 0x7200'0000'0000;
#endif
constexpr uintptr_t kAddressStep = 0x1000'0000;
constexpr unsigned kAddressesTried = 64;

std::byte* map_anywhere_fixed(std::size_t bytes) {
  for (unsigned i = 0; i < kAddressesTried; ++i) {
    void* wanted = reinterpret_cast<void*>(kFirstAddress + i * kAddressStep);
    void* got = mmap(wanted, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == wanted) return static_cast<std::byte*>(got);
    if (got != MAP_FAILED) munmap(got, bytes);
  }
  std::fprintf(stderr, "quire: no address for the explorer's arena (%zu bytes)\n", bytes);
  std::abort();
}

}  // namespace

Arena::Arena() : base_(map_anywhere_fixed(kBytes)) {
  void* map =
      mmap(nullptr, kHeapBytes / kGranule, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  QUIRE_ASSERT(map != MAP_FAILED, "no memory for the map of live bytes");
  alive_ = static_cast<uint8_t*>(map);
  for (unsigned i = 0; i <= kTasksMax; ++i) mprotect(stack(i).low - kGuardBytes, kGuardBytes, PROT_NONE);
}

Arena::~Arena() {
  munmap(base_, kBytes);
  munmap(alive_, kHeapBytes / kGranule);
}

Stack Arena::stack(unsigned index) const {
  std::byte* first = base_ + kHeapBytes + index * (kStackBytes + kGuardBytes) + kGuardBytes;
  return {first, index == kMain ? kMainStackBytes : kStackBytes};
}

bool Arena::in_guard(const void* p) const {
  for (unsigned i = 0; i <= kTasksMax; ++i) {
    const std::byte* low = stack(i).low;
    if (p >= low - kGuardBytes && p < low) return true;
  }
  return false;
}

void Arena::set_alive(const void* p, std::size_t bytes, uint8_t alive) {
  QUIRE_ASSERT(on_heap(p), "memory that is not the arena's");
  std::memset(alive_ + offset(p) / kGranule, alive, (bytes + kGranule - 1) / kGranule);
}

}  // namespace quire::explore
