#include "sync/wait.h"

#include <sched.h>

namespace quire::sync {

void retry_point(const char* what) {
  if (Driver* d = hook()) return d->retry_point(what);
  sched_yield();
}

}  // namespace quire::sync
