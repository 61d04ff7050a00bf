#include "sync/rcu.h"

#include "sync/heap.h"
#include "sync/urcu.h"

namespace quire::sync {

void synchronize_rcu() {
  if (Driver* d = hook()) return d->synchronize_rcu();
  internal::urcu_synchronize();
}

namespace {
struct Deferred {
  void (*callback)(void*);
  void* argument;
};

void run_explored(void* memory) {
  auto* deferred = static_cast<Deferred*>(memory);
  synchronize_rcu();
  deferred->callback(deferred->argument);
  deallocate(deferred, sizeof(Deferred), alignof(Deferred));
}
}  // namespace

void call_rcu(void (*callback)(void*), void* argument) {
  Driver* d = hook();
  if (d == nullptr) return internal::urcu_call(callback, argument);
  auto* deferred = static_cast<Deferred*>(allocate(sizeof(Deferred), alignof(Deferred)));
  *deferred = {callback, argument};
  (void)d->spawn("rcu", kAnyCpu, run_explored, deferred);
}

void rcu_barrier() {
  if (hook() == nullptr) internal::urcu_wait_for_callbacks();
}

void preempt_disable() {
  if (Driver* d = hook()) return d->context(ContextChange::preempt_disable);
  internal::urcu_read_lock();
}
void preempt_enable() {
  if (Driver* d = hook()) return d->context(ContextChange::preempt_enable);
  internal::urcu_read_unlock();
}
void local_irq_disable() {
  if (Driver* d = hook()) return d->context(ContextChange::irq_disable);
  internal::urcu_read_lock();
}
void local_irq_enable() {
  if (Driver* d = hook()) return d->context(ContextChange::irq_enable);
  internal::urcu_read_unlock();
}

}  // namespace quire::sync
