// RadixTree: index -> nonzero 64-bit word. A pure data structure; the caller has the lock.
//
// Each node has 2^bits slots; the tree is as high as its greatest index needs and nodes that become empty are freed.
// A word may have tags, which stay when another word takes its place and go when it is erased. A tag of a slot of an
// inner node says that something below has it, so that what is tagged is found without looking at what is not.
// Linux: lib/xarray.c, its marks
//
//   RadixTree tree(6);
//   tree.store(7, word);           // 0 erases
//   tree.find_from(0)->index == 7
#pragma once

#include <cstdint>
#include <optional>

#include "sync/plain.h"

namespace quire::cache {

/// Linux: include/linux/fs.h PAGECACHE_TAG_DIRTY, PAGECACHE_TAG_WRITEBACK, PAGECACHE_TAG_TOWRITE
enum class IndexTag : uint8_t { dirty, writeback, towrite };

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
  [[nodiscard]] std::optional<Found> find_from(uint64_t index) const { return find_in(root_.get(), index, kAnyWord); }
  /// Whether the tag was not set; there must be a word. Linux: xas_set_mark()
  bool set_tag(uint64_t index, IndexTag tag);
  /// Whether it was. Linux: xas_clear_mark()
  bool clear_tag(uint64_t index, IndexTag tag);
  [[nodiscard]] bool tagged(uint64_t index, IndexTag tag) const;
  /// The first slot at `index` or after it that has the tag.
  [[nodiscard]] std::optional<Found> find_tagged_from(uint64_t index, IndexTag tag) const {
    return find_in(root_.get(), index, static_cast<int>(tag));
  }
  [[nodiscard]] std::optional<Found> peek_tagged_from(uint64_t index, IndexTag tag) const {
    return find_in(root_.peek(), index, static_cast<int>(tag));
  }
  /// The same without announcing the access: for check() and dump().
  [[nodiscard]] std::optional<Found> peek_from(uint64_t index) const { return find_in(root_.peek(), index, kAnyWord); }
  [[nodiscard]] bool peek_empty() const { return root_.peek().node == nullptr; }
  void clear();

 private:
  static constexpr unsigned kTags = 3;
  static constexpr int kAnyWord = -1;
  /// Its slots follow, then the bits of each tag.
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

  /// `tag`: an IndexTag, or kAnyWord.
  [[nodiscard]] std::optional<Found> find_in(Root root, uint64_t index, int tag) const;
  /// The node of the last level on the way to `index`, if the way is there.
  [[nodiscard]] Node* leaf_of(Root root, uint64_t index) const;
  [[nodiscard]] unsigned fan_out() const { return 1U << bits_; }
  [[nodiscard]] std::size_t node_bytes() const {
    return sizeof(Node) + (fan_out() + kTags * tag_words()) * sizeof(uint64_t);
  }
  [[nodiscard]] unsigned tag_words() const { return (fan_out() + 63) / 64; }
  [[nodiscard]] uint64_t& tag_word(Node& node, unsigned slot, unsigned tag) const {
    return node.slots()[fan_out() + tag * tag_words() + slot / 64];
  }
  [[nodiscard]] bool has_tag(const Node& node, unsigned slot, unsigned tag) const {
    return (node.slots()[fan_out() + tag * tag_words() + slot / 64] >> (slot % 64) & 1) != 0;
  }
  [[nodiscard]] bool any_tagged(const Node& node, unsigned tag) const;
  void clear_tags(Node* node, unsigned slot);
  void clear_tag_at(Node* node, unsigned slot, unsigned tag);
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
