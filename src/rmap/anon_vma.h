// AnonVma: the mapped ranges in which the anonymous pages that belong to it may be mapped.
//
// The new pages of a private mapping belong to one. The child that a fork makes joins every AnonVma that its parent's
// mapping has joined, and gets one of its own below that: so the walk of a page meets the mapping that made it and
// those that inherited it, and nobody else (anon_vma_chain.h). All that descend from one are a family and share the
// lock of the eldest, the root. A folio points to its AnonVma from its first mapping on and holds no reference: whoever
// follows that pointer goes through RmapHold (rmap_walk.h).
//   free (in the pool) -> AnonVmas::create: 1 reference -> one reference per chain -> last put: free
// I1  refcount = chains + users of a pointer + of a root: the others of its family
// I2  an AnonVma is never anything else than an AnonVma while the machine lives, so that a stale pointer may be asked
//     for a reference (SLAB_TYPESAFE_BY_RCU in Linux)
// I3  root() is constant while there is a reference
// I4  a range that is linked into an AnonVma is linked into its parent and its root
// Locks: anon_vma_rwsem, the root's, for the trees of ranges of the whole family. Linux: mm/rmap.c
//
//   sync::SharedGuard guard(anon_vma.rwsem());
//   AnonRanges::walk(anon_vma.ranges, indexes, [&](AnonVmaChain& chain) { ... chain.range ... });
#pragma once

#include "cache/folio.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"

namespace quire::rmap {

struct AnonVmaChain;

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
  /// The eldest of the family. The caller has a reference, to this one.
  [[nodiscard]] AnonVma& root() const { return *root_; }
  [[nodiscard]] Lock& rwsem() const { return root_->rwsem_; }

  // --- rwsem() is held ----------------------------------------------------------------------------------------------
  /// The root of an AnonRanges (anon_vma_chain.h).
  AnonVmaChain* ranges = nullptr;
  /// Linked ranges whose new pages belong to it. Linux: num_active_vmas
  int active = 0;
  /// Before the first range is linked and after the last was unlinked.
  void join_parent() { count_in_parent(1); }
  void leave_parent() { count_in_parent(-1); }
  /// Whether a further mapping may make it its own: nobody's new pages belong to it, and no more than one child does.
  /// Otherwise a line of processes of which each forks one and exits would have ever more. Linux: anon_vma_clone()
  [[nodiscard]] bool reusable() const { return parent_ != nullptr && active == 0 && children_ < 2; }

 private:
  friend class AnonVmas;
  void count_in_parent(int n) {
    if (parent_ != nullptr) parent_->children_ += n;
  }

  Lock rwsem_;
  sync::Atomic<int32_t, "anon_vma->refcount"> references_{0};
  AnonVma* root_ = this;
  AnonVma* parent_ = nullptr;  ///< BY I4 there while a range is linked; nullptr: the root
  int children_ = 0;           ///< with linked ranges. Linux: num_children
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

  /// With one reference and no range: the root of a new family. Linux: anon_vma_alloc()
  [[nodiscard]] AnonVma& create();
  /// The same, a child of `parent`, to which the caller has a reference. Linux: anon_vma_fork()
  [[nodiscard]] AnonVma& create_child(AnonVma& parent);
  /// Linux: put_anon_vma()
  void put(AnonVma& anon_vma);

 private:
  [[nodiscard]] AnonVma& take();
  void push_free(AnonVma& first, AnonVma& last);

  sync::Atomic<AnonVma*, "anon_vma pool"> free_{nullptr};
  sync::Atomic<AnonVma*, "anon_vmas made"> made_{nullptr};
};

}  // namespace quire::rmap
