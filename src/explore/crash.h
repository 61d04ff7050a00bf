// A touch of memory that is not there (null pointer, end of a fiber's stack) becomes an incident instead of a crash.
#pragma once

namespace quire::explore {

class Executor;

/// While it lives, SIGSEGV and SIGBUS on this thread inside a fiber of `executor` call Executor::memory_fault().
class CrashGuard {
 public:
  explicit CrashGuard(Executor* executor);
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;

 private:
  Executor* before_;
};

}  // namespace quire::explore
