// RunningCpus: that other CPUs run, as a lock: shared by each stretch of instructions that nothing preempts, exclusive
// by who has taken the other CPUs offline.
//
// A task that may be preempted between two stretches stays there while the others are stopped, with everything that it
// has done so far, and goes on afterwards: it need not be frozen for that. Who runs alone says so (Cpus::one), since
// nothing that it does has anybody to exclude.
//   Locks: `running_cpus`, outside cpa_lock and the locks of free pages. Linux: kernel/cpu.c freeze_secondary_cpus()
//
//   RunningCpus::Stretch stretch(cpus, Cpus::many);   // spin locks are taken and dropped in here
#pragma once

#include "base/thread_annotations.h"
#include "sync/lock.h"

namespace quire::phys {

/// How many CPUs run where this is called.
enum class Cpus : uint8_t { many, one };

class RunningCpus {
 public:
  /// Returns when no other CPU is inside a stretch; none begins one until start_others(). Does not sleep, and neither
  /// does the caller until then.
  void stop_others() QUIRE_NO_THREAD_SAFETY_ANALYSIS { lock_.lock(); }
  /// In a machine from an image, before start_others(): the caller stands for the thread that has stopped the others,
  /// in the process that the image is of. What is held is in the image, but for that it makes an RCU reader.
  static void take_over() { sync::native_rcu_read_lock(); }
  void start_others() QUIRE_NO_THREAD_SAFETY_ANALYSIS { lock_.unlock(); }

  /// Not preempted while it lives. `cpus` may be nullptr: nobody ever stops them.
  class Stretch {
   public:
    Stretch(RunningCpus* cpus, Cpus running) QUIRE_NO_THREAD_SAFETY_ANALYSIS
        : cpus_(running == Cpus::one ? nullptr : cpus) {
      if (cpus_ != nullptr) cpus_->lock_.lock_shared();
    }
    ~Stretch() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
      if (cpus_ != nullptr) cpus_->lock_.unlock_shared();
    }
    Stretch(const Stretch&) = delete;
    Stretch& operator=(const Stretch&) = delete;

   private:
    RunningCpus* cpus_;
  };

 private:
  sync::RwLock<sync::LockClass::running_cpus> lock_;
};

}  // namespace quire::phys
