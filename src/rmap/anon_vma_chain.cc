#include "rmap/anon_vma_chain.h"

#include "base/assert.h"
#include "sync/trace.h"

namespace quire::rmap {

AnonChains::~AnonChains() { QUIRE_ASSERT(first_ == nullptr, "a range goes while an anon_vma knows it"); }

bool AnonChains::has(const void* anon_vma) const {
  for (const AnonVmaChain* c = first_; c != nullptr; c = c->next)
    if (&c->anon_vma == anon_vma) return true;
  return false;
}

bool AnonChains::alike(const AnonChains& other) const {
  if (own_ != other.own_) return false;
  const AnonVmaChain* a = first_;
  const AnonVmaChain* b = other.first_;
  for (; a != nullptr && b != nullptr; a = a->next, b = b->next)
    if (&a->anon_vma != &b->anon_vma) return false;
  return a == b;
}

void AnonChains::begin(MappedRange& range, AnonVma& anon_vma) {
  QUIRE_ASSERT(first_ == nullptr, "a range begins with one anon_vma");
  first_ = sync::make_object<AnonVmaChain>(range, anon_vma);
  own_ = &anon_vma;
}

void AnonChains::clone(MappedRange& range, const AnonChains& of) {
  AnonVmaChain** end = &first_;
  for (const AnonVmaChain* c = of.first_; c != nullptr; c = c->next) {
    c->anon_vma.get();
    *end = sync::make_object<AnonVmaChain>(range, c->anon_vma);
    end = &(*end)->next;
  }
  own_ = of.own_;
}

// Not the parent's own. Another fork may take the same: then it belongs to two, which is one page's walk longer.
AnonVma* AnonChains::find_reusable() const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  // The root is none, and the parent's own is in use.
  if (first_ == nullptr || first_->next == nullptr || first_->next->next == nullptr) return nullptr;
  sync::SharedGuard guard(own_->rwsem());
  for (const AnonVmaChain* c = first_; c != nullptr; c = c->next)
    if (c->anon_vma.reusable()) return &c->anon_vma;
  return nullptr;
}

void AnonChains::fork(MappedRange& range, AnonVmas& pool, const AnonChains& parent) {
  clone(range, parent);
  own_ = find_reusable();
  if (own_ != nullptr) {
    QUIRE_REACHED("anon_vma_fork: an anon_vma that nobody uses");
    return;
  }
  own_ = &pool.create_child(*parent.own_);
  auto* chain = sync::make_object<AnonVmaChain>(range, *own_);
  chain->next = first_;
  first_ = chain;
}

void AnonChains::drop(AnonVmas& pool) {
  while (first_ != nullptr) {
    AnonVmaChain* chain = first_;
    first_ = chain->next;
    pool.put(chain->anon_vma);
    sync::destroy_object(chain);
  }
  own_ = nullptr;
}

void AnonChains::insert(base::Range<base::FileIndex> indexes) {
  for (AnonVmaChain* c = first_; c != nullptr; c = c->next) {
    if (c->anon_vma.ranges == nullptr) c->anon_vma.join_parent();
    AnonRanges::insert(c->anon_vma.ranges, *c, indexes);
  }
  if (own_ != nullptr) own_->active += 1;
}

void AnonChains::remove() {
  for (AnonVmaChain* c = first_; c != nullptr; c = c->next) {
    AnonRanges::remove(c->anon_vma.ranges, *c);
    if (c->anon_vma.ranges == nullptr) c->anon_vma.leave_parent();
  }
  if (own_ != nullptr) own_->active -= 1;
}

}  // namespace quire::rmap
