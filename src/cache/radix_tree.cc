#include "cache/radix_tree.h"

#include <algorithm>
#include <cstddef>

#include "base/assert.h"
#include "sync/heap.h"

namespace quire::cache {

bool RadixTree::covers(const Node& node, uint64_t index) const {
  unsigned above = node.shift + bits_;
  return above >= 64 || (index >> above) == 0;
}

unsigned RadixTree::slot_of(const Node& node, uint64_t index) const {
  return static_cast<unsigned>(index >> node.shift) & (fan_out() - 1);
}

RadixTree::Node* RadixTree::make_node(Node* parent, unsigned slot_in_parent, unsigned shift) {
  auto* node = static_cast<Node*>(sync::allocate(node_bytes(), alignof(Node)));
  node->parent = parent;
  node->used = 0;
  node->slot_in_parent = static_cast<uint16_t>(slot_in_parent);
  node->shift = static_cast<uint8_t>(shift);
  std::fill_n(node->slots(), fan_out() + kTags * tag_words(), 0);
  return node;
}

void RadixTree::free_node(Node* node) { sync::deallocate(node, node_bytes(), alignof(Node)); }

RadixTree::Node* RadixTree::leaf_of(Root root, uint64_t index) const {
  Node* node = root.node;
  if (node == nullptr || !covers(*node, index)) return nullptr;
  while (node != nullptr && node->shift > 0) node = reinterpret_cast<Node*>(node->slots()[slot_of(*node, index)]);
  return node;
}

uint64_t RadixTree::load(uint64_t index) const {
  const Node* node = leaf_of(root_.get(), index);
  return node == nullptr ? 0 : node->slots()[slot_of(*node, index)];
}

uint64_t RadixTree::store(uint64_t index, uint64_t word) {
  Root& root = root_.mutate();
  if (word == 0 && (root.node == nullptr || !covers(*root.node, index))) return 0;
  if (root.node == nullptr) root.node = make_node(nullptr, 0, 0);
  while (!covers(*root.node, index)) {
    Node* above = make_node(nullptr, 0, root.node->shift + bits_);
    if (root.node->used == 0) {
      free_node(root.node);
    } else {
      above->slots()[0] = reinterpret_cast<uintptr_t>(root.node);
      above->used = 1;
      for (unsigned tag = 0; tag < kTags; ++tag)
        if (any_tagged(*root.node, tag)) tag_word(*above, 0, tag) = 1;
      root.node->parent = above;
    }
    root.node = above;
  }
  Node* node = root.node;
  while (node->shift > 0) {
    unsigned slot = slot_of(*node, index);
    if (node->slots()[slot] == 0) {
      if (word == 0) return 0;
      node->slots()[slot] = reinterpret_cast<uintptr_t>(make_node(node, slot, node->shift - bits_));
      ++node->used;
    }
    node = reinterpret_cast<Node*>(node->slots()[slot]);
  }
  uint64_t& place = node->slots()[slot_of(*node, index)];
  uint64_t before = place;
  place = word;
  if (before == 0 && word != 0) ++node->used;
  if (before != 0 && word == 0) {
    clear_tags(node, slot_of(*node, index));
    --node->used;
    shrink(root, node);
  }
  return before;
}

/// Frees `node` and the nodes above it as far as they are empty, then levels at the top that have only their slot 0.
void RadixTree::shrink(Root& root, Node* node) {
  while (node != nullptr && node->used == 0) {
    Node* parent = node->parent;
    if (parent == nullptr) {
      root.node = nullptr;
    } else {
      parent->slots()[node->slot_in_parent] = 0;
      --parent->used;
    }
    free_node(node);
    node = parent;
  }
  while (root.node != nullptr && root.node->shift > 0 && root.node->used == 1 && root.node->slots()[0] != 0) {
    Node* child = reinterpret_cast<Node*>(root.node->slots()[0]);
    free_node(root.node);
    child->parent = nullptr;
    root.node = child;
  }
}

bool RadixTree::any_tagged(const Node& node, unsigned tag) const {
  const uint64_t* words = node.slots() + fan_out() + tag * tag_words();
  return std::any_of(words, words + tag_words(), [](uint64_t word) { return word != 0; });
}

// Upwards as long as nothing else of the node has the tag.
void RadixTree::clear_tag_at(Node* node, unsigned slot, unsigned tag) {
  for (;;) {
    tag_word(*node, slot, tag) &= ~(uint64_t{1} << (slot % 64));
    if (node->parent == nullptr || any_tagged(*node, tag)) return;
    slot = node->slot_in_parent;
    node = node->parent;
  }
}

void RadixTree::clear_tags(Node* node, unsigned slot) {
  for (unsigned tag = 0; tag < kTags; ++tag)
    if (has_tag(*node, slot, tag)) clear_tag_at(node, slot, tag);
}

bool RadixTree::set_tag(uint64_t index, IndexTag which) {
  auto tag = static_cast<unsigned>(which);
  Node* node = leaf_of(root_.mutate(), index);
  QUIRE_ASSERT(node != nullptr, "a tag for an index that has nothing");
  unsigned slot = slot_of(*node, index);
  QUIRE_ASSERT(node->slots()[slot] != 0, "a tag for an index that has nothing");
  if (has_tag(*node, slot, tag)) return false;
  for (; node != nullptr && !has_tag(*node, slot, tag); node = node->parent) {
    tag_word(*node, slot, tag) |= uint64_t{1} << (slot % 64);
    slot = node->slot_in_parent;
  }
  return true;
}

bool RadixTree::clear_tag(uint64_t index, IndexTag which) {
  auto tag = static_cast<unsigned>(which);
  Node* node = leaf_of(root_.mutate(), index);
  if (node == nullptr || !has_tag(*node, slot_of(*node, index), tag)) return false;
  clear_tag_at(node, slot_of(*node, index), tag);
  return true;
}

bool RadixTree::tagged(uint64_t index, IndexTag which) const {
  const Node* node = leaf_of(root_.get(), index);
  return node != nullptr && has_tag(*node, slot_of(*node, index), static_cast<unsigned>(which));
}

std::optional<RadixTree::Found> RadixTree::find_in(Root root, uint64_t index, int tag) const {
  auto wanted = [&](const Node& node, unsigned slot) {
    return tag == kAnyWord ? node.slots()[slot] != 0 : has_tag(node, slot, static_cast<unsigned>(tag));
  };
  const Node* node = root.node;
  if (node == nullptr || !covers(*node, index)) return std::nullopt;
  for (;;) {
    unsigned slot = slot_of(*node, index);
    while (slot < fan_out() && !wanted(*node, slot)) {
      ++slot;
      index = ((index >> node->shift) + 1) << node->shift;
    }
    if (slot < fan_out()) {
      if (node->shift == 0) return Found{index, node->slots()[slot]};
      node = reinterpret_cast<const Node*>(node->slots()[slot]);
      continue;
    }
    // Up, to the first level where a slot further right exists: `index` is already that slot's first.
    do {
      node = node->parent;
      if (node == nullptr) return std::nullopt;
    } while (slot_of(*node, index) == 0);
  }
}

void RadixTree::free_subtree(Node* node) {
  if (node->shift > 0)
    for (unsigned slot = 0; slot < fan_out(); ++slot)
      if (node->slots()[slot] != 0) free_subtree(reinterpret_cast<Node*>(node->slots()[slot]));
  free_node(node);
}

void RadixTree::clear() {
  Root& root = root_.mutate();
  if (root.node != nullptr) free_subtree(root.node);
  root.node = nullptr;
}

}  // namespace quire::cache
