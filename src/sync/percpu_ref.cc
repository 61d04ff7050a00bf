#include "sync/percpu_ref.h"

#include "base/assert.h"
#include "sync/rcu.h"
#include "sync/wait.h"

namespace quire::sync {
namespace {
std::atomic<unsigned> next_slot{0};
unsigned slot_of_thread() {
  thread_local unsigned slot = next_slot.fetch_add(1, std::memory_order_relaxed);
  return slot;
}
constexpr const char* kName = "percpu_ref";
constexpr OpFlag kBoth = OpFlag::acquires | OpFlag::releases;
}  // namespace

PercpuRef::~PercpuRef() { destroy_object(slots_); }

void PercpuRef::reinit() {
  if (Driver* d = hook()) {
    d->step({OpKind::rmw, kBoth, {}, this, kName, {}});
    word_.store(1, std::memory_order_relaxed);
    return;
  }
  if (slots_ == nullptr) slots_ = make_object<std::array<Slot, kSlots>>();
  for (Slot& slot : *slots_) slot.count.store(0, std::memory_order_relaxed);
  word_.store(1, std::memory_order_release);
}

bool PercpuRef::try_get_live() {
  if (Driver* d = hook()) {
    // Live: changes without looking, and orders nothing, so that gets and puts really commute. Dead: only looks.
    Condition live{&word_, kDead, 0, 4, Condition::Test::equal};
    d->step({OpKind::add, OpFlag::none, {}, this, kName, live});
    uint32_t word = word_.load(std::memory_order_relaxed);
    if ((word & kDead) != 0) return false;
    word_.store(word + 1, std::memory_order_relaxed);
    return true;
  }
  RcuReader reader;
  if ((word_.load(std::memory_order_acquire) & kDead) != 0) return false;
  (*slots_)[slot_of_thread() % kSlots].count.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void PercpuRef::put() {
  if (Driver* d = hook()) {
    Condition live{&word_, kDead, 0, 4, Condition::Test::equal};
    d->step({OpKind::add, OpFlag::releases, {}, this, kName, live});
    uint32_t word = word_.load(std::memory_order_relaxed);
    QUIRE_ASSERT((word & ~kDead) != 0, "put without a reference");
    word_.store(word - 1, std::memory_order_relaxed);
    if (word - 1 != kDead) return;
    // The last one comes after all others.
    d->step({OpKind::load, OpFlag::acquires, {}, this, kName, {}});
    release_(*this, argument_);
    return;
  }
  {
    RcuReader reader;
    if ((word_.load(std::memory_order_acquire) & kDead) == 0) {
      (*slots_)[slot_of_thread() % kSlots].count.fetch_sub(1, std::memory_order_release);
      return;
    }
  }
  put_dead();
}

// The count in word_ is biased by kBias until kill() has added the slots up, so that a put on the dead count can not
// reach zero before that.
namespace {
constexpr uint32_t kBias = 0x4000'0000;
}

void PercpuRef::put_dead() {
  uint32_t before = word_.fetch_sub(1, std::memory_order_acq_rel);
  if (before - 1 == kDead) release_(*this, argument_);
}

void PercpuRef::kill() {
  if (Driver* d = hook()) {
    d->step({OpKind::rmw, kBoth, {}, this, kName, {}});
    uint32_t word = word_.load(std::memory_order_relaxed);
    QUIRE_ASSERT((word & kDead) == 0, "kill of a dead reference");
    word_.store((word - 1) | kDead, std::memory_order_relaxed);
    if (word == 1) release_(*this, argument_);
    return;
  }
  uint32_t before = word_.fetch_add(kDead + kBias, std::memory_order_acq_rel);
  QUIRE_ASSERT((before & kDead) == 0, "kill of a dead reference");
  synchronize_rcu();
  int64_t sum = 0;
  for (Slot& slot : *slots_) sum += slot.count.load(std::memory_order_acquire);
  uint32_t change = static_cast<uint32_t>(sum - 1) - kBias;
  uint32_t after = word_.fetch_add(change, std::memory_order_acq_rel) + change;
  if (after == kDead) release_(*this, argument_);
}

int64_t PercpuRef::peek_references() const {
  uint32_t word = word_.load(std::memory_order_relaxed);
  bool dead = (word & kDead) != 0;
  int64_t sum = static_cast<int64_t>(word & ~kDead) - (dead ? 0 : 1);
  if (slots_ != nullptr && !dead)
    for (const Slot& slot : *slots_) sum += slot.count.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace quire::sync
