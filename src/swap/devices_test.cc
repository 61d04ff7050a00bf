// Several devices: how many there may be, in which order they are used, and discards under threads.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "swap/areas.h"

namespace quire::swap {
namespace {

using phys::Gfp;

/// Notes what it is told to discard, and has no contents to lose.
class NotingBackend final : public SwapBackend {
 public:
  NotingBackend(const char* name, PageCount pages) : SwapBackend(name, pages, SwapInPath::through_cache) {}
  struct Run {
    uint32_t first;
    uint64_t pages;
    bool operator==(const Run&) const = default;
  };
  std::vector<Run> runs;
  std::vector<Run> written;
  std::vector<Run> seen;

 private:
  Errno read(SwapOffset, std::span<std::byte>) override { return Errno::ok; }
  Errno write(SwapOffset, std::span<const std::byte>) override { return Errno::ok; }
  Errno read_run(SwapOffset first, PageCount pages, std::span<std::byte>) override {
    seen.push_back({first.value(), pages.value()});
    return Errno::ok;
  }
  Errno write_run(SwapOffset first, PageCount pages, std::span<const std::byte>) override {
    written.push_back({first.value(), pages.value()});
    return Errno::ok;
  }
  void discard_run(SwapOffset first, PageCount pages) override { runs.push_back({first.value(), pages.value()}); }
};

class DevicesTest : public testing::Test {
 protected:
  void turn_off(const SwapBackend& device) {
    auto area = areas_.start_swapoff(device);
    ASSERT_TRUE(area.ok());
    areas_.kill_users_and_wait(**area);
    areas_.free_maps(**area);
  }
  [[nodiscard]] int priority(const SwapBackend& device) const { return areas_.peek_area_of(device)->peek_priority(); }
  /// The device that the next slot comes from; nullptr: none has one. The slot stays taken.
  [[nodiscard]] const SwapBackend* next() {
    auto folio = folios_.alloc(Gfp::kernel(), Order(0));
    EXPECT_TRUE(folio.ok());
    auto entry = areas_.folio_alloc_swap(**folio);
    return entry ? areas_.peek_area(entry->type()).peek_backend() : nullptr;
  }

  phys::Frames frames_{{.ram = PageCount(256)}};
  cache::Folios folios_{frames_};
  base::DefectSet defects_;
  SwapAreas areas_{{.areas_max = 3}, folios_, defects_};
  NotingBackend s_{"S", PageCount(3)};
  NotingBackend t_{"T", PageCount(3)};
  NotingBackend u_{"U", PageCount(3)};
  NotingBackend v_{"V", PageCount(3)};
};

TEST_F(DevicesTest, ThereAreOnlySoManyTypes) {
  EXPECT_EQ(areas_.swapon(s_), Errno::ok);
  EXPECT_EQ(areas_.swapon(t_), Errno::ok);
  EXPECT_EQ(areas_.swapon(u_), Errno::ok);
  EXPECT_EQ(areas_.swapon(v_), Errno::eperm);
  turn_off(t_);
  EXPECT_EQ(areas_.swapon(v_), Errno::ok);
}

TEST_F(DevicesTest, ADeviceWithoutAUsablePageIsRefused) {
  NotingBackend header_only("H", PageCount(1));
  EXPECT_EQ(areas_.swapon(header_only), Errno::einval);
  s_.set_bad_pages({SwapOffset(1), SwapOffset(2)});
  EXPECT_EQ(areas_.swapon(s_), Errno::einval);
}

TEST_F(DevicesTest, HigherPrioritiesComeFirstAndEqualOnesInTurn) {
  EXPECT_EQ(areas_.swapon(s_, {.priority = 1}), Errno::ok);
  EXPECT_EQ(areas_.swapon(t_, {.priority = 7}), Errno::ok);
  EXPECT_EQ(areas_.swapon(u_, {.priority = 7}), Errno::ok);
  const SwapBackend* wanted[] = {&t_, &u_, &t_, &u_, &s_, &s_, nullptr};
  for (const SwapBackend* device : wanted) EXPECT_EQ(next(), device);
}

TEST_F(DevicesTest, WithoutPrioritiesEachIsLowerThanThoseBefore) {
  EXPECT_EQ(areas_.swapon(s_), Errno::ok);
  EXPECT_EQ(areas_.swapon(t_), Errno::ok);
  EXPECT_EQ(areas_.swapon(u_), Errno::ok);
  EXPECT_EQ(priority(s_), -2);
  EXPECT_EQ(priority(u_), -4);
  turn_off(t_);
  EXPECT_EQ(priority(s_), -2);
  EXPECT_EQ(priority(u_), -3);
  EXPECT_EQ(areas_.swapon(t_), Errno::ok);
  EXPECT_EQ(priority(t_), -4);
  const SwapBackend* wanted[] = {&s_, &s_, &u_, &u_, &t_, &t_, nullptr};
  for (const SwapBackend* device : wanted) EXPECT_EQ(next(), device);
}

TEST_F(DevicesTest, DiscardOnceLeavesOutHeaderAndBadPages) {
  NotingBackend device("D", PageCount(20));
  device.set_bad_pages({SwapOffset(9), SwapOffset(1), SwapOffset(10)});
  EXPECT_EQ(areas_.swapon(device, {.discard = SwapDiscard::once}), Errno::ok);
  EXPECT_EQ(device.runs, (std::vector<NotingBackend::Run>{{2, 7}, {11, 9}}));
}

TEST_F(DevicesTest, OnlyWholeClustersAreDiscarded) {
  NotingBackend device("D", PageCount(14));  // clusters of 4: header, bad page, whole, not whole
  device.set_bad_pages({SwapOffset(6)});
  EXPECT_EQ(areas_.swapon(device, {.discard = SwapDiscard::pages}), Errno::ok);
  std::vector<SwapEntry> entries;
  auto folio = folios_.alloc(Gfp::kernel(), Order(0));
  for (auto entry = areas_.folio_alloc_swap(**folio); entry; entry = areas_.folio_alloc_swap(**folio))
    entries.push_back(*entry);
  EXPECT_EQ(entries.size(), 12U);
  for (SwapEntry entry : entries) areas_.put_swap_folio(**folio, entry);
  EXPECT_EQ(areas_.peek_area_of(device)->peek_swap_map(SwapOffset(8)).byte(), CountByte::kBad);
  EXPECT_EQ(areas_.do_scheduled_discards(device), 1U);
  EXPECT_EQ(areas_.peek_area_of(device)->peek_swap_map(SwapOffset(8)).byte(), 0);
  EXPECT_EQ(device.runs, (std::vector<NotingBackend::Run>{{8, 4}}));
  EXPECT_EQ(areas_.do_scheduled_discards(device), 0U);
}

TEST_F(DevicesTest, ALargeFolioIsOneRequest) {
  NotingBackend device("D", PageCount(20));
  EXPECT_EQ(areas_.swapon(device), Errno::ok);
  auto folio = folios_.alloc(Gfp::kernel(), Order(2));
  ASSERT_TRUE(folio.ok());
  (*folio)->init_flags(FolioFlag::swapbacked | FolioFlag::uptodate);
  (*folio)->lock();
  ASSERT_TRUE(areas_.add_to_swap(**folio));
  SwapEntry entry = (*folio)->swap();
  ASSERT_EQ(areas_.swap_duplicate(entry), Errno::ok);  // somebody wants it, or it would not be written
  (*folio)->clear(FolioFlag::dirty);
  (void)areas_.swap_writepage(**folio);
  EXPECT_EQ(device.written, (std::vector<NotingBackend::Run>{{entry.offset().value(), 4}}));
  (*folio)->lock();
  areas_.swap_read_locked_folio(**folio, entry);
  EXPECT_EQ(device.seen, (std::vector<NotingBackend::Run>{{entry.offset().value(), 4}}));
  areas_.swap_free(entry);
  areas_.delete_from_swap_cache(**folio);
  (*folio)->unlock();
}

// Slots come and go in two threads until a third, which may be slow to get a CPU, has discarded beside them; what a
// slot holds stays what its owner has written.
TEST_F(DevicesTest, DiscardsUnderThreads) {
  RamBackend device("R", PageCount(65), frames_.payload_bytes());
  EXPECT_EQ(areas_.swapon(device, {.discard = SwapDiscard::pages}), Errno::ok);
  std::atomic<int> running{2};
  std::atomic<uint64_t> discarded{0};
  auto use_slots = [&](unsigned seed) {
    std::mt19937 random(seed);
    auto folio = folios_.alloc(Gfp::kernel(), Order(0));
    std::vector<std::byte> page(frames_.payload_bytes());
    std::vector<std::pair<SwapEntry, std::byte>> mine;
    auto free_all = [&] {
      for (; !mine.empty(); mine.pop_back()) areas_.put_swap_folio(**folio, mine.back().first);
    };
    for (int round = 0; round < 20000 || (discarded.load() < 100 && round < 20000000); ++round) {
      if (auto entry = random() % 3 != 0 ? areas_.folio_alloc_swap(**folio) : Errno::enomem) {
        mine.emplace_back(*entry, static_cast<std::byte>(1 + random() % 255));
        std::fill(page.begin(), page.end(), mine.back().second);
        ASSERT_EQ(device.write_page(entry->offset(), page), Errno::ok);
      } else if (!mine.empty()) {
        std::swap(mine[random() % mine.size()], mine.back());
        ASSERT_EQ(device.read_page(mine.back().first.offset(), page), Errno::ok);
        ASSERT_EQ(page.front(), mine.back().second);
        areas_.put_swap_folio(**folio, mine.back().first);
        mine.pop_back();
      }
      if (round % 100 == 99) free_all();
    }
    free_all();
  };
  auto use_and_stop = [&](unsigned seed) {  // an assertion that fails leaves use_slots() early
    use_slots(seed);
    running.fetch_sub(1);
  };
  std::thread one(use_and_stop, 1);
  std::thread two(use_and_stop, 2);
  while (running.load() > 0) discarded.fetch_add(areas_.do_scheduled_discards(device));
  one.join();
  two.join();
  EXPECT_GE(discarded.load(), 100U);
  turn_off(device);
  sync::CheckReport report;
  areas_.check(report);
  EXPECT_TRUE(report.ok()) << report.message();
}

}  // namespace
}  // namespace quire::swap
