// The values of PTEs and PMD entries, and the leaf that holds them: when its PTEs count.
#include <gtest/gtest.h>

#include <set>

#include "pgtable/page_table.h"

namespace quire::pgtable {
namespace {

using base::SwapOffset;
using base::SwapType;

constexpr PteBit kBits[] = {PteBit::writable,  PteBit::accessed,   PteBit::dirty,
                            PteBit::exclusive, PteBit::soft_dirty, PteBit::uffd_wp,
                            PteBit::guard,     PteBit::prot_none,  PteBit::poisoned};
const Pte kEntries[] = {Pte::present(Pfn(5)),
                        Pte::zero_page(),
                        Pte::swap(SwapEntry(SwapType(3), SwapOffset(9))),
                        Pte::migration(Pfn(5)),
                        Pte::device_private(Pfn(5)),
                        Pte::device_exclusive(Pfn(5)),
                        Pte::hwpoison(Pfn(5)),
                        Pte::marker(PteBit::uffd_wp),
                        Pte::marker(PteBit::guard),
                        Pte::marker(PteBit::poisoned),
                        Pte::swapin_error()};

TEST(PteValue, BitsAndKindsDoNotTouchEachOther) {
  std::set<uint64_t> seen = {0};
  for (Pte entry : kEntries) {
    EXPECT_TRUE(seen.insert(entry.raw()).second) << "two kinds have one value";
    for (PteBit bit : kBits) {
      Pte set = entry.with(bit);
      EXPECT_TRUE(set.has(bit));
      EXPECT_EQ(set.kind(), entry.kind());
      EXPECT_EQ(set.without(bit), entry.without(bit));
      EXPECT_EQ(entry.with_if(false, bit), entry);
      EXPECT_EQ(entry.with_if(true, bit), set);
      if (entry.has_pfn()) {
        EXPECT_EQ(set.pfn(), entry.pfn());
      }
      if (entry.is_swap()) {
        EXPECT_EQ(set.swap_entry(), entry.swap_entry());
      }
      for (PteBit other : kBits)
        if (other != bit) {
          EXPECT_EQ(set.has(other), entry.has(other));
        }
    }
  }
}

TEST(PteValue, APartOfAHugeEntryIsSomePagesOn) {
  Pte swap = Pte::swap(SwapEntry(SwapType(3), SwapOffset(8))).with(PteBit::exclusive).with(PteBit::soft_dirty);
  EXPECT_TRUE(Pmd::huge(swap).is_huge_swap());
  EXPECT_EQ(Pmd::huge(swap).entry(), swap);
  Pte part = swap.moved_by(base::PageCount(5));
  EXPECT_EQ(part, Pte::swap(SwapEntry(SwapType(3), SwapOffset(13))).with(PteBit::exclusive).with(PteBit::soft_dirty));
  EXPECT_EQ(Pte::present(Pfn(8)).moved_by(base::PageCount(5)), Pte::present(Pfn(13)));
  Pte zeros = Pte::huge_zero_page(Pfn(8)).with(PteBit::accessed);
  EXPECT_FALSE(Pmd::huge(zeros).is_huge_swap());
  EXPECT_EQ(zeros.moved_by(base::PageCount(5)), Pte::zero_page().with(PteBit::accessed));
  EXPECT_EQ(zeros.frame_bits(), 8U);
}

TEST(PteValue, OnlyAPresentPageAndTheZeroPageLetAnAccessThrough) {
  for (Pte entry : kEntries) {
    bool present = entry.kind() == PteKind::present;
    bool zero = entry.kind() == PteKind::zero_page;
    EXPECT_EQ(entry.readable(), present || zero);
    EXPECT_FALSE(entry.with(PteBit::prot_none).readable());
    EXPECT_FALSE(entry.writable());
    EXPECT_EQ(entry.with(PteBit::writable).writable(), present);
  }
}

TEST(PteValue, WhichKindsHaveAFrame) {
  unsigned with_frame = 0;
  for (Pte entry : kEntries) with_frame += entry.has_pfn() ? 1U : 0U;
  EXPECT_EQ(with_frame, 5U);
  EXPECT_FALSE(Pte::none().has_pfn());
  EXPECT_TRUE(Pte::hwpoison(Pfn(0)).has_pfn());
  EXPECT_FALSE(Pte::swap(SwapEntry(SwapType(0), SwapOffset(1))).has_pfn());
}

// The type of a migration entry and what it keeps for the page are bits of their own.
TEST(PteValue, MigrationEntriesOfThreeTypes) {
  Pte read = Pte::migration(Pfn(7));
  Pte read_exclusive = read.with(PteBit::exclusive);
  Pte write = read_exclusive.with(PteBit::writable);
  for (Pte entry : {read, read_exclusive, write}) {
    for (PteBit kept : {PteBit::accessed, PteBit::dirty, PteBit::soft_dirty, PteBit::uffd_wp, PteBit::prot_none}) {
      Pte with = entry.with(kept);
      EXPECT_TRUE(with.is_migration());
      EXPECT_EQ(with.pfn(), Pfn(7));
      EXPECT_EQ(with.has(PteBit::writable), entry.has(PteBit::writable));
      EXPECT_EQ(with.has(PteBit::exclusive), entry.has(PteBit::exclusive));
      EXPECT_FALSE(with.readable());
      EXPECT_FALSE(with.writable()) << "a migration entry lets nothing through, whatever its type";
    }
  }
}

TEST(PteValue, MovedByKeepsAllButTheFrame) {
  for (Pte entry : kEntries) {
    if (!entry.has_pfn()) continue;
    Pte full = entry;
    for (PteBit bit : kBits) full = full.with(bit);
    EXPECT_EQ(full.moved_by(PageCount(0)), full);
    EXPECT_EQ(full.moved_by(PageCount(511)).pfn(), Pfn(5 + 511));
    EXPECT_EQ(full.moved_by(PageCount(511)).kind(), entry.kind());
    for (PteBit bit : kBits) EXPECT_TRUE(full.moved_by(PageCount(511)).has(bit));
  }
}

TEST(PmdValue, IsNoneOrATableOrAHugePage) {
  EXPECT_TRUE(Pmd().is_none());
  EXPECT_FALSE(Pmd::none().is_table());
  EXPECT_FALSE(Pmd::none().is_huge());
  EXPECT_TRUE(Pmd::table().is_table());
  EXPECT_FALSE(Pmd::table().is_none());
  EXPECT_FALSE(Pmd::table().is_huge());
  EXPECT_EQ(Pmd::from_raw(Pmd::table().raw()), Pmd::table());
}

// Whatever its frame and its bits, an entry is never taken for a table or for nothing.
TEST(PmdValue, AHugePageKeepsItsEntry) {
  for (Pte entry : {Pte::present(Pfn(0)), Pte::migration(Pfn(0)), Pte::present(Pfn(8)), Pte::migration(Pfn(8)),
                    Pte::present(Pfn(~uint32_t{0})), Pte::migration(Pfn(~uint32_t{0}))})
    for (unsigned set = 0; set < 1U << std::size(kBits); ++set) {
      Pte with = entry;
      for (unsigned i = 0; i < std::size(kBits); ++i) with = with.with_if((set >> i & 1U) != 0, kBits[i]);
      Pmd pmd = Pmd::huge(with);
      ASSERT_TRUE(pmd.is_huge());
      ASSERT_FALSE(pmd.is_table());
      ASSERT_FALSE(pmd.is_none());
      ASSERT_EQ(pmd.entry(), with);
      ASSERT_EQ(Pmd::from_raw(pmd.raw()), pmd);
    }
}

class Leaf : public ::testing::Test {
 protected:
  PageTables tables_{{2, 3, 2}};
  LeafTable& leaf_ = *tables_.find_or_create(VirtPage(5));
};

// I1 and I3: PTEs can be reached only while the PMD entry says `table`.
TEST_F(Leaf, PtesCountOnlyBelowATable) {
  EXPECT_FALSE(LockedPageTable(leaf_)) << "nothing was mapped yet";
  LockedPmd(leaf_).set(Pmd::huge(Pte::present(Pfn(4))));
  EXPECT_FALSE(LockedPageTable(leaf_)) << "a huge page is";
  leaf_.populate();
  EXPECT_TRUE(leaf_.pmd().is_huge()) << "populate() leaves a huge page alone";
  LockedPmd(leaf_).set(Pmd::none());
  leaf_.populate();
  EXPECT_TRUE(leaf_.pmd().is_table());
  EXPECT_TRUE(LockedPageTable(leaf_));
  EXPECT_TRUE(LockedPageTable(leaf_)) << "the lock was given back";
}

TEST_F(Leaf, AnEmptyLockedTableHoldsNoLock) {
  LockedPageTable none(leaf_);
  EXPECT_FALSE(none);
  leaf_.populate();
  LockedPageTable table(leaf_);  // would wait for `none` for ever
  EXPECT_TRUE(table);
}

TEST_F(Leaf, EachPageOfAHugePageHasItsPartOfTheEntry) {
  LockedPmd(leaf_).set(Pmd::huge(Pte::present(Pfn(12)).with(PteBit::writable)));
  for (uint64_t i = 0; i < 4; ++i)
    EXPECT_EQ(tables_.peek(VirtPage(4 + i)), Pte::present(Pfn(static_cast<uint32_t>(12 + i))).with(PteBit::writable));
  unsigned huge = 0;
  tables_.peek_each([&](VirtPage first, Pte entry, PageCount count) {
    ++huge;
    EXPECT_EQ(first, VirtPage(4));
    EXPECT_EQ(entry.pfn(), Pfn(12));
    EXPECT_EQ(count, PageCount(4));
  });
  EXPECT_EQ(huge, 1U);
}

TEST_F(Leaf, CollapseHidesPtesFromEveryoneElse) {
  leaf_.populate();
  LockedPageTable(leaf_).set(VirtPage(6), Pte::present(Pfn(3)));
  {
    LockedPmd pmd(leaf_);
    EXPECT_FALSE(pmd.collapse_if_empty()) << "one entry is there";
    EXPECT_TRUE(pmd.get().is_table());
    pmd.collapse();
    EXPECT_TRUE(pmd.get().is_none());
    EXPECT_EQ(pmd.get_hidden(VirtPage(6)), Pte::present(Pfn(3)));
    EXPECT_FALSE(LockedPageTable(leaf_));
    pmd.set_hidden(VirtPage(6), Pte::none());
    pmd.set(Pmd::table());
  }
  EXPECT_TRUE(LockedPageTable(leaf_).get(VirtPage(6)).is_none());
  LockedPmd pmd(leaf_);
  EXPECT_TRUE(pmd.collapse_if_empty());
  EXPECT_TRUE(pmd.get().is_none());
  EXPECT_FALSE(pmd.collapse_if_empty()) << "there is no table";
}

}  // namespace
}  // namespace quire::pgtable
