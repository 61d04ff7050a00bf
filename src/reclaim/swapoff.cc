#include "reclaim/swapoff.h"

#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::reclaim {
namespace {

using base::Errno;
using base::PageCount;
using base::SwapOffset;
using swap::SwapArea;
using swap::SwapUser;
using swap::SwapUsers;

class Unuse {
 public:
  Unuse(rmap::Environment& env, fs::TmpFs& tmpfs, SwapArea& area, const SignalPending& signal)
      : env_(env), tmpfs_(tmpfs), area_(area), signal_(signal) {}

  // Linux: mm/swapfile.c try_to_unuse()
  [[nodiscard]] Errno try_to_unuse() {
    QUIRE_FUNC();
    for (;;) {
      PageCount before = area_.inuse_pages();
      if (before == PageCount(0)) break;
      Errno error = tmpfs_.shmem_unuse(area_);
      if (error != Errno::ok) return error;
      error = visit_users();
      if (error != Errno::ok) return error;
      free_cached_slots();
      PageCount now = area_.inuse_pages();
      if (now == PageCount(0)) break;
      // Slots on their way to free look bad, and are not met by the scan: only inuse says when the last is free.
      if (env_.defects.has(base::Defect::D0_6) && !env_.swap.find_next_to_unuse(area_, SwapOffset(0))) break;
      if (interrupted()) return Errno::eintr;
      // Somebody is between a page table and the slot's count, or on its way to swap: only to be waited for. But where
      // some came back, others may have gone out again for them.
      if (now < before)
        QUIRE_REACHED("try_to_unuse: goes round once more");
      else
        sync::retry_point("try_to_unuse");
    }
    QUIRE_POINT("inuse_pages is 0");
    return Errno::ok;
  }

 private:
  [[nodiscard]] bool interrupted() const { return signal_.load() != 0; }
  [[nodiscard]] bool in_use() const { return area_.inuse_pages() != PageCount(0); }

  // Every address space that may have an entry. The one visited last stays on the list because it is held.
  // Linux: mm/swapfile.c try_to_unuse(), its mm list
  [[nodiscard]] Errno visit_users() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    SwapUsers& users = env_.swap.users();
    SwapUser* held = nullptr;
    Errno error = Errno::ok;
    users.mmlist_lock().lock();
    SwapUser* user = users.first_locked();
    while (user != nullptr && error == Errno::ok && !interrupted()) {
      if (user->mmget_not_zero()) {
        users.mmlist_lock().unlock();
        if (held != nullptr) held->mmput();
        held = user;
        error = user->unuse_mm(area_);
        users.mmlist_lock().lock();
      }
      user = users.next_locked(*user);
    }
    users.mmlist_lock().unlock();
    if (held != nullptr) held->mmput();
    return error;
  }

  // Slots that only the swap cache holds. Linux: mm/swapfile.c try_to_unuse(), its scan of swap_map
  void free_cached_slots() {
    SwapOffset slot(0);
    while (in_use() && !interrupted()) {
      auto next = env_.swap.find_next_to_unuse(area_, slot);
      if (!next) return;
      slot = *next;
      cache::FolioRef folio = env_.swap.swap_cache_get_folio(area_.entry(slot));
      if (!folio) continue;
      // It may have left the swap cache, or the area, by the time it is locked: then nothing is freed here.
      cache::LockedFolio locked(*folio);
      folio->wait_writeback();
      (void)env_.swap.folio_free_swap(*folio);
    }
  }

  rmap::Environment& env_;
  fs::TmpFs& tmpfs_;
  SwapArea& area_;
  const SignalPending& signal_;
};

}  // namespace

// Linux: mm/swapfile.c sys_swapoff()
Errno swapoff(rmap::Environment& env, fs::TmpFs& tmpfs, const swap::SwapBackend& device, const SignalPending& signal) {
  QUIRE_FUNC();
  auto started = env.swap.start_swapoff(device);
  if (!started) return started.error();
  SwapArea& area = **started;
  env.swap.disable_slot_cache();
  Errno error = Unuse(env, tmpfs, area, signal).try_to_unuse();
  if (error != Errno::ok) {
    env.swap.reinsert_swap_info(area);
    env.swap.reenable_slot_cache();
    return error;
  }
  env.swap.reenable_slot_cache();
  env.swap.kill_users_and_wait(area);
  env.swap.free_maps(area);
  return Errno::ok;
}

}  // namespace quire::reclaim
