// What the OOM killer asks of an address space, and does to it.
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using rmap::RssClass;

}  // namespace

// Page tables are not counted: they are no pages of the machine.
int64_t AddressSpace::oom_badness() const {
  return rss.get(RssClass::anon) + rss.get(RssClass::file) + rss.get(RssClass::shmem) + rss.get(RssClass::swap_entries);
}

// Faults may run meanwhile: they see the victim's mark and end. Linux: mm/oom_kill.c __oom_reap_task_mm()
bool AddressSpace::oom_reap() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  QUIRE_FUNC();
  if (!mmap_lock.try_lock_shared()) {
    QUIRE_REACHED("oom_reap_task_mm: mmap_lock is taken");
    return false;
  }
  (void)map_count_.get();
  for (const auto& [end, vma] : vmas_)
    if (vma->is_anonymous() || !vma->has(VmFlag::shared)) zap_range(*vma, vma->pages(), {});
  mmap_lock.unlock_shared();
  QUIRE_POINT("reaped");
  return true;
}

}  // namespace quire::mm
