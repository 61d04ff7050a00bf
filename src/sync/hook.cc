#include "sync/hook.h"

namespace quire::sync {

#ifndef QUIRE_NO_EXPLORER
namespace internal {
thread_local constinit Driver* driver_of_thread = nullptr;
}

DriverScope::DriverScope(Driver* driver) : before_(internal::driver_of_thread) { internal::driver_of_thread = driver; }
DriverScope::~DriverScope() { internal::driver_of_thread = before_; }
#else
DriverScope::DriverScope(Driver* driver) : before_(driver) {}
DriverScope::~DriverScope() = default;
#endif

}  // namespace quire::sync
