#include "sync/hook.h"

#include "sync/task_flags.h"

namespace quire::sync {

#ifndef QUIRE_NO_EXPLORER
namespace internal {
thread_local constinit Driver* driver_of_thread = nullptr;
}

DriverScope::DriverScope(Driver* driver) : before_(internal::driver_of_thread) { internal::driver_of_thread = driver; }
DriverScope::~DriverScope() { internal::driver_of_thread = before_; }

void announce_poison(const void* memory, std::size_t bytes, const char* what) { hook()->poison(memory, bytes, what); }
void announce_unpoison(const void* memory, std::size_t bytes) { hook()->unpoison(memory, bytes); }
void announce_might_sleep(const char* what) { hook()->might_sleep(what); }

void announce_read(const void* address, const PlainField& field) {
  hook()->plain(PlainAccess::read, address, field.bytes, field.name);
}

void announce_write(const void* address, const PlainField& field) {
  hook()->plain(PlainAccess::write, address, field.bytes, field.name);
}

void announce(OpKind kind, OpFlag flags, const void* object, const char* name) {
  hook()->step({kind, flags, {}, object, name, {}});
}

void announce(OpKind kind, OpFlag flags, const void* object, const char* name, const Condition& when) {
  hook()->step({kind, flags, {}, object, name, when});
}
#else
DriverScope::DriverScope(Driver* driver) : before_(driver) {}
DriverScope::~DriverScope() = default;
#endif

namespace {
thread_local constinit uint32_t flags_of_thread = 0;
}

uint32_t& task_flags() {
  if (Driver* d = hook()) return d->task_flags();
  return flags_of_thread;
}

}  // namespace quire::sync
