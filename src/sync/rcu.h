// Read-copy-update. Native: liburcu's "bulletproof" flavour, which needs no registration of threads.
//
// Every stretch with a spin lock held, preemption off or interrupts off is a reader too (SEMANTICS 0.5): natively a
// SpinLock enters an RCU reader, explored the driver does. synchronize_rcu() returns only after every reader that was
// running when it was called has ended.
#pragma once

#include "base/thread_annotations.h"
#include "sync/hook.h"
#include "sync/urcu.h"

namespace quire::sync {

/// The reader that a native spin lock implies.
inline void native_rcu_read_lock() { internal::urcu_read_lock(); }
inline void native_rcu_read_unlock() { internal::urcu_read_unlock(); }

inline void rcu_read_lock() {
  if (Driver* d = hook()) [[unlikely]]
    return d->context(ContextChange::rcu_lock);
  internal::urcu_read_lock();
}
inline void rcu_read_unlock() {
  if (Driver* d = hook()) [[unlikely]]
    return d->context(ContextChange::rcu_unlock);
  internal::urcu_read_unlock();
}

/// Waits for all readers that run now; sleeps. Linux: kernel/rcu/tree.c synchronize_rcu()
void synchronize_rcu();

/// Runs `callback(argument)` after a grace period, from a task of its own. Linux: call_rcu()
void call_rcu(void (*callback)(void*), void* argument);

/// Waits until every callback given to call_rcu() before has run (native threads only; explored tasks are joined).
void rcu_barrier();

/// No preemption (and so no sleeping) until the matching enable; a reader meanwhile.
void preempt_disable();
void preempt_enable();
/// No interrupt on this CPU until the matching enable; a reader meanwhile.
void local_irq_disable();
void local_irq_enable();

/// An RCU reader while it lives.
class RcuReader {
 public:
  RcuReader() { rcu_read_lock(); }
  ~RcuReader() { rcu_read_unlock(); }
  RcuReader(const RcuReader&) = delete;
  RcuReader& operator=(const RcuReader&) = delete;
};

}  // namespace quire::sync
