#include "oracle/shared_word.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace quire::oracle {

void SharedWord::publish(uint32_t value) {
  value_.store(value);
  syscall(SYS_futex, &value_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void SharedWord::wait_while(uint32_t value, int milliseconds) const {
  if (value_.load() != value) return;
  timespec limit{milliseconds / 1'000, milliseconds % 1'000 * 1'000'000L};
  syscall(SYS_futex, &value_, FUTEX_WAIT, value, &limit, nullptr, 0);
}

}  // namespace quire::oracle
