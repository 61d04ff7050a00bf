#include "fs/falloc.h"

#include "sync/trace.h"

namespace quire::fs {

// Linux: mm/shmem.c shmem_fallocate()
void FallocSlot::publish(ShmemFalloc& hole) {
  sync::Guard guard(i_lock_);
  punch_.store(&hole);
}

// Linux: mm/shmem.c shmem_fallocate(), wake_up_all()
void FallocSlot::end() {
  sync::Guard guard(i_lock_);
  ShmemFalloc& hole = *punch_.load(sync::Order::relaxed);
  punch_.store(nullptr);
  for (FallocWaiter* waiter = std::exchange(hole.waiters.mutate(), nullptr); waiter != nullptr;) {
    FallocWaiter* next = std::exchange(waiter->next, nullptr);
    waiter->woken.store(1);
    waiter->woken.wake_all();
    waiter = next;
  }
}

// Takes the waiter off a queue that may be gone by now. Linux: kernel/sched/wait.c finish_wait()
void FallocSlot::finish_wait(ShmemFalloc& queue, FallocWaiter& waiter) {
  FallocWaiter** place = &queue.waiters.mutate();
  while (*place != nullptr && *place != &waiter) place = &(*place)->next;
  if (*place != nullptr) *place = waiter.next;
}

// Linux: mm/shmem.c shmem_falloc_wait()
bool FallocSlot::shmem_falloc_wait(base::FileIndex index, base::DefectSet defects) {
  QUIRE_FUNC();
  if (punch_.load(sync::Order::relaxed) == nullptr) return false;
  sync::Box<FallocWaiter> waiter = sync::make_box<FallocWaiter>();
  ShmemFalloc* queue = nullptr;
  {
    sync::Guard guard(i_lock_);
    queue = punch_.load(sync::Order::relaxed);
    if (queue == nullptr || !queue->hole.contains(index)) return false;
    QUIRE_REACHED("shmem_fault: waits for a hole punch");
    waiter->next = queue->waiters.get();
    queue->waiters = waiter.get();
  }
  waiter->woken.await_equal(1);
  // The lock even though woken: whoever woke may still be at it, and the waiter must not go before. BY I2
  sync::Guard guard(i_lock_);
  if (defects.has(base::Defect::D1_13)) finish_wait(*queue, *waiter);
  return true;
}

}  // namespace quire::fs
