// RadixTree: index -> nonzero 64-bit word. A pure data structure; the caller has the lock.
//
// Each node has 2^bits slots; the tree is as high as its greatest index needs and nodes that become empty are freed.
//
//   RadixTree tree(6);
//   tree.store(7, word);           // 0 erases
//   tree.find_from(0)->index == 7
#pragma once

#include <cstdint>
#include <optional>

#include "sync/plain.h"

namespace quire::cache {

class RadixTree {
 public:
  struct Found {
    uint64_t index;
    uint64_t word;
  };

  /// 1..8 bits per level.
  explicit RadixTree(unsigned bits) : bits_(bits) {}
  ~RadixTree() { clear(); }
  RadixTree(const RadixTree&) = delete;
  RadixTree& operator=(const RadixTree&) = delete;

  /// 0: nothing there.
  [[nodiscard]] uint64_t load(uint64_t index) const;
  /// 0 erases. Returns what was there.
  uint64_t store(uint64_t index, uint64_t word);
  /// The first nonzero slot at `index` or after it.
  [[nodiscard]] std::optional<Found> find_from(uint64_t index) const { return find_in(root_.get(), index); }
  /// The same without announcing the access: for check() and dump().
  [[nodiscard]] std::optional<Found> peek_from(uint64_t index) const { return find_in(root_.peek(), index); }
  [[nodiscard]] bool peek_empty() const { return root_.peek().node == nullptr; }
  void clear();

 private:
  struct Node {
    Node* parent;
    uint32_t used;
    uint16_t slot_in_parent;
    uint8_t shift;  ///< of the slots: index bits below are the children's
    [[nodiscard]] uint64_t* slots() { return reinterpret_cast<uint64_t*>(this + 1); }
    [[nodiscard]] const uint64_t* slots() const { return reinterpret_cast<const uint64_t*>(this + 1); }
  };
  struct Root {
    Node* node = nullptr;
  };

  [[nodiscard]] std::optional<Found> find_in(Root root, uint64_t index) const;
  [[nodiscard]] unsigned fan_out() const { return 1U << bits_; }
  [[nodiscard]] std::size_t node_bytes() const { return sizeof(Node) + fan_out() * sizeof(uint64_t); }
  [[nodiscard]] bool covers(const Node& node, uint64_t index) const;
  [[nodiscard]] unsigned slot_of(const Node& node, uint64_t index) const;
  [[nodiscard]] Node* make_node(Node* parent, unsigned slot_in_parent, unsigned shift);
  void free_node(Node* node);
  void free_subtree(Node* node);
  void shrink(Root& root, Node* node);

  const unsigned bits_;
  /// Every access to the tree announces this field.
  sync::Plain<Root, "i_pages"> root_;
};

}  // namespace quire::cache
