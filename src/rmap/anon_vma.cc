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

// Without a reference yet. Takes the whole list of free ones, keeps one and gives the rest back, so that no other can
// be in the middle of the same.
AnonVma& AnonVmas::take() {
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
    return *free;
  }
  auto* fresh = sync::make_object<AnonVma>();
  AnonVma* seen = made_.load(sync::Order::relaxed);
  do {
    fresh->next_made_ = seen;
  } while (!made_.compare_exchange(seen, fresh));
  return *fresh;
}

// The reference is what publishes root_ to those who have a stale pointer.
AnonVma& AnonVmas::create() {
  AnonVma& anon_vma = take();
  anon_vma.root_ = &anon_vma;
  anon_vma.parent_ = nullptr;
  anon_vma.references_.store(1);
  return anon_vma;
}

AnonVma& AnonVmas::create_child(AnonVma& parent) {
  AnonVma& anon_vma = take();
  anon_vma.root_ = &parent.root();
  anon_vma.root_->get();
  anon_vma.parent_ = &parent;
  anon_vma.references_.store(1);
  return anon_vma;
}

void AnonVmas::push_free(AnonVma& first, AnonVma& last) {
  AnonVma* seen = free_.load(sync::Order::relaxed);
  do {
    last.next_free_ = seen;
  } while (!free_.compare_exchange(seen, &first));
}

void AnonVmas::put(AnonVma& anon_vma) {
  // Read before: without a reference it may be another family's at once.
  AnonVma& root = anon_vma.root();
  int32_t before = anon_vma.references_.fetch_sub(1);
  QUIRE_ASSERT(before > 0, "an anon_vma reference was dropped twice");
  if (before != 1) return;
  QUIRE_ASSERT(anon_vma.ranges == nullptr, "an anon_vma is given up while ranges are linked");
  push_free(anon_vma, anon_vma);
  if (&root != &anon_vma) put(root);
}

}  // namespace quire::rmap
