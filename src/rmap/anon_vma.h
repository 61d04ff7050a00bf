// AnonVma: the mapped ranges in which the anonymous pages of one family of address spaces may be mapped.
//
// A private mapping has one from its start; fork and split let the new range join it (one shared tree per family). A
// folio points to it from its first mapping on and holds no reference: whoever follows that pointer goes through
// RmapHold (rmap_walk.h).
//   free (in the pool) -> AnonVmas::create: 1 reference -> one reference per linked range -> last put: free
// I1  refcount = linked ranges + users of a pointer
// I2  an AnonVma is never anything else than an AnonVma while the machine lives, so that a stale pointer may be asked
// for a
//     reference (SLAB_TYPESAFE_BY_RCU in Linux)
// Locks: anon_vma_rwsem for the tree of ranges. Linux: mm/rmap.c
//
//   sync::SharedGuard guard(anon_vma.rwsem);
//   AnonRanges::walk(anon_vma.ranges, indexes, [&](MappedRange& range) { ... });
#pragma once

#include "cache/folio.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"

namespace quire::rmap {

class MappedRange;

class AnonVma {
 public:
  using Lock = sync::RwSemaphore<sync::LockClass::anon_vma_rwsem>;

  AnonVma() = default;
  AnonVma(const AnonVma&) = delete;
  AnonVma& operator=(const AnonVma&) = delete;

  /// The caller has a reference.
  void get() { references_.add(1); }
  /// One more unless there is none.
  [[nodiscard]] bool try_get();
  [[nodiscard]] int peek_references() const { return references_.peek(); }

  Lock rwsem;
  /// The root of an AnonRanges (mapped_range.h).
  MappedRange* ranges QUIRE_GUARDED_BY(rwsem) = nullptr;

 private:
  friend class AnonVmas;
  sync::Atomic<int32_t, "anon_vma->refcount"> references_{0};
  AnonVma* next_free_ = nullptr;
  AnonVma* next_made_ = nullptr;
};

/// Where they come from and go to.
class AnonVmas {
 public:
  AnonVmas() = default;
  ~AnonVmas();
  AnonVmas(const AnonVmas&) = delete;
  AnonVmas& operator=(const AnonVmas&) = delete;

  /// With one reference and no range. Linux: anon_vma_alloc()
  [[nodiscard]] AnonVma& create();
  /// Linux: put_anon_vma()
  void put(AnonVma& anon_vma);

 private:
  void push_free(AnonVma& first, AnonVma& last);

  sync::Atomic<AnonVma*, "anon_vma pool"> free_{nullptr};
  sync::Atomic<AnonVma*, "anon_vmas made"> made_{nullptr};
};

}  // namespace quire::rmap
