// AnonVmaChain: one range in the tree of one AnonVma. AnonChains: all those of one range.
//
//   A maps     AnonVma a { A }                     pages of A
//   B = fork   AnonVma a { A, B }, b { B }         what B writes belongs to b: A is never asked for it
//   C = fork   a { A, B, C }, b { B, C }, c { C }  of B; a page that only A can map is still looked for in B and C
// A range is in the tree of every AnonVma to which a page of it may belong, from the newest to the oldest, the root.
// The halves of a split range and what mremap moves have the same chains; ranges become one only if theirs are alike.
// A private mapping has an AnonVma of its own from its start, or shares that of a neighbour which it may be joined with
// later; the child's of a file mapping without copies begins a family.
// I1  a chain holds one reference to its AnonVma
// I2  all are of one family, each one's parent is among them, and so is the one to which new pages belong
// I3  while a fork copies entries the child's range comes after its parent's, of equal start, in every tree
//     (interval_tree.h: it was inserted later)
// Locks: which chains a range has changes before it can be seen and after it was unlinked, with no lock; the trees
// under the family's anon_vma_rwsem. Linux: include/linux/rmap.h struct anon_vma_chain
//
//   child.anon_chains.fork(child, pool, parent.anon_chains);
//   sync::Guard guard(child.anon_chains.own()->rwsem());
//   child.anon_chains.insert(child.indexes());
#pragma once

#include "base/types.h"
#include "rmap/anon_vma.h"
#include "rmap/interval_tree.h"

namespace quire::rmap {

class MappedRange;

struct AnonVmaChain {
  AnonVmaChain(MappedRange& of, AnonVma& to) : range(of), anon_vma(to) {}
  MappedRange& range;
  AnonVma& anon_vma;
  AnonVmaChain* next = nullptr;  ///< of the range
  IntervalLink<AnonVmaChain> link = {};
};

using AnonRanges = IntervalTree<AnonVmaChain, &AnonVmaChain::link>;

class AnonChains {
 public:
  AnonChains() = default;
  ~AnonChains();
  AnonChains(const AnonChains&) = delete;
  AnonChains& operator=(const AnonChains&) = delete;

  /// To which the range's new pages belong; nullptr: it has no anonymous pages. Linux: vma->anon_vma
  [[nodiscard]] AnonVma* own() const { return own_; }
  [[nodiscard]] bool has(const void* anon_vma) const;
  /// Whether there are others than that one. Linux: !list_is_singular()
  [[nodiscard]] bool inherited() const { return first_ != nullptr && first_->next != nullptr; }
  [[nodiscard]] bool alike(const AnonChains& other) const;

  // --- `range`, whose chains these are, is not linked ---------------------------------------------------------------
  /// The first, with the caller's reference.
  void begin(MappedRange& range, AnonVma& anon_vma);
  /// The same as `of`. Linux: mm/rmap.c anon_vma_clone()
  void clone(MappedRange& range, const AnonChains& of);
  /// Those of the parent's range, and one of its own. Sleeps. Linux: mm/rmap.c anon_vma_fork()
  void fork(MappedRange& range, AnonVmas& pool, const AnonChains& parent);
  /// Puts the references. Linux: mm/rmap.c unlink_anon_vmas()
  void drop(AnonVmas& pool);

  // --- own()->rwsem() is held ----------------------------------------------------------------------------------------
  void insert(base::Range<base::FileIndex> indexes);
  void remove();

 private:
  [[nodiscard]] AnonVma* find_reusable() const;

  AnonVmaChain* first_ = nullptr;
  AnonVma* own_ = nullptr;
};

}  // namespace quire::rmap
