// Process: an address space, descriptors, and whether a signal is pending.
//
// A descriptor holds one reference to its open file (fs/file.h), which a child has too. Several threads may use one
// process at once. exit() ends and frees it. Locks: files_lock for the descriptors; the address space has its own.
// Linux: include/linux/sched.h, fs/file.c
#pragma once

#include <string_view>

#include "base/result.h"
#include "fs/file.h"
#include "mm/address_space.h"
#include "power/freezer.h"
#include "reclaim/swapoff.h"
#include "sync/heap.h"

namespace quire::machine {

using base::Errno;
using base::Result;

using fs::FileRef;

/// What system calls a process may make. Linux: CAP_SYS_ADMIN
enum class Privileges : uint8_t { all, none };

class Process {
 public:
  Process(int pid, std::string_view name, mm::AddressSpace* mm, unsigned files_max);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] mm::AddressSpace& mm() const { return *mm_; }

  /// The lowest free descriptor for `file`, whose reference it takes over; -EMFILE.
  [[nodiscard]] Result<int> install(fs::File& file);
  /// Empty: no such descriptor.
  [[nodiscard]] FileRef fget(int fd);
  [[nodiscard]] Errno close(int fd);
  /// Descriptors of a parent that does nothing else meanwhile to its own.
  void copy_files(Process& parent);
  /// Closes all and leaves the address space.
  void end();

  /// Changed by the process itself; a child has those of its parent.
  sync::Plain<Privileges, "cred"> privileges{Privileges::all};
  /// Whose files it may use; the group is 0. Changed as `privileges`.
  sync::Plain<uint32_t, "cred->fsuid"> uid{0};
  [[nodiscard]] fs::Credentials credentials() const { return {uid.get(), 0}; }
  /// A signal that ends what waits for it.
  reclaim::SignalPending signal{0};
  /// Whether SIGBUS is sent as soon as a page fails. Linux: PF_MCE_EARLY
  sync::Atomic<uint32_t, "PF_MCE_EARLY"> mce_kill_early{0};
  sync::Atomic<int32_t, "oom_score_adj"> oom_score_adj{0};
  /// How it takes part in freezing; changed by the process itself, while nobody freezes.
  power::Freezes freezes = power::Freezes::user;
  /// Calls that it makes just now, as far as Machine::FreezableCall tells.
  sync::Atomic<uint32_t, "calls of a task"> in_calls{0};
  /// si_code of a SIGBUS that was sent, 0 for none.
  sync::Atomic<uint32_t, "SIGBUS pending"> sigbus_code{0};

 private:
  friend class Machine;
  [[nodiscard]] bool is_open(int fd) const QUIRE_REQUIRES(files_lock_);

  const int pid_;
  const sync::String name_;
  mm::AddressSpace* mm_;  ///< changed by exec alone
  sync::SpinLock<sync::LockClass::files_lock> files_lock_;
  /// Every access to the descriptors announces this field.
  sync::Plain<uint32_t, "files->fdt"> open_{0};
  sync::Vector<fs::File*> files_ QUIRE_GUARDED_BY(files_lock_);
  /// List of all processes, under the machine's tasklist_lock.
  Process* next_ = nullptr;
  Process* previous_ = nullptr;
};

}  // namespace quire::machine
