#include "explore/fiber.h"

#include <boost/context/detail/fcontext.hpp>

#include "base/assert.h"

#ifdef QUIRE_FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef QUIRE_FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace quire::explore {
namespace {

namespace detail = boost::context::detail;

#if defined(QUIRE_FIBER_ASAN) || defined(QUIRE_FIBER_TSAN)
struct SanitizerState {
  void* fake_stacks[16] = {};
  void* tsan_fibers[16] = {};
  unsigned running = kHostFiber;
  const void* host_low = nullptr;
  std::size_t host_bytes = 0;
};
thread_local SanitizerState state_of_thread;
#endif

void announce_switch([[maybe_unused]] Stack to_stack, [[maybe_unused]] unsigned to_index) {
#ifdef QUIRE_FIBER_ASAN
  SanitizerState& s = state_of_thread;
  const void* low = to_index == kHostFiber ? s.host_low : to_stack.low;
  std::size_t bytes = to_index == kHostFiber ? s.host_bytes : to_stack.bytes;
  __sanitizer_start_switch_fiber(&s.fake_stacks[s.running], low, bytes);
  s.running = to_index;
#endif
#ifdef QUIRE_FIBER_TSAN
  SanitizerState& s = state_of_thread;
  if (s.running == kHostFiber) s.tsan_fibers[kHostFiber] = __tsan_get_current_fiber();
  if (s.tsan_fibers[to_index] == nullptr) s.tsan_fibers[to_index] = __tsan_create_fiber(0);
  s.running = to_index;
  __tsan_switch_to_fiber(s.tsan_fibers[to_index], 0);
#endif
}

void announce_arrival() {
#ifdef QUIRE_FIBER_ASAN
  SanitizerState& s = state_of_thread;
  const void* low = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(s.fake_stacks[s.running], &low, &bytes);
  s.fake_stacks[s.running] = nullptr;
  if (s.running != kHostFiber && s.host_low == nullptr) {
    s.host_low = low;
    s.host_bytes = bytes;
  }
#endif
}

// The first jump into a fiber carries its entry; every jump leaves the suspended context where the sender asked.
struct Parcel {
  Context* from;
};

void first_entry(detail::transfer_t transfer);

using Entry = void (*)();

// fcontext offers no argument at creation: the entry is kept in the highest word of the stack.
Entry& entry_of(Stack stack) { return *reinterpret_cast<Entry*>(stack.top() - sizeof(Entry)); }

struct FirstParcel : Parcel {
  Entry entry;
};

}  // namespace

Context make_fiber(Stack stack, void (*entry)()) {
#ifdef QUIRE_FIBER_ASAN
  ASAN_UNPOISON_MEMORY_REGION(stack.low, stack.bytes);
#endif
  entry_of(stack) = entry;
  constexpr std::size_t kReserved = 64;
  return detail::make_fcontext(stack.top() - kReserved, stack.bytes - kReserved, first_entry);
}

void switch_fiber(Context* from, Context to, Stack to_stack, unsigned to_index) {
  FirstParcel parcel{{from}, to_index == kHostFiber ? nullptr : entry_of(to_stack)};
  announce_switch(to_stack, to_index);
  detail::transfer_t arrived = detail::jump_fcontext(to, &parcel);
  announce_arrival();
  *static_cast<Parcel*>(arrived.data)->from = arrived.fctx;
}

void forget_fiber([[maybe_unused]] Stack stack, [[maybe_unused]] unsigned index) {
#ifdef QUIRE_FIBER_ASAN
  ASAN_UNPOISON_MEMORY_REGION(stack.low, stack.bytes);
  state_of_thread.fake_stacks[index] = nullptr;
#endif
#ifdef QUIRE_FIBER_TSAN
  if (state_of_thread.tsan_fibers[index] != nullptr) {
    __tsan_destroy_fiber(state_of_thread.tsan_fibers[index]);
    state_of_thread.tsan_fibers[index] = nullptr;
  }
#endif
}

namespace {
void first_entry(detail::transfer_t transfer) {
  announce_arrival();
  auto* parcel = static_cast<FirstParcel*>(transfer.data);
  *parcel->from = transfer.fctx;
  parcel->entry();
  QUIRE_ASSERT(false, "a fiber's entry returned");
}
}  // namespace

}  // namespace quire::explore
