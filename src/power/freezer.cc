#include "power/freezer.h"

#include <time.h>

#include <algorithm>

#include "power/stopwatch.h"
#include "sync/trace.h"

namespace quire::power {

using base::Errno;

void Freezer::enter(Freezes kind) {
  if (kind == Freezes::never) return;
  Kind& k = kinds_[static_cast<unsigned>(kind)];
  for (;;) {
    k.in_flight.fetch_add(1);
    if (k.frozen.load() == 0) return;
    leave(kind);
    k.frozen.await_equal(0);
  }
}

void Freezer::leave(Freezes kind) {
  if (kind == Freezes::never) return;
  Kind& k = kinds_[static_cast<unsigned>(kind)];
  uint32_t before = k.in_flight.fetch_sub(1);
  QUIRE_ASSERT(before > 0, "a call ended that did not begin");
  if (before == 1) k.in_flight.wake_all();
}

// Looks again after 1 ms, 2 ms, 4 ms, and then every 8 ms. Linux: kernel/power/process.c try_to_freeze_tasks()
bool Freezer::wait_natively(const Kind& kind) const {
  constexpr long kNanosecondsMax = 8'000'000;
  Stopwatch watch;
  double left = timeout_milliseconds_ * 1e-3;
  for (long pause = 1'000'000; kind.in_flight.load() != 0; pause = std::min(2 * pause, kNanosecondsMax)) {
    left -= watch.lap();
    if (left <= 0) return false;
    timespec time{0, pause};
    (void)nanosleep(&time, nullptr);
  }
  return true;
}

// Linux: kernel/power/process.c try_to_freeze_tasks()
Errno Freezer::freeze(Freezes kind, FreezeWitness* witness) {
  QUIRE_FUNC();
  QUIRE_ASSERT(kind != Freezes::never);
  Kind& k = kinds_[static_cast<unsigned>(kind)];
  k.frozen.store(1);
  if (!sync::driven()) {
    if (wait_natively(k)) return Errno::ok;
    if (witness != nullptr) witness->would_not_freeze(kind);
    thaw();
    return Errno::ebusy;
  }
  if (k.in_flight.load() != 0 && sync::should_fail("freeze_timeout")) {
    QUIRE_REACHED("a task does not freeze within the time limit");
    thaw();
    return Errno::ebusy;
  }
  k.in_flight.await_equal(0);
  return Errno::ok;
}

void Freezer::thaw() {
  for (Kind& k : kinds_) {
    k.frozen.store(0);
    k.frozen.wake_all();
  }
}

}  // namespace quire::power
