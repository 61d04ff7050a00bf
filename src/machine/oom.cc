// The OOM killer: who is killed when nothing is left to reclaim, and what becomes of what it had.
//
// A kill marks the process (its faults end with SIGKILL) and takes its private memory away at once, without waiting for
// it to end: it may be waiting for the very page that cannot be had. If its mmap_lock is taken for writing, its memory
// comes back when it ends, and the next kill looks for somebody else. So every call either frees something, or uses up
// a victim, or fails: nobody waits for ever. Linux: mm/oom_kill.c
#include <limits>

#include "machine/machine.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::machine {
namespace {

using phys::OomOutcome;

constexpr int kNeverKilled = -1000;  // Linux: OOM_SCORE_ADJ_MIN
constexpr int kScoreTotal = 1000;

}  // namespace

// The process that a kill would give most for, marked and with one more user; nullptr: there is none. `dying`: there is
// one that was killed and has not ended. Linux: mm/oom_kill.c select_bad_process(), oom_badness()
mm::AddressSpace* Machine::select_bad_process(bool& dying) {
  sync::Guard guard(tasklist_lock_);
  (void)task_count_.get();
  Process* chosen = nullptr;
  int64_t most = std::numeric_limits<int64_t>::min();
  auto total = static_cast<int64_t>(frames_.ram().value());
  for (Process* process = tasks_; process != nullptr; process = process->next_) {
    if (process->mm().oom_skipped()) {
      dying = true;
      continue;
    }
    int adj = process->oom_score_adj.load();
    if (adj == kNeverKilled) continue;
    int64_t points = process->mm().oom_badness() + adj * total / kScoreTotal;
    if (points <= most) continue;
    most = points;
    chosen = process;
  }
  if (chosen == nullptr || !chosen->mm().mmget_not_zero()) return nullptr;
  chosen->mm().mark_oom_victim();
  chosen->signal.store(1);
  QUIRE_POINT("Out of memory: killed", "process {} with {} pages", chosen->pid(), most);
  return &chosen->mm();
}

// There is nobody to kill. `dying`: what to do if somebody was killed who has not ended.
OomOutcome Machine::no_victim(base::Order order, OomOutcome dying) {
  if (exiting_.load() != 0) {
    QUIRE_REACHED("out_of_memory: a process is exiting");
    sync::retry_point("out_of_memory");
    return OomOutcome::retry;
  }
  // Whoever was exiting has left all it had.
  frames_.drain_all_pages();
  if (frames_.could_alloc(order)) {
    QUIRE_REACHED("out_of_memory: a process has exited");
    return OomOutcome::retry;
  }
  if (dying == OomOutcome::fail) return dying;
  sync::bug(sync::Failure::bug, "Out of memory and no killable processes");
}

// Linux: mm/oom_kill.c oom_kill_process(), oom_reap_task()
OomOutcome Machine::oom_kill_process(base::Order order, mm::AddressSpace*& victim) {
  bool dying = false;
  victim = select_bad_process(dying);
  if (victim == nullptr) return no_victim(order, dying ? OomOutcome::fail : OomOutcome::retry);
  oom_kills_.add(1);
  private_data_.discard_all(*victim);
  bool reaped = victim->oom_reap();
  for (unsigned i = 0; i < options_.oom_reap_retries && !reaped; ++i) {
    sync::retry_point("oom_reap_task");
    reaped = victim->oom_reap();
  }
  victim->set_oom_skip();
  folios_.lru_add_drain_all();
  return OomOutcome::retry;
}

// Who has the lock waits at most for processes that exit, which need no memory, so it may be waited for. Linux:
// mm/page_alloc.c __alloc_pages_may_oom() (which tries it and sleeps for a moment), mm/oom_kill.c out_of_memory()
OomOutcome Machine::out_of_memory(base::Order order) {
  QUIRE_FUNC();
  if (kernel_ != nullptr && kernel_->freezer().oom_killer_disabled()) {
    QUIRE_REACHED("out_of_memory: tasks are frozen");
    return OomOutcome::fail;
  }
  OomOutcome outcome = OomOutcome::retry;
  mm::AddressSpace* victim = nullptr;
  {
    sync::Guard guard(oom_lock_);
    frames_.drain_all_pages();
    if (frames_.could_alloc(order))
      QUIRE_REACHED("out_of_memory: somebody else has killed");
    else
      outcome = oom_kill_process(order, victim);
  }
  if (victim != nullptr) victim->mmput();
  return outcome;
}

}  // namespace quire::machine
