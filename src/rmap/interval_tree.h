// IntervalTree: things by the interval of indexes that each covers, found by what they overlap.
//
// A treap whose nodes are the things themselves: nothing is allocated. In order of the first index; of two that begin
// alike the one inserted later comes later, whatever was inserted or removed in between: a walk that puts migrated
// pages back must come to a parent's range before its child's, into which fork may copy an entry behind the walk's
// back.
//   I1  in order, starts ascend    I2  `reach` is the greatest limit in the subtree    I3  priorities descend
// Locks: the caller's. Linux: mm/interval_tree.c, include/linux/interval_tree_generic.h
//
//   using Tree = IntervalTree<MappedRange, &MappedRange::file_link>;
//   Tree::insert(root, range, range.indexes());
//   Tree::walk(root, indexes, [&](MappedRange& r) { ...; return true; });
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/types.h"

namespace quire::rmap {

template <typename T>
struct IntervalLink {
  T* parent = nullptr;
  T* left = nullptr;
  T* right = nullptr;
  uint64_t start = 0;  ///< [start, limit) is not empty
  uint64_t limit = 0;
  uint64_t reach = 0;
};

template <typename T, IntervalLink<T> T::*Link>
class IntervalTree {
 public:
  using Interval = base::Range<base::FileIndex>;

  static void insert(T*& root, T& node, Interval interval) {
    uint64_t start = interval.start().value();
    uint64_t limit = interval.limit().value();
    T* parent = nullptr;
    T** place = &root;
    while (*place != nullptr) {
      parent = *place;
      IntervalLink<T>& at = parent->*Link;
      at.reach = std::max(at.reach, limit);
      place = start < at.start ? &at.left : &at.right;
    }
    *place = &node;
    node.*Link = {.parent = parent, .start = start, .limit = limit, .reach = limit};
    while (T* above = (node.*Link).parent) {
      if (priority(*above) >= priority(node)) break;
      rotate_up(root, node);
    }
  }

  static void remove(T*& root, T& node) {
    IntervalLink<T>& link = node.*Link;
    while (link.left != nullptr || link.right != nullptr) rotate_up(root, higher_child(link));
    T* parent = link.parent;
    place_of(root, node) = nullptr;
    link = {};
    for (; parent != nullptr; parent = (parent->*Link).parent) renew(*parent);
  }

  /// Calls visit(T&) -> bool, whether to go on, for each that overlaps `interval`, in order; nobody inserts or removes
  /// meanwhile. Returns whether it came to the end.
  template <typename Visit>
  static bool walk(T* root, Interval interval, Visit&& visit) {
    uint64_t start = interval.start().value();
    uint64_t limit = interval.limit().value();
    while (root != nullptr) {
      IntervalLink<T>& link = root->*Link;
      if (link.reach <= start) return true;
      if (!walk(link.left, interval, visit)) return false;
      if (link.start >= limit) return true;
      // Read before the visit: nothing of the link is needed afterwards but its right side.
      if (link.limit > start && !visit(*root)) return false;
      root = link.right;
    }
    return true;
  }

 private:
  // From the address: any order of priorities is right, and a random one keeps the tree flat.
  static uint64_t priority(const T& node) {
    uint64_t x = reinterpret_cast<uintptr_t>(&node) * 0x9e3779b97f4a7c15U;
    return x ^ x >> 29;
  }
  static T& higher_child(const IntervalLink<T>& link) {
    if (link.left == nullptr) return *link.right;
    if (link.right == nullptr) return *link.left;
    return priority(*link.left) > priority(*link.right) ? *link.left : *link.right;
  }
  static T*& place_of(T*& root, T& node) {
    T* parent = (node.*Link).parent;
    if (parent == nullptr) return root;
    return (parent->*Link).left == &node ? (parent->*Link).left : (parent->*Link).right;
  }
  static void renew(T& node) {
    IntervalLink<T>& link = node.*Link;
    link.reach = link.limit;
    if (link.left != nullptr) link.reach = std::max(link.reach, (link.left->*Link).reach);
    if (link.right != nullptr) link.reach = std::max(link.reach, (link.right->*Link).reach);
  }
  // `node` takes its parent's place, which becomes its child.
  static void rotate_up(T*& root, T& node) {
    IntervalLink<T>& link = node.*Link;
    T& parent = *link.parent;
    IntervalLink<T>& above = parent.*Link;
    place_of(root, parent) = &node;
    bool was_left = above.left == &node;
    T*& handed_over = was_left ? link.right : link.left;
    (was_left ? above.left : above.right) = handed_over;
    if (handed_over != nullptr) (handed_over->*Link).parent = &parent;
    handed_over = &parent;
    link.parent = std::exchange(above.parent, &node);
    renew(parent);
    renew(node);
  }
};

}  // namespace quire::rmap
