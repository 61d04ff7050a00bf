#include "cache/radix_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace quire::cache {
namespace {

class RadixTreeTest : public testing::TestWithParam<unsigned> {};

TEST_P(RadixTreeTest, EmptyHasNothing) {
  RadixTree tree(GetParam());
  EXPECT_EQ(tree.load(0), 0U);
  EXPECT_EQ(tree.load(~uint64_t{0}), 0U);
  EXPECT_FALSE(tree.find_from(0));
  EXPECT_EQ(tree.store(5, 0), 0U);
  EXPECT_TRUE(tree.peek_empty());
}

TEST_P(RadixTreeTest, GreatestIndex) {
  RadixTree tree(GetParam());
  constexpr uint64_t kLast = ~uint64_t{0};
  EXPECT_EQ(tree.store(kLast, 3), 0U);
  EXPECT_EQ(tree.store(0, 4), 0U);
  EXPECT_EQ(tree.load(kLast), 3U);
  EXPECT_EQ(tree.find_from(1)->index, kLast);
  EXPECT_EQ(tree.find_from(kLast)->word, 3U);
  EXPECT_EQ(tree.store(kLast, 0), 3U);
  EXPECT_FALSE(tree.find_from(1));
  EXPECT_EQ(tree.store(0, 0), 4U);
  EXPECT_TRUE(tree.peek_empty());
}

TEST_P(RadixTreeTest, AgreesWithMap) {
  RadixTree tree(GetParam());
  std::map<uint64_t, uint64_t> model;
  std::mt19937_64 random(GetParam());
  for (int i = 0; i < 50000; ++i) {
    uint64_t index = random() >> (random() % 2 == 0 ? 58 : random() % 64);
    if (random() % 2 == 0) {
      uint64_t word = random() % 3 == 0 ? 0 : random() | 1;
      auto at = model.find(index);
      EXPECT_EQ(tree.store(index, word), at == model.end() ? 0 : at->second);
      if (word == 0)
        model.erase(index);
      else
        model[index] = word;
    }
    auto at = model.find(index);
    ASSERT_EQ(tree.load(index), at == model.end() ? 0 : at->second);
    auto next = model.lower_bound(index);
    auto found = tree.find_from(index);
    ASSERT_EQ(found.has_value(), next != model.end()) << index;
    if (found) {
      ASSERT_EQ(found->index, next->first);
      ASSERT_EQ(found->word, next->second);
    }
  }
  for (auto [index, word] : model) EXPECT_EQ(tree.store(index, 0), word);
  EXPECT_TRUE(tree.peek_empty());
}

TEST_P(RadixTreeTest, TagsAgreeWithSets) {
  RadixTree tree(GetParam());
  constexpr IndexTag kTags[] = {IndexTag::dirty, IndexTag::writeback, IndexTag::towrite};
  std::map<uint64_t, unsigned> model;  // index -> its tags
  std::mt19937_64 random(GetParam());
  for (int i = 0; i < 50000; ++i) {
    uint64_t index = random() >> (random() % 2 == 0 ? 58 : random() % 64);
    unsigned which = random() % 3;
    unsigned bit = 1U << which;
    auto at = model.find(index);
    if (unsigned act = random() % 4; act == 0) {
      uint64_t word = random() % 2 == 0 ? 0 : random() | 1;
      (void)tree.store(index, word);
      if (word == 0)
        model.erase(index);
      else
        model.try_emplace(index, 0);
    } else if (act == 1 && at != model.end()) {
      ASSERT_EQ(tree.set_tag(index, kTags[which]), (at->second & bit) == 0);
      at->second |= bit;
    } else if (act == 2) {
      ASSERT_EQ(tree.clear_tag(index, kTags[which]), at != model.end() && (at->second & bit) != 0);
      if (at != model.end()) at->second &= ~bit;
    }
    at = model.find(index);
    ASSERT_EQ(tree.tagged(index, kTags[which]), at != model.end() && (at->second & bit) != 0);
    auto next = model.lower_bound(index);
    while (next != model.end() && (next->second & bit) == 0) ++next;
    auto found = tree.find_tagged_from(index, kTags[which]);
    ASSERT_EQ(found.has_value(), next != model.end()) << index;
    if (found) {
      ASSERT_EQ(found->index, next->first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bits, RadixTreeTest, testing::Values(1, 2, 3, 6, 8));

}  // namespace
}  // namespace quire::cache
