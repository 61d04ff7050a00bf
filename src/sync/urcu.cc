#include "sync/urcu.h"

#include <urcu-bp.h>

#include <cstdlib>

#if defined(__SANITIZE_THREAD__)
#define QUIRE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUIRE_TSAN 1
#endif
#endif

#ifdef QUIRE_TSAN
// liburcu orders readers and updaters by fences that ThreadSanitizer does not see; these calls tell it.
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
// Nor does it see what liburcu does to its own memory; the name is what its runtime looks for.
extern "C" const char* __tsan_default_suppressions() { return "race:liburcu-bp\n"; }
#endif

namespace quire::sync::internal {
namespace {

#ifdef QUIRE_TSAN
char grace_period_token;
void tell_reader_ends() { __tsan_release(&grace_period_token); }
void tell_grace_period_ended() { __tsan_acquire(&grace_period_token); }
char callback_token;
void tell_callback_ended() { __tsan_release(&callback_token); }
void tell_callbacks_waited_for() { __tsan_acquire(&callback_token); }
void tell_handed_over(void* memory) { __tsan_release(memory); }
void tell_taken_over(void* memory) { __tsan_acquire(memory); }
#else
void tell_reader_ends() {}
void tell_grace_period_ended() {}
void tell_callback_ended() {}
void tell_callbacks_waited_for() {}
void tell_handed_over(void*) {}
void tell_taken_over(void*) {}
#endif

struct Deferred {
  rcu_head head;
  void (*callback)(void*);
  void* argument;
};

void run(rcu_head* head) {
  auto* deferred = caa_container_of(head, Deferred, head);
  tell_grace_period_ended();
  tell_taken_over(deferred);
  deferred->callback(deferred->argument);
  tell_callback_ended();
  std::free(deferred);
}

}  // namespace

void urcu_read_lock() { urcu_bp_read_lock(); }

void urcu_read_unlock() {
  tell_reader_ends();
  urcu_bp_read_unlock();
}

void urcu_synchronize() {
  urcu_bp_synchronize_rcu();
  tell_grace_period_ended();
}

void urcu_call(void (*callback)(void*), void* argument) {
  auto* deferred = static_cast<Deferred*>(std::malloc(sizeof(Deferred)));
  if (deferred == nullptr) std::abort();
  deferred->callback = callback;
  deferred->argument = argument;
  tell_handed_over(deferred);
  urcu_bp_call_rcu(&deferred->head, run);
}

void urcu_wait_for_callbacks() {
  urcu_bp_barrier();
  tell_callbacks_waited_for();
}

}  // namespace quire::sync::internal
