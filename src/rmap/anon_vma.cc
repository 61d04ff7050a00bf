#include "rmap/anon_vma.h"

#include "base/assert.h"

namespace quire::rmap {

bool AnonVma::try_get() {
  int32_t seen = references_.load(sync::Order::relaxed);
  while (seen != 0)
    if (references_.compare_exchange(seen, seen + 1)) return true;
  return false;
}

AnonVmas::~AnonVmas() {
  for (AnonVma* a = made_.peek(); a != nullptr;) {
    AnonVma* next = a->next_made_;
    sync::destroy_object(a);
    a = next;
  }
}

// Takes the whole list of free ones, keeps one and gives the rest back, so that no other can be in the middle of the
// same.
AnonVma& AnonVmas::create() {
  AnonVma* free = free_.load(sync::Order::relaxed) == nullptr ? nullptr : free_.exchange(nullptr);
  if (free != nullptr) {
    if (AnonVma* rest = free->next_free_; rest != nullptr) {
      AnonVma* seen = nullptr;
      if (!free_.compare_exchange(seen, rest)) {
        AnonVma* last = rest;
        while (last->next_free_ != nullptr) last = last->next_free_;
        push_free(*rest, *last);
      }
    }
    free->references_.store(1);
    return *free;
  }
  auto* fresh = sync::make_object<AnonVma>();
  fresh->references_.init(1);
  AnonVma* seen = made_.load(sync::Order::relaxed);
  do {
    fresh->next_made_ = seen;
  } while (!made_.compare_exchange(seen, fresh));
  return *fresh;
}

void AnonVmas::push_free(AnonVma& first, AnonVma& last) {
  AnonVma* seen = free_.load(sync::Order::relaxed);
  do {
    last.next_free_ = seen;
  } while (!free_.compare_exchange(seen, &first));
}

void AnonVmas::put(AnonVma& anon_vma) {
  int32_t before = anon_vma.references_.fetch_sub(1);
  QUIRE_ASSERT(before > 0, "an anon_vma reference was dropped twice");
  if (before == 1) push_free(anon_vma, anon_vma);
}

}  // namespace quire::rmap
