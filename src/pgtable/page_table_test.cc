#include "pgtable/page_table.h"

#include <gtest/gtest.h>

#include "sync/heap.h"

namespace quire::pgtable {
namespace {

TEST(Pte, EachKindKeepsItsContent) {
  EXPECT_TRUE(Pte().is_none());
  EXPECT_EQ(Pte().raw(), 0U);
  EXPECT_EQ(Pte::present(Pfn(0xffff'fffe)).pfn().value(), 0xffff'fffeU);
  SwapEntry entry(base::SwapType(31), base::SwapOffset(0xffff'fff0));
  Pte swapped = Pte::swap(entry).with(PteBit::exclusive).with(PteBit::soft_dirty);
  EXPECT_EQ(swapped.swap_entry(), entry);
  EXPECT_TRUE(swapped.has(PteBit::exclusive));
  EXPECT_FALSE(swapped.readable());
  EXPECT_FALSE(swapped.with(PteBit::writable).writable());
  EXPECT_EQ(swapped.without(PteBit::exclusive).without(PteBit::soft_dirty), Pte::swap(entry));
  EXPECT_EQ(Pte::migration(Pfn(7)).kind(), PteKind::migration);
  EXPECT_EQ(Pte::hwpoison(Pfn(7)).pfn(), Pfn(7));
  EXPECT_EQ(Pte::present(Pfn(7)).with(PteBit::dirty).moved_by(PageCount(2)), Pte::present(Pfn(9)).with(PteBit::dirty));
  EXPECT_TRUE(Pte::zero_page().readable());
  EXPECT_FALSE(Pte::zero_page().is_present());
}

class PageTablesOf : public ::testing::TestWithParam<Geometry> {};

TEST_P(PageTablesOf, FindsWhatWasSet) {
  PageTables tables(GetParam());
  uint64_t limit = GetParam().limit().value();
  uint64_t stride = limit > 64 ? limit / 61 : 1;
  for (uint64_t p = 0; p < limit; p += stride) {
    LeafTable& leaf = *tables.find_or_create(VirtPage(p));
    EXPECT_TRUE(leaf.pmd().is_none() || leaf.pmd().is_table());
    leaf.populate();
    LockedPageTable table(leaf);
    ASSERT_TRUE(table);
    EXPECT_TRUE(table.get(VirtPage(p)).is_none());
    table.set(VirtPage(p), Pte::present(Pfn(static_cast<uint32_t>(p & 0xffff))));
  }
  uint64_t expected = 0;
  tables.peek_each([&](VirtPage page, Pte pte, PageCount) {
    EXPECT_EQ(page.value(), expected);
    EXPECT_EQ(pte.pfn().value(), expected & 0xffff);
    expected += stride;
  });
  EXPECT_GE(expected, limit);
}

TEST_P(PageTablesOf, EndOfLeaf) {
  PageTables tables(GetParam());
  uint64_t n = GetParam().entries().value();
  EXPECT_EQ(tables.end_of_leaf(VirtPage(0)).value(), n);
  EXPECT_EQ(tables.end_of_leaf(VirtPage(n - 1)).value(), n);
}

INSTANTIATE_TEST_SUITE_P(Geometries, PageTablesOf,
                         ::testing::Values(Geometry{1, 3, 3}, Geometry{2, 2, 2}, Geometry{2, 3, 1}, Geometry{4, 9, 9}));

TEST(PageTables, NothingIsFoundWhereNothingWasCreated) {
  PageTables tables({2, 2, 2});
  EXPECT_EQ(tables.find(VirtPage(5)), nullptr);
  EXPECT_NE(tables.find_or_create(VirtPage(5)), nullptr);
  EXPECT_EQ(tables.find(VirtPage(4)), tables.find_or_create(VirtPage(7)));
  EXPECT_EQ(tables.find(VirtPage(8)), nullptr);
}

}  // namespace
}  // namespace quire::pgtable
