// Huge pages in one thread: made by a fault or by khugepaged, and taken apart by whatever wants a part. And compaction,
// which makes room for them.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "machine/machine.h"

namespace quire::machine {
namespace {

using mm::PagemapKind;

constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;
constexpr int kAnonymous = abi::kMapPrivate | abi::kMapAnonymous;
constexpr int kPunch = abi::kFallocPunchHole | abi::kFallocKeepSize;
constexpr uint64_t kPage = 4096;

/// The order of a huge page (9 is a machine with the sizes of a real one), and how it goes to swap.
using HugeParam = std::tuple<unsigned, swap::ThpSwap>;

class HugePages : public ::testing::TestWithParam<HugeParam> {
 protected:
  HugePages() { pages_ = uint64_t{1} << order(); }
  void TearDown() override {
    check();
    machine_.killall();
    check();
    EXPECT_EQ(machine_.swap_used("S"), 0U);
  }
  [[nodiscard]] static unsigned order() { return std::get<0>(GetParam()); }
  [[nodiscard]] static swap::ThpSwap thp_swap() { return std::get<1>(GetParam()); }
  static MachineOptions options(uint64_t ram) {
    MachineOptions options = MachineOptions::explored();
    if (order() == 9) options = MachineOptions();
    options.ram = PageCount(ram);
    options.page_table = {3, 3, static_cast<uint8_t>(order())};
    options.thp_order = static_cast<uint8_t>(order());
    options.slots_per_cluster = 1U << order();
    options.thp_swap = thp_swap();
    options.tlb = OnOff::on;
    options.pcp_prefill = 0;
    options.private_data = order() == 9 ? OnOff::off : OnOff::on;
    return options;
  }
  static MachineOptions with_swap() {
    MachineOptions o = options(uint64_t{8} << order());
    o.add_swap("S", PageCount(uint64_t{4} << order()));
    return o;
  }
  void check() {
    sync::CheckReport report;
    machine_.check(report);
    EXPECT_TRUE(report.ok()) << report.message() << "\n" << machine_.dump();
    EXPECT_EQ(machine_.folios_leaked(), 0U);
  }
  [[nodiscard]] int load(uint64_t address) { return load(a_, address); }
  /// The byte, or -1 - si_code.
  [[nodiscard]] int load(Process& process, uint64_t address) {
    mm::Loaded loaded = machine_.load(process, address);
    return loaded.signal.none() ? static_cast<int>(loaded.value) : -1 - loaded.signal.code;
  }
  void store(uint64_t address, int value) {
    EXPECT_TRUE(machine_.store(a_, address, static_cast<std::byte>(value)).none());
  }
  [[nodiscard]] static int value_of(uint64_t page) { return static_cast<int>(1 + page % 255); }
  /// The contents of each page but those in [from, from + count).
  void expect_others(uint64_t p, uint64_t from, uint64_t count = 1) {
    for (uint64_t i = 0; i < pages_; ++i)
      if (i < from || i >= from + count) {
        EXPECT_EQ(load(p + i * kPage), value_of(i)) << "page " << i;
      }
  }
  [[nodiscard]] uint64_t map(int flags, int fd, uint64_t huge_page = 1) {
    uint64_t p = *machine_.mmap(a_, huge_page * bytes(), bytes(), kReadWrite, flags | abi::kMapFixed, fd, 0);
    EXPECT_EQ(machine_.madvise(a_, p, bytes(), abi::kMadvHugepage), Errno::ok);
    return p;
  }
  void fill(uint64_t p) {
    for (uint64_t i = 0; i < pages_; ++i) store(p + i * kPage, value_of(i));
  }
  /// A huge page of anonymous memory with the values of its pages.
  [[nodiscard]] uint64_t huge_anon(uint64_t huge_page = 1) {
    uint64_t p = map(kAnonymous, -1, huge_page);
    fill(p);
    EXPECT_EQ(machine_.pagemap(a_, p), PagemapKind::huge_anon);
    EXPECT_EQ(machine_.pagemap(a_, p + bytes() - kPage), PagemapKind::huge_anon);
    return p;
  }
  /// The same of a file, whose descriptor is `fd`.
  [[nodiscard]] uint64_t huge_file(int fd) {
    EXPECT_EQ(machine_.ftruncate(a_, fd, static_cast<int64_t>(bytes())), Errno::ok);
    uint64_t p = map(abi::kMapShared, fd);
    fill(p);
    EXPECT_EQ(machine_.collapse(a_.pid(), p), Errno::ok);
    EXPECT_EQ(load(p), value_of(0));
    EXPECT_EQ(machine_.pagemap(a_, p), PagemapKind::huge_file);
    return p;
  }
  [[nodiscard]] uint64_t bytes() const { return pages_ * kPage; }
  [[nodiscard]] int64_t huge() const { return static_cast<int64_t>(pages_); }

  uint64_t pages_;
  Machine machine_{with_swap()};
  Process& a_ = machine_.create_process("A");
};

TEST_P(HugePages, AFaultMapsAllAtOnce) {
  uint64_t p = map(kAnonymous, -1);
  EXPECT_EQ(load(p), 0);
  EXPECT_EQ(machine_.rss(a_).anon, 0) << "a load maps zeros";
  EXPECT_EQ(machine_.madvise(a_, p, bytes(), abi::kMadvDontneed), Errno::ok);
  uint64_t q = huge_anon(2);
  EXPECT_EQ(machine_.rss(a_).anon, huge());
  expect_others(q, pages_);
}

TEST_P(HugePages, OfAFailedPageTheOthersStay) {
  uint64_t p = huge_anon();
  uint64_t failed = pages_ - 1;
  EXPECT_EQ(machine_.poison(a_.pid(), p + failed * kPage), Errno::ok);
  EXPECT_EQ(machine_.poison(a_.pid(), p + failed * kPage), Errno::efault) << "it cannot be used any more";
  EXPECT_EQ(machine_.pagemap(a_, p + failed * kPage), PagemapKind::hwpoison);
  EXPECT_EQ(load(p + failed * kPage), -1 - 4);
  EXPECT_EQ(machine_.pagemap(a_, p), PagemapKind::present_anon);
  expect_others(p, failed);
  EXPECT_EQ(machine_.rss(a_).anon, huge() - 1);
  check();
  for (uint64_t i = 0; i < failed; ++i) store(p + i * kPage, value_of(i));
  EXPECT_EQ(machine_.madvise(a_, p + failed * kPage, kPage, abi::kMadvDontneed), Errno::ok);
  EXPECT_EQ(load(p + failed * kPage), 0);
  expect_others(p, failed);
}

TEST_P(HugePages, OfAFailedPageOfAFileTheOthersStay) {
  int fd = *machine_.memfd_create(a_);
  uint64_t p = huge_file(fd);
  EXPECT_EQ(machine_.poison(a_.pid(), p + kPage), Errno::ok);
  EXPECT_EQ(load(p + kPage), -1 - 4);
  expect_others(p, 1);
  std::byte byte{};
  EXPECT_EQ(machine_.pread(a_, fd, {&byte, 1}, static_cast<int64_t>(kPage)).error(), Errno::eio);
  EXPECT_EQ(*machine_.pread(a_, fd, {&byte, 1}, 0), 1U);
}

TEST_P(HugePages, OfAPunchedPageOfAFileTheOthersStay) {
  int fd = *machine_.memfd_create(a_);
  uint64_t p = huge_file(fd);
  EXPECT_EQ(machine_.rss(a_).shmem, huge());
  EXPECT_EQ(machine_.fallocate(a_, fd, kPunch, 0, static_cast<int64_t>(kPage)), Errno::ok);
  check();
  EXPECT_EQ(machine_.fstat(a_, fd)->st_blocks, (pages_ - 1) * 8);
  EXPECT_EQ(load(p), 0);
  expect_others(p, 0);
  EXPECT_EQ(machine_.rss(a_).shmem, huge()) << "the hole was read and has a page again";
}

TEST_P(HugePages, OfATruncatedFileTheFirstPagesStay) {
  int fd = *machine_.memfd_create(a_);
  uint64_t p = huge_file(fd);
  EXPECT_EQ(machine_.ftruncate(a_, fd, static_cast<int64_t>(kPage)), Errno::ok);
  check();
  EXPECT_EQ(load(p), value_of(0));
  EXPECT_EQ(load(p + kPage), -1 - 2);
  EXPECT_EQ(machine_.ftruncate(a_, fd, static_cast<int64_t>(bytes())), Errno::ok);
  for (uint64_t i = 1; i < pages_; ++i) EXPECT_EQ(load(p + i * kPage), 0);
}

TEST_P(HugePages, OfADiscardedPageTheOthersStay) {
  uint64_t p = huge_anon();
  EXPECT_EQ(machine_.madvise(a_, p + kPage, kPage, abi::kMadvDontneed), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).anon, huge() - 1);
  EXPECT_EQ(load(p + kPage), 0);
  expect_others(p, 1);
}

TEST_P(HugePages, OfAnUnmappedPageTheOthersStay) {
  uint64_t p = huge_anon();
  EXPECT_EQ(machine_.munmap(a_, p + kPage, kPage), Errno::ok);
  EXPECT_EQ(load(p + kPage), -1 - 1);
  expect_others(p, 1);
}

TEST_P(HugePages, OfAProtectedPageTheOthersCanBeWritten) {
  uint64_t p = huge_anon();
  EXPECT_EQ(machine_.mprotect(a_, p, kPage, abi::kProtRead), Errno::ok);
  EXPECT_EQ(machine_.store(a_, p, std::byte{9}), (mm::Signal{mm::SignalNumber::sigsegv, 2}));
  store(p + kPage, 77);
  EXPECT_EQ(load(p + kPage), 77);
  expect_others(p, 1);
}

TEST_P(HugePages, GoToSwapAndComeBack) {
  uint64_t p = huge_anon();
  EXPECT_EQ(machine_.madvise(a_, p, bytes(), abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine_.swap_used("S"), pages_);
  EXPECT_EQ(machine_.rss(a_).swapents, huge());
  EXPECT_EQ(machine_.rss(a_).anon, 0);
  check();
  expect_others(p, pages_);
  EXPECT_EQ(machine_.rss(a_).anon, huge());
}

TEST_P(HugePages, AreSharedByAChildAndCopiedPageByPage) {
  uint64_t p = huge_anon();
  Process& child = **machine_.fork(a_);
  check();
  store(p, 200);
  EXPECT_EQ(load(child, p), value_of(0));
  EXPECT_TRUE(machine_.store(child, p + kPage, std::byte{201}).none());
  EXPECT_EQ(load(p + kPage), value_of(1));
  EXPECT_EQ(load(child, p + kPage), 201);
  expect_others(p, 0);
  check();
  machine_.exit(child);
  expect_others(p, 0);
}

// Khugepaged brings back what is in swap, fills in what is not there, and makes the pages one.
TEST_P(HugePages, AreMadeOfSmallOnes) {
  uint64_t p = *machine_.mmap(a_, bytes(), bytes(), kReadWrite, kAnonymous | abi::kMapFixed, -1, 0);
  fill(p);
  EXPECT_EQ(machine_.madvise(a_, p, kPage, abi::kMadvDontneed), Errno::ok);
  EXPECT_EQ(machine_.madvise(a_, p + kPage, kPage, abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine_.pagemap(a_, p + kPage), PagemapKind::swapped);
  check();
  EXPECT_EQ(machine_.collapse(a_.pid(), p + kPage), Errno::ok);
  EXPECT_EQ(machine_.pagemap(a_, p), PagemapKind::huge_anon);
  EXPECT_EQ(machine_.swap_used("S"), 0U);
  EXPECT_EQ(load(p), 0);
  expect_others(p, 0);
  EXPECT_EQ(machine_.rss(a_).anon, huge());
  EXPECT_EQ(machine_.collapse(a_.pid(), p), Errno::ok) << "it is one already";
  check();
  EXPECT_EQ(machine_.poison(a_.pid(), p), Errno::ok);
  EXPECT_EQ(load(p), -1 - 4);
  expect_others(p, 0);
}

TEST_P(HugePages, InSwapAreSharedByAChildAndTakenApart) {
  uint64_t p = huge_anon();
  EXPECT_EQ(machine_.madvise(a_, p, bytes(), abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).swapents, huge());
  Process& child = **machine_.fork(a_);
  Process& third = **machine_.fork(child);
  check();
  EXPECT_EQ(machine_.munmap(a_, p + kPage, kPage), Errno::ok);
  check();
  EXPECT_EQ(machine_.rss(a_).swapents, huge() - 1);
  EXPECT_EQ(machine_.swap_used("S"), pages_);
  for (uint64_t i = 0; i < pages_; ++i) EXPECT_EQ(load(child, p + i * kPage), value_of(i));
  auto whole = thp_swap() == swap::ThpSwap::pmd ? PagemapKind::huge_anon : PagemapKind::present_anon;
  EXPECT_EQ(machine_.pagemap(child, p), whole);
  check();
  expect_others(p, 1);
  check();
  EXPECT_EQ(machine_.madvise(child, p, kPage, abi::kMadvDontneed), Errno::ok);
  EXPECT_EQ(machine_.madvise(child, p, bytes(), abi::kMadvPageout), Errno::ok);
  check();
  EXPECT_EQ(load(child, p), 0);
  for (uint64_t i = 0; i < pages_; ++i) EXPECT_EQ(load(third, p + i * kPage), value_of(i));
  EXPECT_EQ(machine_.swapoff(a_, "S"), Errno::ok);
  EXPECT_EQ(machine_.swapon(a_, "S"), Errno::ok);
  check();
  for (uint64_t i = 0; i < pages_; ++i) EXPECT_EQ(load(third, p + i * kPage), value_of(i));
  expect_others(p, 1);
}

TEST_P(HugePages, SwapoffBringsThemBackAsTheyWent) {
  uint64_t p = huge_anon();
  EXPECT_EQ(machine_.madvise(a_, p, bytes(), abi::kMadvPageout), Errno::ok);
  Process& child = **machine_.fork(a_);
  EXPECT_EQ(machine_.swapoff(a_, "S"), Errno::ok);
  check();
  auto whole = thp_swap() == swap::ThpSwap::pmd ? PagemapKind::huge_anon : PagemapKind::present_anon;
  EXPECT_EQ(machine_.pagemap(child, p), whole);
  EXPECT_EQ(machine_.pagemap(a_, p), whole);
  expect_others(p, pages_);
  EXPECT_EQ(machine_.swapon(a_, "S"), Errno::ok);
}

const auto kHugeParams = ::testing::Combine(
    ::testing::Values(1U, 2U, 3U, 9U), ::testing::Values(swap::ThpSwap::pmd, swap::ThpSwap::pte, swap::ThpSwap::off));
INSTANTIATE_TEST_SUITE_P(Orders, HugePages, kHugeParams);

/// RAM in which the odd frames are taken: no huge page is left.
class Compaction : public HugePages {
 protected:
  static constexpr uint64_t kRamHugePages = 8;
  Compaction() {
    uint64_t ram = fragmented_.options().ram.value();
    at_ = *fragmented_.mmap(b_, bytes(), ram * kPage, kReadWrite, kAnonymous | abi::kMapFixed, -1, 0);
    for (uint64_t page = 0; page < ram; ++page) EXPECT_TRUE(fragmented_.store(b_, address(page), stamp(page)).none());
    EXPECT_EQ(fragmented_.peek_free_pages(), 0U);
    for (uint64_t page = 0; page < ram; ++page) {
      if (frame_of(page) % 2 == 1)
        kept_.push_back(page);
      else
        EXPECT_EQ(fragmented_.madvise(b_, address(page), kPage, abi::kMadvDontneed), Errno::ok);
    }
    EXPECT_EQ(kept_.size(), ram / 2);
  }
  void check_fragmented() {
    sync::CheckReport report;
    fragmented_.check(report);
    EXPECT_TRUE(report.ok()) << report.message();
    EXPECT_EQ(fragmented_.folios_leaked(), 0U);
    EXPECT_EQ(fragmented_.rss(b_).anon, static_cast<int64_t>(kept_.size()));
    for (uint64_t page : kept_) EXPECT_EQ(fragmented_.load(b_, address(page)).value, stamp(page)) << "page " << page;
  }
  [[nodiscard]] uint32_t frame_of(uint64_t page) const {
    return b_.mm().tables.peek(base::page_of(base::VirtAddr(address(page)))).pfn().value();
  }
  /// Of what is kept.
  [[nodiscard]] std::vector<uint32_t> frames() const {
    std::vector<uint32_t> frames;
    for (uint64_t page : kept_) frames.push_back(frame_of(page));
    return frames;
  }
  /// What a store to a fresh mapping that wants a huge page gets.
  [[nodiscard]] PagemapKind store_to_fresh(Process& process, uint64_t huge_page) {
    uint64_t p =
        *fragmented_.mmap(process, huge_page * bytes(), bytes(), kReadWrite, kAnonymous | abi::kMapFixed, -1, 0);
    EXPECT_EQ(fragmented_.madvise(process, p, bytes(), abi::kMadvHugepage), Errno::ok);
    EXPECT_TRUE(fragmented_.store(process, p, std::byte{2}).none());
    EXPECT_EQ(fragmented_.load(process, p).value, std::byte{2});
    PagemapKind kind = fragmented_.pagemap(process, p);
    EXPECT_EQ(fragmented_.munmap(process, p, bytes()), Errno::ok);
    return kind;
  }
  [[nodiscard]] uint64_t address(uint64_t page) const { return at_ + page * kPage; }
  [[nodiscard]] static std::byte stamp(uint64_t page) { return static_cast<std::byte>(page * 7 + 1); }

  uint64_t at_;
  std::vector<uint64_t> kept_;
  Machine fragmented_{options(kRamHugePages << order())};
  Process& b_ = fragmented_.create_process("B");
};

TEST_P(Compaction, MovesPagesUpAndMakesRoomForAHugePage) {
  check_fragmented();
  Process& c = fragmented_.create_process("C");
  EXPECT_EQ(store_to_fresh(c, 1), PagemapKind::present_anon) << "there is no huge page to be had";

  std::vector<uint32_t> before = frames();
  uint64_t moved = fragmented_.compact();
  std::vector<uint32_t> after = frames();
  uint64_t counted = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_GE(after[i], before[i]) << "no page moves down";
    counted += after[i] != before[i] ? 1U : 0U;
  }
  EXPECT_EQ(moved, counted);
  EXPECT_EQ(moved, kept_.size() / 2) << "what was in the lower half";
  check_fragmented();
  EXPECT_EQ(*std::min_element(after.begin(), after.end()), kept_.size()) << "all lies in the upper half";

  EXPECT_EQ(store_to_fresh(c, 2), PagemapKind::huge_anon);
  EXPECT_EQ(fragmented_.compact(), 0U) << "nothing is left to do";
  check_fragmented();
}

INSTANTIATE_TEST_SUITE_P(Orders, Compaction, kHugeParams);

}  // namespace
}  // namespace quire::machine
