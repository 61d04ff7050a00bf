// The walk over the dirty pages of a file, on a file system that says what becomes of each page; what the tags of the
// index must say; which pages readahead picks.
#include "fs/writeback.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "fs/bdi_writeback.h"
#include "fs/readahead.h"

namespace quire::fs {
namespace {

using cache::FaultResult;
using cache::IndexTag;
using cache::kAopWritepageActivate;
using cache::SyncMode;
using Indexes = std::vector<uint64_t>;

/// Writes nothing, and remembers what it was asked to write.
class ScriptedFs final : public cache::MappingOps {
 public:
  FaultResult fault(Mapping&, FileIndex) override { return {}; }
  Errno writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) override {
    uint64_t index = folio.index().value();
    asked.push_back(index);
    auto says = outcomes.find(index);
    Errno outcome = says == outcomes.end() ? Errno::ok : says->second;
    if (outcome != Errno::ok) ++wbc.pages_skipped;
    if (outcome != Errno::ok) (void)dirty_folio(mapping, folio);
    if (outcome == kAopWritepageActivate) return outcome;
    if (outcome == Errno::ok) mapping.start_writeback(folio);
    folio.unlock();
    if (outcome == Errno::ok) mapping.end_writeback(folio);
    return outcome;
  }
  bool dirty_folio(Mapping& mapping, Folio& folio) override { return mapping.filemap_dirty_folio(folio); }
  Errno writepages(Mapping& mapping, WritebackControl& wbc) override { return write_cache_pages(*env, mapping, wbc); }
  Result<HeldFolio> find_or_create(Mapping&, FileIndex, Gfp) override { return Errno::enomem; }
  PageCount size_pages(const Mapping&) const override { return PageCount(1000); }
  bool error_remove_folio(Mapping&, Folio&) override { return false; }

  rmap::Environment* env = nullptr;
  std::map<uint64_t, Errno> outcomes;
  Indexes asked;
};

class WalkTest : public testing::Test {
 protected:
  static phys::FramesOptions walk_frames() {
    phys::FramesOptions options;
    options.ram = PageCount(128);
    return options;
  }
  static swap::SwapOptions walk_swap() {
    swap::SwapOptions options;
    options.areas_max = 1;
    return options;
  }
  WalkTest() { fs_.env = &env_; }
  ~WalkTest() override {
    for (Folio* folio : folios_of_file_) {
      LockedFolio locked(*folio);
      mapping_.remove_folio(*folio);
      locked.unlock();
      folio->put();
    }
  }
  Folio& add(uint64_t index) {
    Result<HeldFolio> held = mapping_.find_or_create_folio(folios_, FileIndex(index), Gfp::user());
    held->folio->set(FolioFlag::uptodate);
    folios_of_file_.push_back(held->folio.get());
    return *held->folio;
  }
  void dirty(const Indexes& indexes) {
    for (uint64_t index : indexes) (void)fs_.dirty_folio(mapping_, add(index));
  }
  /// Pages that are dirty, on a device that has no room for any.
  void dirty_on_full_device(const Indexes& indexes) {
    dirty(indexes);
    for (uint64_t index : indexes) fs_.outcomes[index] = Errno::enospc;
  }
  [[nodiscard]] Indexes dirty_now() {
    Indexes indexes;
    for (Folio* folio : folios_of_file_)
      if (folio->test(FolioFlag::dirty)) indexes.push_back(folio->index().value());
    return indexes;
  }
  Errno walk(WritebackControl& wbc) {
    fs_.asked.clear();
    return write_cache_pages(env_, mapping_, wbc);
  }
  static Range<FileIndex> range(uint64_t from, uint64_t to) { return {FileIndex(from), FileIndex(to)}; }
  std::string trouble() {
    sync::CheckReport report;
    mapping_.check(report);
    return report.ok() ? std::string() : std::string(report.message());
  }

  phys::Frames frames_{walk_frames()};
  cache::Folios folios_{frames_};
  rmap::AnonVmas anon_vmas_;
  swap::SwapAreas swap_{walk_swap(), folios_, {}};
  pgtable::Tlbs tlbs_{0};
  rmap::Environment env_{folios_, swap_, anon_vmas_, tlbs_, {}, base::Order(0), {2, 3, 3}};
  ScriptedFs fs_;
  Mapping mapping_{fs_, nullptr, 3};
  std::vector<Folio*> folios_of_file_;
};

TEST_F(WalkTest, WritesWhatIsDirtyInTheRangeAndNothingElse) {
  dirty({1, 3, 20, 21, 40});
  (void)add(2);
  WritebackControl wbc = WritebackControl::integrity(range(3, 40));
  EXPECT_EQ(walk(wbc), Errno::ok);
  EXPECT_EQ(fs_.asked, (Indexes{3, 20, 21}));
  EXPECT_EQ(dirty_now(), (Indexes{1, 40}));
  EXPECT_EQ(walk(wbc), Errno::ok);
  EXPECT_EQ(fs_.asked, Indexes{});
}

TEST_F(WalkTest, IntegrityTriesAllAndKeepsTheFirstError) {
  dirty({0, 1, 2, 3});
  fs_.outcomes = {{1, Errno::enospc}, {2, Errno::eio}};
  WritebackControl wbc = WritebackControl::integrity(kWholeFile);
  EXPECT_EQ(walk(wbc), Errno::enospc);
  EXPECT_EQ(fs_.asked, (Indexes{0, 1, 2, 3}));
  EXPECT_EQ(dirty_now(), (Indexes{1, 2}));
  // Recorded for everybody too, each of them.
  EXPECT_EQ(mapping_.flags().check_errors(), Errno::eio);
}

TEST_F(WalkTest, OtherwiseTheFirstErrorEndsIt) {
  dirty({0, 1, 2, 3});
  fs_.outcomes = {{1, Errno::enospc}};
  WritebackControl wbc;
  EXPECT_EQ(walk(wbc), Errno::enospc);
  EXPECT_EQ(fs_.asked, (Indexes{0, 1}));
}

TEST_F(WalkTest, ActivateIsNoErrorAndUnlocksThePage) {
  dirty({0, 1, 2});
  fs_.outcomes = {{1, kAopWritepageActivate}};
  WritebackControl wbc;
  EXPECT_EQ(walk(wbc), Errno::ok);
  EXPECT_EQ(fs_.asked, (Indexes{0, 1, 2}));
  EXPECT_EQ(dirty_now(), (Indexes{1}));
  EXPECT_FALSE(mapping_.get_folio(FileIndex(1))->is_locked());
  EXPECT_EQ(mapping_.flags().check_errors(), Errno::ok);
}

TEST_F(WalkTest, StopsAfterAsManyPagesAsItMayWriteUnlessForIntegrity) {
  dirty({0, 1, 2, 3, 4});
  WritebackControl some;
  some.nr_to_write = 2;
  EXPECT_EQ(walk(some), Errno::ok);
  EXPECT_EQ(fs_.asked, (Indexes{0, 1}));
  EXPECT_EQ(some.nr_to_write, 0);
  WritebackControl all = WritebackControl::integrity(kWholeFile);
  all.nr_to_write = 1;
  EXPECT_EQ(walk(all), Errno::ok);
  EXPECT_EQ(fs_.asked, (Indexes{2, 3, 4}));
}

TEST_F(WalkTest, ACyclicWalkGoesOnBehindWhereTheLastOneEnded) {
  dirty({0, 1, 2, 9});
  WritebackControl wbc;
  wbc.range_cyclic = true;
  wbc.nr_to_write = 2;
  EXPECT_EQ(walk(wbc), Errno::ok);
  EXPECT_EQ(mapping_.writeback_index(), FileIndex(2));
  fs_.outcomes = {{2, Errno::eio}};
  wbc.nr_to_write = 2;
  EXPECT_EQ(walk(wbc), Errno::eio);
  EXPECT_EQ(fs_.asked, (Indexes{2}));
  // Behind the page that cannot be written, not at it.
  EXPECT_EQ(mapping_.writeback_index(), FileIndex(3));
  wbc.nr_to_write = 2;
  EXPECT_EQ(walk(wbc), Errno::ok);
  EXPECT_EQ(fs_.asked, (Indexes{9}));
  EXPECT_EQ(mapping_.writeback_index(), FileIndex(0));
}

TEST_F(WalkTest, IntegrityWritesWhatWasDirtyWhenItBegan) {
  dirty({0, 2});
  mapping_.tag_pages_for_writeback(kWholeFile);
  dirty({1});
  std::array<Mapping::Found, 4> found;
  ASSERT_EQ(mapping_.find_get_folios_tag(kWholeFile, IndexTag::towrite, found), 2U);
  EXPECT_EQ(found[0].index, FileIndex(0));
  EXPECT_EQ(found[1].index, FileIndex(2));
  for (Mapping::Found& f : found) f.folio.reset();
  WritebackControl wbc = WritebackControl::integrity(kWholeFile);
  EXPECT_EQ(walk(wbc), Errno::ok);
  EXPECT_FALSE(mapping_.tagged(IndexTag::towrite));
  EXPECT_FALSE(mapping_.tagged(IndexTag::dirty));
}

TEST_F(WalkTest, ADirtyPageThatWritebackWouldNotFindIsReported) {
  Folio& folio = add(5);
  EXPECT_EQ(trouble(), "");
  // As by who marks the page and forgets its place.
  folio.set(FolioFlag::dirty);
  EXPECT_NE(trouble().find("I4: index 5 is dirty"), std::string::npos) << trouble();
  folio.clear(FolioFlag::dirty);
  folio.start_writeback();
  EXPECT_NE(trouble().find("I4: index 5 is under writeback"), std::string::npos) << trouble();
  folio.end_writeback();
  EXPECT_EQ(trouble(), "");
}

// --- the flusher

TEST_F(WalkTest, TheFlusherWritesDownToTheBackgroundLimitAndForgetsWhatIsClean) {
  BdiWriteback wb(PageCount(100), {.dirty_ratio = 8, .dirty_background_ratio = 3});
  mapping_.set_counts(&wb.counts());
  WbInode inode(mapping_);
  dirty({0, 1, 2, 3, 4});
  wb.mark_inode_dirty(inode);
  EXPECT_EQ(wb.wb_workfn(PageCount(0)), PageCount(2));
  EXPECT_EQ(wb.peek_dirty(), 3U);
  EXPECT_EQ(wb.wb_workfn(PageCount(10)), PageCount(3));
  sync::CheckReport report;
  BdiWriteback::check(inode, mapping_.peek_tagged(IndexTag::dirty), "f", report);
  EXPECT_TRUE(report.ok()) << report.message();
  // It is on no list: nothing is left to do.
  EXPECT_EQ(wb.wb_workfn(PageCount(10)), PageCount(0));
  BdiWriteback::check(inode, true, "f", report);
  EXPECT_FALSE(report.ok());
  wb.evict(inode);
}

TEST_F(WalkTest, AFlusherThatCanWriteNothingEnds) {
  BdiWriteback wb(PageCount(100), {.dirty_ratio = 8, .dirty_background_ratio = 3});
  mapping_.set_counts(&wb.counts());
  WbInode inode(mapping_);
  const Indexes all{0, 1, 2, 3, 4, 5};
  dirty_on_full_device(all);
  wb.mark_inode_dirty(inode);
  EXPECT_EQ(wb.wb_workfn(PageCount(0)), PageCount(0));
  EXPECT_EQ(dirty_now(), all);
  fs_.outcomes.clear();
  wb.sync_inodes();
  EXPECT_EQ(dirty_now(), Indexes{});
  wb.evict(inode);
}

TEST_F(WalkTest, WhoMakesMoreDirtyThanCanBeWrittenPausesAndGoesOn) {
  BdiWriteback wb(PageCount(100), {.dirty_ratio = 4, .dirty_background_ratio = 2});
  mapping_.set_counts(&wb.counts());
  WbInode inode(mapping_);
  const Indexes all{0, 1, 2, 3, 4, 5};
  dirty_on_full_device(all);
  wb.mark_inode_dirty(inode);
  wb.balance_dirty_pages();
  wb.start();
  for (int i = 0; i < 100; ++i) wb.balance_dirty_pages();
  wb.stop();
  EXPECT_EQ(wb.peek_pauses(), 101U);
  EXPECT_EQ(dirty_now(), all);
  fs_.outcomes.clear();
  wb.start();
  wb.balance_dirty_pages();
  while (wb.peek_dirty() > 2) std::this_thread::yield();
  wb.stop();
  EXPECT_EQ(wb.peek_dirty(), 2U);
  wb.evict(inode);
}

// --- readahead

TEST(Readahead, AStreamGetsALargerWindowEachTime) {
  FileReadahead ra(32);
  ReadaheadWindow w = ra.sync(FileIndex(0), 1, 0);
  EXPECT_EQ(w.size, 4U);
  EXPECT_EQ(w.mark(), 1U);
  w = ra.async(FileIndex(1), 1, 0);
  EXPECT_EQ(w.start, 4U);
  EXPECT_EQ(w.size, 8U);
  w = ra.async(FileIndex(w.mark()), 1, 0);
  EXPECT_EQ(w.start, 12U);
  EXPECT_EQ(w.size, 16U);
  w = ra.async(FileIndex(w.mark()), 1, 0);
  EXPECT_EQ(w.size, 32U);
  w = ra.async(FileIndex(w.mark()), 1, 0);
  EXPECT_EQ(w.size, 32U);
}

TEST(Readahead, AReadSomewhereReadsNoMoreThanItWants) {
  FileReadahead ra(32);
  ra.note_read(FileIndex(3));
  EXPECT_TRUE(ra.wants_history(FileIndex(100), 2));
  ReadaheadWindow w = ra.sync(FileIndex(100), 2, 1);
  EXPECT_EQ(w.size, 2U);
  EXPECT_EQ(w.async_size, 0U);
  // What is cached before it says that somebody reads through the file.
  w = ra.sync(FileIndex(100), 2, 6);
  EXPECT_EQ(w.size, 8U);
  EXPECT_EQ(w.async_size, 1U);
  ra.note_read(FileIndex(99));
  EXPECT_FALSE(ra.wants_history(FileIndex(100), 2));
}

TEST(Readahead, AdviceDecides) {
  FileReadahead ra(32);
  ra.set_mode(ReadaheadMode::random);
  EXPECT_EQ(ra.sync(FileIndex(0), 1, 0).size, 1U);
  EXPECT_EQ(ra.around(FileIndex(50)).size, 0U);
  ra.set_mode(ReadaheadMode::sequential);
  EXPECT_EQ(ra.max_pages(), 64U);
  ra.set_mode(ReadaheadMode::normal);
  ReadaheadWindow w = ra.around(FileIndex(50));
  EXPECT_EQ(w.start, 34U);
  EXPECT_EQ(w.mark(), 58U);
}

TEST(Readahead, FaultsThatMissAllTheTimeReadNothingAround) {
  FileReadahead ra(8);
  uint64_t around = 0;
  for (uint64_t i = 0; i < 200; ++i) around += ra.around(FileIndex(1000 - i)).size != 0 ? 1 : 0;
  EXPECT_EQ(around, 100U);
  for (int i = 0; i < 200; ++i) ra.mmap_hit();
  EXPECT_EQ(ra.around(FileIndex(1)).size, 8U);
}

}  // namespace
}  // namespace quire::fs
