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

#ifndef QUIRE_NO_EXPLORER
void LockWord::driven_lock(LockClass c, OpFlag flags) {
  hook()->step({OpKind::acquire, OpFlag::acquires | flags, c, this, rule(c).name, free_of(kExclusive | kReaders)});
  set_exclusive();
}

void LockWord::driven_lock_shared(LockClass c, OpFlag flags) {
  hook()->step({OpKind::acquire_shared, OpFlag::acquires | flags, c, this, rule(c).name, free_of(kExclusive)});
  add_reader(+1);
}

// The trylock of a sleeping lock may be made to fail: its holder in a kernel may be somebody the scenario has not.
bool LockWord::driven_try_lock(LockClass c, OpFlag flags) {
  bool unlucky = !has(flags, OpFlag::spins) && hook()->should_fail({"trylock", rule(c).name});
  OpKind kind = unlucky ? OpKind::load : OpKind::try_acquire;
  hook()->step({kind, OpFlag::acquires | flags, c, this, rule(c).name, free_of(kExclusive | kReaders)});
  if (unlucky || busy(kExclusive | kReaders)) return false;
  set_exclusive();
  return true;
}

bool LockWord::driven_try_lock_shared(LockClass c, OpFlag flags) {
  hook()->step({OpKind::try_acquire_shared, OpFlag::acquires | flags, c, this, rule(c).name, free_of(kExclusive)});
  if (busy(kExclusive)) return false;
  add_reader(+1);
  return true;
}

void LockWord::driven_unlock(LockClass c, OpFlag flags) {
  hook()->step({OpKind::release, OpFlag::releases | flags, c, this, rule(c).name, {}});
  clear_exclusive();
}

void LockWord::driven_unlock_shared(LockClass c, OpFlag flags) {
  hook()->step({OpKind::release_shared, OpFlag::releases | flags, c, this, rule(c).name, {}});
  add_reader(-1);
}

bool LockWord::driven_is_locked(LockClass c) const {
  hook()->step({OpKind::load, OpFlag::none, c, this, rule(c).name, {}});
  return held_exclusive();
}
#endif

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
