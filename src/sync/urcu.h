// The five calls of liburcu that sync/ uses, behind names of our own: liburcu's header defines Linux's as macros.
#pragma once

namespace quire::sync::internal {

void urcu_read_lock();
void urcu_read_unlock();
void urcu_synchronize();
void urcu_call(void (*callback)(void*), void* argument);
void urcu_wait_for_callbacks();

}  // namespace quire::sync::internal
