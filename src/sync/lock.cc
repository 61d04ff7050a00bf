#include "sync/lock.h"

#include <sched.h>

namespace quire::sync {
namespace {
constexpr unsigned kSpinsBeforeYield = 64;

void relax(unsigned round) {
  if (round % kSpinsBeforeYield == kSpinsBeforeYield - 1)
    sched_yield();
  else
    __builtin_ia32_pause();
}
}  // namespace

// A sleeper sets kContended before it sleeps, so that every release after that wakes. It takes the lock with kContended
// still set: whether others sleep is not known, and one needless wake is cheaper than a lost one.
void LockWord::sleep_until(uint32_t busy, uint32_t gain) {
  uint32_t seen = word_.load(std::memory_order_relaxed);
  for (;;) {
    if ((seen & busy) == 0) {
      uint32_t taken = (seen + gain) | kContended;
      if (word_.compare_exchange_weak(seen, taken, std::memory_order_acquire, std::memory_order_relaxed)) return;
      continue;
    }
    uint32_t contended = seen | kContended;
    if (seen != contended && !word_.compare_exchange_weak(seen, contended, std::memory_order_relaxed)) continue;
    word_.wait(contended, std::memory_order_relaxed);
    seen = word_.load(std::memory_order_relaxed);
  }
}

void LockWord::spin_until_exclusive() {
  for (unsigned round = 0; !native_try_exclusive(); ++round) relax(round);
}

void LockWord::spin_until_shared() {
  for (unsigned round = 0; !native_try_shared(); ++round) relax(round);
}

void LockWord::wake_after_last_reader() {
  uint32_t seen = word_.load(std::memory_order_relaxed);
  while ((seen & (kExclusive | kReaders)) == 0 && (seen & kContended) != 0)
    if (word_.compare_exchange_weak(seen, seen & ~kContended, std::memory_order_relaxed)) break;
  word_.notify_all();
}

}  // namespace quire::sync
