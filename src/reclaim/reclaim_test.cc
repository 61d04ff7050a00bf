// What reclaim may take on behalf of an allocation, with LRU lists and without; what a second chance is worth.
#include "reclaim/reclaim.h"

#include <gtest/gtest.h>

#include "fs/block_fs.h"
#include "swap/backend.h"

namespace quire::reclaim {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPages = 4;

class Reclaiming : public testing::TestWithParam<cache::UseLru> {
 protected:
  Reclaiming() {
    EXPECT_EQ(swap_.swapon(device_), Errno::ok);
    frames_.set_pressure(&reclaim_);
    dirty_ = *fs_.open("dirty", fs::Create::yes);
    clean_ = *fs_.open("clean", fs::Create::yes);
    fill(*dirty_);
    fill(*clean_);
    EXPECT_EQ(clean_->fsync(fs::kWholeFile), Errno::ok);
    mm_ = sync::make_object<mm::AddressSpace>(env_, VirtPage(1));
    using mm::VmFlag;
    anon_ = *mm_->mmap({.hint = {}, .length = kPages * kPage, .flags = VmFlag::read | VmFlag::write});
    for (uint64_t i = 0; i < kPages; ++i)
      EXPECT_TRUE(mm_->store(anon_ + base::ByteCount(i * kPage), std::byte{1}).none());
    folios_.lru_add_drain_all();
    unuse();
  }
  ~Reclaiming() override {
    sync::CheckReport report;
    folios_.check(report);
    EXPECT_TRUE(report.ok()) << report.message();
    mm_->mmput();
    dirty_->put();
    clean_->put();
  }
  static void fill(fs::BlockInode& file) {
    std::byte byte{7};
    for (uint64_t i = 0; i < kPages; ++i) EXPECT_EQ(*file.pwrite({&byte, 1}, i * kPage), 1U);
  }
  /// Nothing has been used for long.
  void unuse() {
    EXPECT_EQ(mm_->madvise(anon_, kPages * kPage, mm::Advice::cold), Errno::ok);
    for (fs::BlockInode* file : {dirty_, clean_})
      for (uint64_t i = 0; i < kPages; ++i) file->mapping().get_folio(base::FileIndex(i))->deactivate();
  }
  [[nodiscard]] static uint64_t cached(const fs::BlockInode& file) { return file.mapping().peek_nr_pages().value(); }
  [[nodiscard]] int64_t in_swap() const { return mm_->rss.get(rmap::RssClass::swap_entries); }

  phys::Frames frames_{[] {
    phys::FramesOptions options;
    options.ram = PageCount(64);
    options.cpus = 1;
    return options;
  }()};
  cache::Folios folios_{frames_, {}, GetParam()};
  base::DefectSet defects_;
  swap::SwapAreas swap_{{}, folios_, defects_};
  rmap::AnonVmas anon_vmas_;
  pgtable::Tlbs tlbs_{0};
  rmap::Environment env_{folios_, swap_, anon_vmas_, tlbs_, defects_, base::Order(0), {4, 9, 9}};
  swap::RamBackend device_{"S", PageCount(33), 4096};
  fs::BlockFs fs_{env_, 6};
  Reclaim reclaim_{env_};
  fs::BlockInode* dirty_ = nullptr;
  fs::BlockInode* clean_ = nullptr;
  mm::AddressSpace* mm_ = nullptr;
  VirtAddr anon_;
};

TEST_P(Reclaiming, WithoutIoTakesWhatIsClean) {
  EXPECT_EQ(reclaim_.try_to_free_pages(Gfp::noio(), PageCount(32)), PageCount(kPages));
  EXPECT_EQ(cached(*clean_), 0U);
  EXPECT_EQ(cached(*dirty_), kPages);
  EXPECT_EQ(in_swap(), 0);
}

TEST_P(Reclaiming, WithoutFileSystemsWritesToSwapOnly) {
  EXPECT_EQ(reclaim_.try_to_free_pages(Gfp::nofs(), PageCount(32)), PageCount(2 * kPages));
  EXPECT_EQ(cached(*clean_), 0U);
  EXPECT_EQ(cached(*dirty_), kPages);
  EXPECT_EQ(in_swap(), static_cast<int64_t>(kPages));
}

TEST_P(Reclaiming, OtherwiseWritesFilesToo) {
  EXPECT_EQ(reclaim_.try_to_free_pages(Gfp::kernel(), PageCount(32)), PageCount(3 * kPages));
  EXPECT_EQ(cached(*dirty_), 0U);
  EXPECT_EQ(dirty_->st_blocks(), kPages * 8);
  EXPECT_EQ(in_swap(), static_cast<int64_t>(kPages));
}

TEST_P(Reclaiming, WhatIsUsedStaysIfThereAreLists) {
  if (GetParam() == cache::UseLru::no) GTEST_SKIP() << "without lists nothing has a second chance";
  EXPECT_TRUE(mm_->load(anon_).signal.none());
  EXPECT_EQ(reclaim_.shrink_node(0, PageCount(3 * kPages - 1)), PageCount(3 * kPages - 1));
  EXPECT_EQ(in_swap(), static_cast<int64_t>(kPages - 1));
  EXPECT_EQ(mm_->pagemap(anon_), mm::PagemapKind::present_anon);
}

TEST_P(Reclaiming, WhatComesBackSoonIsActive) {
  if (GetParam() == cache::UseLru::no) GTEST_SKIP() << "without lists nothing is active";
  EXPECT_EQ(reclaim_.shrink_node(0, PageCount(3 * kPages)), PageCount(3 * kPages));
  std::byte byte{};
  for (fs::BlockInode* file : {dirty_, clean_})
    for (uint64_t i = 0; i < kPages; ++i) EXPECT_EQ(*file->pread({&byte, 1}, i * kPage), 1U);
  EXPECT_TRUE(mm_->load(anon_).signal.none());
  folios_.lru_add_drain_all();
  unuse();
  EXPECT_EQ(folios_.lru()->peek_refaults(), 0U) << "all of memory would not have been enough";
  EXPECT_EQ(reclaim_.shrink_node(0, PageCount(1)), PageCount(1));
  EXPECT_EQ(mm_->pagemap(anon_), mm::PagemapKind::swapped);
  EXPECT_TRUE(mm_->load(anon_).signal.none());
  folios_.lru_add_drain_all();
  EXPECT_EQ(folios_.lru()->peek_refaults(), 1U);
  EXPECT_EQ(folios_.lru()->size(0, cache::LruList::active_anon), 1U);
}

INSTANTIATE_TEST_SUITE_P(Policies, Reclaiming, testing::Values(cache::UseLru::no, cache::UseLru::yes));

}  // namespace
}  // namespace quire::reclaim
