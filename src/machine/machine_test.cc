// One thread through the whole machine: what the engine's rooms do together. Races are the scenarios' business.
#include "machine/machine.h"

#include <gtest/gtest.h>

#include <array>

namespace quire::machine {
namespace {

constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;
constexpr int kAnonymous = abi::kMapPrivate | abi::kMapAnonymous;
constexpr uint64_t kPage = 4096;

struct Sizes {
  const char* name;
  MachineOptions options;
};
void PrintTo(const Sizes& sizes, std::ostream* out) { *out << sizes.name; }

MachineOptions with_swap(MachineOptions options, uint64_t slots = 8) {
  options.add_swap("S", PageCount(slots));
  options.add_swap("T", PageCount(slots)).active = OnOff::off;
  return options;
}
MachineOptions two_levels() {
  MachineOptions options = MachineOptions::explored();
  options.page_table = {2, 2};
  return options;
}
MachineOptions parking() {
  MachineOptions options = MachineOptions::explored();
  options.slot_cache = OnOff::on;
  return options;
}

class MachineOf : public ::testing::TestWithParam<Sizes> {
 protected:
  void TearDown() override { check(); }
  void check() {
    sync::CheckReport report;
    machine_.check(report);
    EXPECT_TRUE(report.ok()) << report.message() << "\n" << machine_.dump();
  }
  /// A parked slot still counts as used.
  void expect_no_slot_used() {
    if (GetParam().options.slot_cache == OnOff::on) return;
    EXPECT_EQ(machine_.swap_used("S"), 0U);
  }
  int load(Process& process, uint64_t address) {
    mm::Loaded loaded = machine_.load(process, address);
    return loaded.signal.none() ? static_cast<int>(loaded.value) : -1 - loaded.signal.code;
  }
  void store(Process& process, uint64_t address, int value) {
    EXPECT_TRUE(machine_.store(process, address, static_cast<std::byte>(value)).none());
  }
  uint64_t map_anonymous(Process& process, uint64_t pages) {
    return *machine_.mmap(process, 0, pages * kPage, kReadWrite, kAnonymous, -1, 0);
  }
  Errno pageout(Process& process, uint64_t address, uint64_t pages, PageoutKeep keep = PageoutKeep::nothing) {
    return machine_.madvise(process, address, pages * kPage, abi::kMadvPageout, keep);
  }
  static constexpr int kPunch = abi::kFallocPunchHole | abi::kFallocKeepSize;

  Machine machine_{GetParam().options};
  Process& a_ = machine_.create_process("A");
  Process& b_ = machine_.create_process("B");
};

TEST_P(MachineOf, FreeSwapVersusSwapoffInOrder) {
  int fd = *machine_.memfd_create(a_);
  EXPECT_EQ(machine_.ftruncate(a_, fd, 4096), Errno::ok);
  uint64_t p = *machine_.mmap(a_, 0, kPage, kReadWrite, abi::kMapShared, fd, 0);
  store(a_, p, 'A');
  EXPECT_EQ(machine_.rss(a_).shmem, 1);
  EXPECT_EQ(pageout(a_, p, 1, PageoutKeep::swapcache), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).shmem, 0);
  EXPECT_EQ(machine_.swap_used("S"), 1U);
  check();
  EXPECT_EQ(machine_.fallocate(a_, fd, kPunch, 0, 4096), Errno::ok);
  EXPECT_EQ(machine_.swapoff(b_, "S"), Errno::ok);
  EXPECT_EQ(load(a_, p), 0);
  EXPECT_EQ(machine_.swap_used("S"), 0U);
}

TEST_P(MachineOf, SwapoffBringsTmpfsPagesBack) {
  int fd = *machine_.memfd_create(a_);
  std::array<std::byte, 3 * kPage> out;
  out.fill(std::byte{'f'});
  EXPECT_EQ(*machine_.pwrite(a_, fd, out, 0), out.size());
  uint64_t p = *machine_.mmap(a_, 0, 3 * kPage, kReadWrite, abi::kMapShared, fd, 0);
  for (uint64_t i = 0; i < 3; ++i) store(a_, p + i * kPage + i, static_cast<int>('0' + i));
  EXPECT_EQ(machine_.fstat(a_, fd)->st_blocks, 24U);
  EXPECT_EQ(pageout(a_, p, 3), Errno::ok);
  EXPECT_EQ(machine_.swap_used("S"), 3U);
  EXPECT_EQ(machine_.fstat(a_, fd)->st_blocks, 24U);
  EXPECT_FALSE(*machine_.mincore(a_, p));
  EXPECT_EQ(machine_.pagemap(a_, p), mm::PagemapKind::none);
  EXPECT_EQ(machine_.swapoff(b_, "S"), Errno::ok);
  check();
  EXPECT_TRUE(*machine_.mincore(a_, p));
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(load(a_, p + i * kPage + i), static_cast<int>('0' + i));
    EXPECT_EQ(load(a_, p + i * kPage + 7), 'f');
  }
  std::array<std::byte, 2> in;
  EXPECT_EQ(*machine_.pread(a_, fd, in, kPage + 1), 2U);
  EXPECT_EQ(in[0], std::byte{'1'});
  EXPECT_EQ(in[1], std::byte{'f'});
}

TEST_P(MachineOf, AnonymousPagesGoOutAndComeBack) {
  uint64_t p = map_anonymous(a_, 3);
  EXPECT_EQ(load(a_, p), 0);
  EXPECT_EQ(machine_.rss(a_).anon, 0);
  store(a_, p, 1);
  store(a_, p + kPage, 2);
  EXPECT_EQ(machine_.rss(a_).anon, 2);
  EXPECT_EQ(pageout(a_, p, 3), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).swapents, 2);
  EXPECT_EQ(machine_.rss(a_).anon, 0);
  EXPECT_EQ(machine_.pagemap(a_, p), mm::PagemapKind::swapped);
  check();
  EXPECT_EQ(load(a_, p), 1);
  store(a_, p + kPage + 1, 3);
  EXPECT_EQ(load(a_, p + kPage), 2);
  EXPECT_EQ(machine_.rss(a_).anon, 2);
  EXPECT_EQ(machine_.rss(a_).swapents, 0);
  check();
  EXPECT_EQ(machine_.munmap(a_, p, 3 * kPage), Errno::ok);
  EXPECT_EQ(load(a_, p), -2);
  expect_no_slot_used();
}

TEST_P(MachineOf, ForkSharesSwapEntries) {
  uint64_t p = map_anonymous(a_, 2);
  store(a_, p, 7);
  EXPECT_EQ(pageout(a_, p, 1), Errno::ok);
  Process& child = **machine_.fork(a_);
  EXPECT_EQ(machine_.rss(child).swapents, 1);
  EXPECT_EQ(machine_.swap_used("S"), 1U);
  unsigned count = 0;
  for (uint32_t slot = 1; slot <= 8; ++slot) count += machine_.swap_count("S", slot);
  EXPECT_EQ(count, 2U);
  check();
  store(child, p, 8);
  check();
  EXPECT_EQ(load(a_, p), 7);
  EXPECT_EQ(load(child, p), 8);
  EXPECT_EQ(pageout(a_, p, 1), Errno::ok);
  EXPECT_EQ(pageout(child, p, 1), Errno::ok);
  check();
  EXPECT_EQ(machine_.swapoff(b_, "S"), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).swapents + machine_.rss(child).swapents, 0);
  EXPECT_EQ(load(a_, p), 7);
  EXPECT_EQ(load(child, p), 8);
  machine_.exit(child);
  EXPECT_EQ(machine_.tasks(), 2U);
}

TEST_P(MachineOf, ForkCopiesOnWrite) {
  uint64_t p = map_anonymous(a_, 1);
  store(a_, p, 1);
  Process& child = **machine_.fork(a_);
  check();
  store(a_, p, 2);
  EXPECT_EQ(load(child, p), 1);
  store(child, p, 3);
  EXPECT_EQ(load(a_, p), 2);
  EXPECT_EQ(load(child, p), 3);
  check();
  machine_.exit(child);
}

TEST_P(MachineOf, PrivateFileMapping) {
  int fd = *machine_.memfd_create(a_);
  std::array<std::byte, 3 * kPage> out;
  out.fill(std::byte{'f'});
  EXPECT_EQ(*machine_.pwrite(a_, fd, out, 0), out.size());
  uint64_t p = *machine_.mmap(a_, 0, 3 * kPage, kReadWrite, abi::kMapPrivate, fd, 0);
  EXPECT_EQ(load(a_, p), 'f');
  store(a_, p + kPage, 'c');
  store(a_, p + 2 * kPage, 'c');
  EXPECT_EQ(pageout(a_, p + 2 * kPage, 1), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).swapents, 1);
  EXPECT_EQ(machine_.fallocate(a_, fd, kPunch, 0, 3 * kPage), Errno::ok);
  check();
  EXPECT_EQ(load(a_, p), 0);
  EXPECT_EQ(load(a_, p + kPage), 'c');
  EXPECT_EQ(load(a_, p + 2 * kPage), 'c');
  EXPECT_EQ(load(a_, p + 2 * kPage + 1), 'f');
  EXPECT_EQ(pageout(a_, p + 2 * kPage, 1), Errno::ok);
  EXPECT_EQ(machine_.ftruncate(a_, fd, kPage), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).swapents, 0);
  EXPECT_EQ(load(a_, p + 2 * kPage), -3);
  EXPECT_EQ(machine_.ftruncate(a_, fd, 3 * kPage), Errno::ok);
  EXPECT_EQ(load(a_, p + 2 * kPage), 0);
}

TEST_P(MachineOf, TruncateZeroesTheRestOfItsPage) {
  int fd = *machine_.memfd_create(a_);
  std::array<std::byte, kPage> out;
  out.fill(std::byte{'f'});
  EXPECT_EQ(*machine_.pwrite(a_, fd, out, 0), kPage);
  EXPECT_EQ(machine_.ftruncate(a_, fd, 3), Errno::ok);
  EXPECT_EQ(machine_.ftruncate(a_, fd, kPage), Errno::ok);
  std::array<std::byte, 4> in;
  EXPECT_EQ(*machine_.pread(a_, fd, in, 1), 4U);
  EXPECT_EQ(in[1], std::byte{'f'});
  EXPECT_EQ(in[2], std::byte{0});
}

TEST_P(MachineOf, LargeFolioKeepsItsSlotsTogether) {
  uint64_t large = kPage << GetParam().options.thp_order;
  uint64_t p = map_anonymous(a_, 3 * large / kPage);
  EXPECT_EQ(machine_.madvise(a_, p, 3 * large, abi::kMadvHugepage), Errno::ok);
  uint64_t q = (p + large - 1) & ~(large - 1);
  store(a_, q, 1);
  EXPECT_EQ(machine_.rss(a_).anon, static_cast<int64_t>(large / kPage));
  store(a_, q + kPage, 2);
  EXPECT_EQ(pageout(a_, q, large / kPage, PageoutKeep::swapcache), Errno::ok);
  check();
  Process& child = **machine_.fork(a_);
  EXPECT_EQ(machine_.munmap(child, q, kPage), Errno::ok);
  EXPECT_EQ(load(child, q + kPage), 2);
  check();
  EXPECT_EQ(machine_.munmap(a_, q + kPage, large - kPage), Errno::ok);
  check();
  EXPECT_EQ(machine_.swapoff(b_, "S"), Errno::ok);
  EXPECT_EQ(load(a_, q), 1);
  EXPECT_EQ(load(child, q + kPage), 2);
}

using MachineWithShortCounts = MachineOf;
TEST_P(MachineWithShortCounts, ForkContinuesAFullCount) {
  uint64_t p = map_anonymous(a_, 1);
  store(a_, p, 7);
  EXPECT_EQ(pageout(a_, p, 1), Errno::ok);
  for (unsigned references = 2; references <= 6; ++references) {
    EXPECT_TRUE(machine_.fork(a_).ok());
    EXPECT_EQ(machine_.swap_count("S", 1), references);
    check();
  }
  EXPECT_EQ(load(a_, p), 7);
  check();
  machine_.killall();
  expect_no_slot_used();
  EXPECT_EQ(machine_.folios_leaked(), 0U);
}

using SmallMachine = MachineOf;
TEST_P(SmallMachine, ReclaimMakesRoomForMoreThanRam) {
  Process* many[5];
  for (Process*& process : many) process = &machine_.create_process("P");
  uint64_t p = 0;
  for (Process* process : many) p = map_anonymous(*process, 4);
  for (Process* process : many)
    for (uint64_t i = 0; i < 4; ++i) store(*process, p + i * kPage, static_cast<int>(process->pid() * 16 + i));
  check();
  for (Process* process : many)
    for (uint64_t i = 0; i < 4; ++i)
      EXPECT_EQ(load(*process, p + i * kPage), static_cast<int>(process->pid() * 16 + i));
}

TEST_P(MachineOf, SwapoffAndOn) {
  EXPECT_EQ(machine_.swapoff(a_, "nothing"), Errno::enoent);
  EXPECT_EQ(machine_.swapoff(a_, "T"), Errno::einval);
  EXPECT_EQ(machine_.swapon(a_, "S"), Errno::ebusy);
  EXPECT_EQ(machine_.swapon(a_, "T"), Errno::ok);
  for (int i = 0; i < 3; ++i) {
    uint64_t p = map_anonymous(a_, 1);
    store(a_, p, i);
    EXPECT_EQ(pageout(a_, p, 1), Errno::ok);
    EXPECT_EQ(machine_.swapoff(b_, i % 2 == 0 ? "S" : "T"), Errno::ok);
    EXPECT_EQ(load(a_, p), i);
    EXPECT_EQ(machine_.swapon(b_, i % 2 == 0 ? "S" : "T"), Errno::ok);
    EXPECT_EQ(machine_.munmap(a_, p, kPage), Errno::ok);
    check();
  }
}

TEST_P(MachineOf, ASignalEndsSwapoffAndTheDeviceStays) {
  uint64_t p = map_anonymous(a_, 1);
  store(a_, p, 5);
  EXPECT_EQ(pageout(a_, p, 1), Errno::ok);
  machine_.send_signal(b_);
  EXPECT_EQ(machine_.swapoff(b_, "S"), Errno::eintr);
  EXPECT_EQ(machine_.swapon(b_, "S"), Errno::ebusy);
  EXPECT_EQ(load(a_, p), 5);
  EXPECT_EQ(pageout(a_, p, 1), Errno::ok);
  EXPECT_EQ(load(a_, p), 5);
  EXPECT_EQ(machine_.swapoff(a_, "S"), Errno::ok);
  EXPECT_EQ(load(a_, p), 5);
  check();
}

TEST_P(MachineOf, DontneedAndFree) {
  uint64_t p = map_anonymous(a_, 2);
  store(a_, p, 1);
  store(a_, p + kPage, 2);
  EXPECT_EQ(pageout(a_, p, 2), Errno::ok);
  EXPECT_EQ(machine_.madvise(a_, p, kPage, abi::kMadvDontneed), Errno::ok);
  EXPECT_EQ(machine_.madvise(a_, p + kPage, kPage, abi::kMadvFree), Errno::ok);
  expect_no_slot_used();
  EXPECT_EQ(load(a_, p) + load(a_, p + kPage), 0);
}

TEST_P(MachineOf, MsyncMatrix) {
  uint64_t p = map_anonymous(a_, 2);
  EXPECT_EQ(machine_.msync(a_, p, kPage, 8), Errno::einval);
  EXPECT_EQ(machine_.msync(a_, p + 1, kPage, abi::kMsSync), Errno::einval);
  EXPECT_EQ(machine_.msync(a_, p, kPage, abi::kMsSync | abi::kMsAsync), Errno::einval);
  EXPECT_EQ(machine_.msync(a_, p, ~uint64_t{0}, abi::kMsSync), Errno::ok);
  EXPECT_EQ(machine_.msync(a_, p, ~uint64_t{0} - kPage, abi::kMsSync), Errno::enomem);
  EXPECT_EQ(machine_.msync(a_, p, 0, abi::kMsSync), Errno::ok);
  EXPECT_EQ(machine_.msync(a_, p, kPage, 0), Errno::ok);
  EXPECT_EQ(machine_.msync(a_, p, 3 * kPage, abi::kMsSync), Errno::enomem);
}

TEST_P(MachineOf, WhatIsNotThere) {
  uint64_t p = *machine_.mmap(a_, 0, kPage, abi::kProtRead, kAnonymous, -1, 0);
  EXPECT_EQ(machine_.store(a_, p, std::byte{1}), (mm::Signal{mm::SignalNumber::sigsegv, 2}));
  EXPECT_EQ(machine_.load(a_, p + kPage).signal, (mm::Signal{mm::SignalNumber::sigsegv, 1}));
  EXPECT_EQ(machine_.ftruncate(a_, 3, 1), Errno::ebadf);
  EXPECT_EQ(machine_.mmap(a_, 0, kPage, kReadWrite, abi::kMapShared, 3, 0).error(), Errno::ebadf);
  int fd = *machine_.memfd_create(a_);
  EXPECT_EQ(machine_.fallocate(a_, fd, abi::kFallocPunchHole, 0, 1), Errno::eopnotsupp);
  EXPECT_EQ(machine_.fallocate(a_, fd, abi::kFallocKeepSize, 0, kPage), Errno::ok);
  EXPECT_EQ(machine_.fstat(a_, fd)->st_blocks, 8U);
  EXPECT_EQ(machine_.fstat(a_, fd)->st_size, 0U);
  EXPECT_EQ(machine_.close(a_, fd), Errno::ok);
  EXPECT_EQ(machine_.close(a_, fd), Errno::ebadf);
}

MachineOptions short_counts() {
  MachineOptions options = MachineOptions::explored();
  options.swap_map_max = 2;
  return options;
}
MachineOptions synchronous() {
  MachineOptions options = with_swap(MachineOptions::explored());
  options.swap[0].synchronous = OnOff::on;
  return options;
}

const Sizes kSmall[] = {
    {"Explored", with_swap(MachineOptions::explored())},
    {"TwoLevels", with_swap(two_levels())},
    {"Parking", with_swap(parking())},
    {"ShortCounts", with_swap(short_counts())},
    {"Synchronous", synchronous()},
};
std::string name_of(const testing::TestParamInfo<Sizes>& sizes) { return sizes.param.name; }

INSTANTIATE_TEST_SUITE_P(Native, MachineOf, testing::Values(Sizes{"Native", with_swap({}, 64)}), name_of);
INSTANTIATE_TEST_SUITE_P(Small, MachineOf, testing::ValuesIn(kSmall), name_of);
INSTANTIATE_TEST_SUITE_P(Small, SmallMachine, testing::ValuesIn(kSmall), name_of);
INSTANTIATE_TEST_SUITE_P(Small, MachineWithShortCounts,
                         testing::Values(Sizes{"ShortCounts", with_swap(short_counts())}), name_of);

}  // namespace
}  // namespace quire::machine
