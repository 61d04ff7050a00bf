#include "pgtable/tlb.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace quire::pgtable {
namespace {

using base::CpuId;
using base::Pfn;

constexpr uint64_t kEntries = Tlb::kEntries;

Pte page_of_frame(uint64_t frame) { return Pte::present(Pfn(static_cast<uint32_t>(frame))); }
Range<VirtPage> pages(uint64_t from, uint64_t to) { return {VirtPage(from), VirtPage(to)}; }

class TlbsOfTwo : public ::testing::Test {
 protected:
  void insert(unsigned cpu, TlbSpace& space, uint64_t page) {
    Tlb::Access(tlbs_.of(CpuId(cpu))).insert(space, VirtPage(page), page_of_frame(page + 100));
  }
  [[nodiscard]] bool has(unsigned cpu, const TlbSpace& space, uint64_t page) {
    Tlb::Access access(tlbs_.of(CpuId(cpu)));
    const Translation* t = access.find(space, VirtPage(page));
    if (t == nullptr) return false;
    EXPECT_EQ(t->space, &space);
    EXPECT_EQ(t->page, VirtPage(page));
    EXPECT_EQ(t->pte, page_of_frame(page + 100));
    return true;
  }
  [[nodiscard]] unsigned count() const {
    unsigned n = 0;
    tlbs_.peek_each([&](const Translation&) { ++n; });
    return n;
  }

  Tlbs tlbs_{2};
  TlbSpace a_;
  TlbSpace b_;
};

TEST(Tlbs, WithoutCpusNothingIsRemembered) {
  Tlbs tlbs(0);
  TlbSpace space;
  EXPECT_FALSE(tlbs.enabled());
  tlbs.flush_tlb_range(space, pages(0, 8));
  tlbs.flush_tlb_all();
  EXPECT_EQ(space.cpus(), 0U);
}

TEST_F(TlbsOfTwo, ATranslationIsOneCpusOneSpacesOnePages) {
  EXPECT_TRUE(tlbs_.enabled());
  EXPECT_FALSE(has(0, a_, 3));
  insert(0, a_, 3);
  EXPECT_TRUE(has(0, a_, 3));
  EXPECT_FALSE(has(1, a_, 3));
  EXPECT_FALSE(has(0, b_, 3));
  EXPECT_FALSE(has(0, a_, 4));
  EXPECT_FALSE(has(0, a_, 3 + kEntries)) << "the same place, another page";
  EXPECT_EQ(count(), 1U);
}

TEST_F(TlbsOfTwo, AnotherPageOfThePlaceDrivesItOut) {
  insert(0, a_, 3);
  insert(0, b_, 3 + kEntries);
  EXPECT_FALSE(has(0, a_, 3));
  EXPECT_TRUE(has(0, b_, 3 + kEntries));
  EXPECT_EQ(count(), 1U);
}

TEST_F(TlbsOfTwo, AnInsertReplacesAndADropForgets) {
  insert(0, a_, 3);
  Pte writable = page_of_frame(103).with(PteBit::writable);
  Tlb::Access access(tlbs_.of(CpuId(0)));
  access.insert(a_, VirtPage(3), writable);
  EXPECT_EQ(access.find(a_, VirtPage(3))->pte, writable);
  access.drop(VirtPage(3));
  EXPECT_EQ(access.find(a_, VirtPage(3)), nullptr);
}

TEST_F(TlbsOfTwo, AFlushTakesItsRangeFromEveryCpu) {
  for (uint64_t page = 2; page < 6; ++page) insert(page % 2 == 0 ? 0 : 1, a_, page);
  insert(1, a_, 4);
  tlbs_.flush_tlb_range(a_, pages(3, 5));
  EXPECT_TRUE(has(0, a_, 2));
  EXPECT_FALSE(has(1, a_, 3));
  EXPECT_FALSE(has(0, a_, 4));
  EXPECT_FALSE(has(1, a_, 4));
  EXPECT_TRUE(has(1, a_, 5)) << "the limit is not in the range";
}

TEST_F(TlbsOfTwo, AFlushLeavesOtherSpacesAlone) {
  insert(0, a_, 1);
  insert(0, b_, 2);
  tlbs_.flush_tlb_range(b_, pages(0, 8));
  EXPECT_TRUE(has(0, a_, 1));
  EXPECT_FALSE(has(0, b_, 2));
  EXPECT_EQ(a_.cpus(), 1U);
  EXPECT_EQ(b_.cpus(), 0U);
}

TEST_F(TlbsOfTwo, TheMaskHasTheCpusUntilNothingIsLeft) {
  EXPECT_EQ(a_.cpus(), 0U);
  insert(1, a_, 1);
  EXPECT_EQ(a_.cpus(), 2U);
  insert(0, a_, 2);
  insert(0, a_, 3);
  EXPECT_EQ(a_.cpus(), 3U);
  EXPECT_EQ(b_.cpus(), 0U);
  tlbs_.flush_tlb_range(a_, pages(1, 3));
  EXPECT_EQ(a_.cpus(), 1U) << "CPU 1 has nothing of the space any more, CPU 0 still has page 3";
  tlbs_.flush_tlb_range(a_, pages(3, 4));
  EXPECT_EQ(a_.cpus(), 0U);
  insert(1, a_, 1);
  EXPECT_EQ(a_.cpus(), 2U) << "the bit comes back";
}

TEST_F(TlbsOfTwo, AllIsForgottenByAllCpus) {
  insert(0, a_, 1);
  insert(1, b_, 2);
  tlbs_.flush_tlb_all();
  EXPECT_EQ(count(), 0U);
  EXPECT_FALSE(has(0, a_, 1));
  EXPECT_FALSE(has(1, b_, 2));
}

// A model with one map for each CPU; a page drives out the one whose place it takes.
TEST_F(TlbsOfTwo, RandomInsertsAndFlushesAreWhatAMapSays) {
  std::mt19937 random(1);
  TlbSpace* spaces[] = {&a_, &b_};
  std::map<uint64_t, std::pair<TlbSpace*, uint64_t>> model[2];
  for (int i = 0; i < 20000; ++i) {
    unsigned cpu = random() % 2;
    TlbSpace& space = *spaces[random() % 2];
    uint64_t page = random() % 24;
    if (random() % 4 != 0) {
      insert(cpu, space, page);
      model[cpu][page % kEntries] = {&space, page};
    } else {
      uint64_t limit = page + 1 + random() % 8;
      tlbs_.flush_tlb_range(space, pages(page, limit));
      for (auto& of_cpu : model)
        std::erase_if(of_cpu, [&](const auto& at) {
          return at.second.first == &space && at.second.second >= page && at.second.second < limit;
        });
    }
    ASSERT_EQ(count(), model[0].size() + model[1].size());
    for (unsigned c = 0; c < 2; ++c)
      for (const auto& [place, known] : model[c]) {
        ASSERT_TRUE(has(c, *known.first, known.second));
        ASSERT_TRUE(known.first->cpus() >> c & 1U) << "I2";
      }
  }
}

}  // namespace
}  // namespace quire::pgtable
