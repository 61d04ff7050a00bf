// Machines with each kind of swap device: what swapon says, and that pages come back.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "machine/machine.h"
#include "swap/file_backend.h"
#include "swap/redis_server_for_test.h"

namespace quire::machine {
namespace {

constexpr int kReadWriteProt = abi::kProtRead | abi::kProtWrite;
constexpr uint64_t kBytesOfPage = 4096;

Errno swapon_error(SwapBackendKind kind, std::string_view location) {
  MachineOptions options;
  options.ram = PageCount(64);
  SwapDevice& device = options.add_swap("S", PageCount(64));
  device.backend = kind;
  device.location = location;
  Machine machine(options);
  return machine.swapon(machine.create_process("A"), "S");
}

/// Swaps pages out to a device of `kind` and in again.
sync::String pages_go_and_come(SwapBackendKind kind, std::string_view location) {
  MachineOptions options;
  options.ram = PageCount(128);
  SwapDevice& device = options.add_swap("S", PageCount(64));
  device.backend = kind;
  device.location = location;
  Machine machine(options);
  Process& a = machine.create_process("A");
  uint64_t p = *machine.mmap(a, 0, 32 * kBytesOfPage, kReadWriteProt, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_TRUE(machine.store(a, p + i * kBytesOfPage + i, static_cast<std::byte>(i + 1)).none());
  EXPECT_EQ(machine.madvise(a, p, 32 * kBytesOfPage, abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine.swap_used("S"), 32U);
  sync::String dump = machine.dump();
  for (uint64_t i = 0; i < 16; ++i)
    EXPECT_EQ(machine.load(a, p + i * kBytesOfPage + i).value, static_cast<std::byte>(i + 1));
  dump += "after:" + machine.dump();
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::ok);
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_EQ(machine.load(a, p + i * kBytesOfPage + i).value, static_cast<std::byte>(i + 1));
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ok);
  return dump;
}

TEST(SwapBackends, PagesGoAndCome) {
  std::string file = "/var/tmp/quire_backends_" + std::to_string(getpid());
  ASSERT_EQ(swap::FileBackend::mkswap(file, {.pages = PageCount(65)}), Errno::ok);
  EXPECT_EQ(pages_go_and_come(SwapBackendKind::ram, "").find("compressed"), sync::String::npos);
  EXPECT_NE(pages_go_and_come(SwapBackendKind::file, file).find("file by "), sync::String::npos);
  EXPECT_NE(pages_go_and_come(SwapBackendKind::lz4, "").find("lz4: 32 compressed"), sync::String::npos);
  EXPECT_NE(pages_go_and_come(SwapBackendKind::zstd, "").find("zstd: 32 compressed"), sync::String::npos);
  // What is read around the swap cache gives its slot back, and with it the object.
  EXPECT_NE(pages_go_and_come(SwapBackendKind::lz4, "").find("lz4: 16 compressed", 100), sync::String::npos);
  std::filesystem::remove(file);
}

TEST(SwapBackends, SwaponTellsWhyADeviceIsNotThere) {
  EXPECT_EQ(swapon_error(SwapBackendKind::ram, ""), Errno::ebusy);  // since the machine started
  EXPECT_EQ(swapon_error(SwapBackendKind::lz4, ""), Errno::ebusy);
  EXPECT_EQ(swapon_error(SwapBackendKind::file, "/var/tmp/quire_no_such_file"), Errno::enoent);
  EXPECT_EQ(swapon_error(SwapBackendKind::file, "/var/tmp"), Errno::einval);
  EXPECT_EQ(swapon_error(SwapBackendKind::redis, "nowhere"), Errno::einval);
  EXPECT_EQ(swapon_error(SwapBackendKind::redis, "/var/tmp/quire_no_such_socket"), Errno::enxio);
}

/// Pages that were read ahead, and of those the pages that were looked for, when each of 64 is loaded.
struct ReadAhead {
  uint64_t pages;
  uint64_t hits;
};
ReadAhead load_each_once(OnOff vma_ra, uint64_t stride) {
  constexpr uint64_t kPages = 64;
  MachineOptions options;
  options.ram = PageCount(256);
  options.vma_ra = vma_ra;
  options.add_swap("S", PageCount(kPages));
  Machine machine(options);
  Process& a = machine.create_process("A");
  uint64_t p = *machine.mmap(a, 0, kPages * kBytesOfPage, kReadWriteProt, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  for (uint64_t i = 0; i < kPages; ++i) EXPECT_TRUE(machine.store(a, p + i * kBytesOfPage, std::byte{1}).none());
  EXPECT_EQ(machine.madvise(a, p, kPages * kBytesOfPage, abi::kMadvPageout), Errno::ok);
  for (uint64_t i = 0; i < kPages; ++i)
    EXPECT_EQ(machine.load(a, p + i * stride % kPages * kBytesOfPage).value, std::byte{1});
  const swap::SwapReadahead& readahead = machine.swap_readahead();
  return {readahead.pages_read().value(), readahead.pages_hit().value()};
}

TEST(SwapReadahead, PagesInARowAreReadAheadAndFound) {
  for (OnOff vma_ra : {OnOff::on, OnOff::off}) {
    ReadAhead ahead = load_each_once(vma_ra, 1);
    EXPECT_GE(ahead.pages, 40U);
    EXPECT_EQ(ahead.hits, ahead.pages);
  }
}

TEST(SwapReadahead, PagesFarApartAreNotReadAheadForLong) {
  EXPECT_LT(load_each_once(OnOff::on, 23).pages, load_each_once(OnOff::on, 1).pages);
}

/// A machine with a file as device S, which may not be there yet.
class FileDevice : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(file_); }
  [[nodiscard]] MachineOptions options(swap::SwapDiscard discard = swap::SwapDiscard::none) const {
    MachineOptions options;
    options.ram = PageCount(128);
    SwapDevice& device = options.add_swap("S", PageCount(64));
    device.backend = SwapBackendKind::file;
    device.location = file_;
    device.discard = discard;
    return options;
  }
  static uint64_t map_and_store(Machine& machine, Process& process, uint64_t pages) {
    uint64_t p =
        *machine.mmap(process, 0, pages * kBytesOfPage, kReadWriteProt, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
    for (uint64_t i = 0; i < pages; ++i)
      EXPECT_TRUE(machine.store(process, p + i * kBytesOfPage, static_cast<std::byte>(i + 1)).none());
    return p;
  }

  const std::string file_ = "/var/tmp/quire_device_" + std::to_string(getpid());
};

TEST_F(FileDevice, IsOpenedBySwaponAndClosedBySwapoff) {
  MachineOptions settings = options();
  Machine machine(settings);
  Machine other(settings);
  Process& a = machine.create_process("A");
  Process& b = other.create_process("B");
  EXPECT_EQ(machine.swapon(a, "S"), Errno::enoent);
  EXPECT_EQ(machine.swapon(a, "T"), Errno::enoent);
  EXPECT_EQ(machine.swapoff(a, "T"), Errno::enoent);
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::einval);
  std::ofstream(file_) << std::string(65 * kBytesOfPage, 'x');
  EXPECT_EQ(machine.swapon(a, "S"), Errno::einval);
  EXPECT_EQ(machine.why_closed("S"), "no swap signature");
  EXPECT_NE(machine.dump().find("swap S: off, no swap signature"), sync::String::npos);
  ASSERT_EQ(swap::FileBackend::mkswap(file_, {}), Errno::ok);
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ok);
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ebusy);
  EXPECT_EQ(other.swapon(b, "S"), Errno::ebusy);
  EXPECT_EQ(swap::FileBackend::mkswap(file_, {}), Errno::ebusy);
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::ok);
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::einval);
  EXPECT_EQ(other.swapon(b, "S"), Errno::ok);
}

TEST_F(FileDevice, AnotherProcessOfTheHostKeepsItsFile) {
  ASSERT_EQ(swap::FileBackend::mkswap(file_, {.pages = PageCount(65)}), Errno::ok);
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    int fd = open(file_.c_str(), O_RDWR);
    char letter = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 'y' : 'n';
    (void)!write(ready[1], &letter, 1);
    pause();
    _exit(0);
  }
  char letter = 0;
  ASSERT_EQ(read(ready[0], &letter, 1), 1);
  ASSERT_EQ(letter, 'y');
  MachineOptions settings = options();
  Machine machine(settings);
  Process& a = machine.create_process("A");
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ebusy);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ok);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(FileDevice, BadPagesOfTheHeaderAreNotUsed) {
  std::vector<base::SwapOffset> bad;
  for (uint32_t slot = 1; slot <= 60; ++slot) bad.emplace_back(slot);
  ASSERT_EQ(swap::FileBackend::mkswap(file_, {.pages = PageCount(65), .bad_pages = bad}), Errno::ok);
  MachineOptions settings = options();
  Machine machine(settings);
  Process& a = machine.create_process("A");
  uint64_t p = map_and_store(machine, a, 8);
  EXPECT_EQ(machine.madvise(a, p, 8 * kBytesOfPage, abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine.swap_used("S"), 4U);
  EXPECT_EQ(machine.swap_count("S", 60), 0U);
  EXPECT_NE(machine.dump().find("swap S: 4 of 4 slots"), sync::String::npos);
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::ok);
  for (uint64_t i = 0; i < 8; ++i)
    EXPECT_EQ(machine.load(a, p + i * kBytesOfPage).value, static_cast<std::byte>(i + 1));
}

TEST_F(FileDevice, WhatIsDiscardedIsFilledAgainAfterSwapoff) {
  ASSERT_EQ(swap::FileBackend::mkswap(file_, {.pages = PageCount(65)}), Errno::ok);
  MachineOptions settings = options(swap::SwapDiscard::both);
  settings.slots_per_cluster = 8;
  Machine machine(settings);
  Process& a = machine.create_process("A");
  for (int round = 0; round < 3; ++round) {
    uint64_t p = map_and_store(machine, a, 60);
    EXPECT_EQ(machine.madvise(a, p, 60 * kBytesOfPage, abi::kMadvPageout), Errno::ok);
    EXPECT_EQ(machine.swap_used("S"), 60U);
    for (uint64_t i = 0; i < 60; ++i)
      EXPECT_EQ(machine.load(a, p + i * kBytesOfPage).value, static_cast<std::byte>(i + 1));
    EXPECT_EQ(machine.munmap(a, p, 60 * kBytesOfPage), Errno::ok);
    if (round == 0) {
      EXPECT_EQ(machine.discard("S"), 7U);  // all but that of the header and the last, which is not whole
    }
  }
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::ok);
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ok);
}

TEST_F(FileDevice, WithoutPrivilegesThereIsNoSwaponAndNoSwapoff) {
  ASSERT_EQ(swap::FileBackend::mkswap(file_, {.pages = PageCount(65)}), Errno::ok);
  MachineOptions settings = options();
  Machine machine(settings);
  Process& a = machine.create_process("A");
  a.privileges = Privileges::none;
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::eperm);
  EXPECT_EQ(machine.swapon(**machine.fork(a), "S"), Errno::eperm);
  EXPECT_EQ(machine.swapon(a, "no such device"), Errno::eperm);
}

// The server goes away with pages: who touches one gets SIGBUS, nothing hangs, and what is in memory stays there.
TEST(SwapBackends, AServerThatGoesAwayTakesOnlyWhatItHad) {
  if (!swap::RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
  swap::RedisServer server;
  MachineOptions options;
  options.ram = PageCount(128);
  SwapDevice& device = options.add_swap("S", PageCount(64));
  device.backend = SwapBackendKind::redis;
  device.location = server.address();
  Machine machine(options);
  Process& a = machine.create_process("A");
  uint64_t p = *machine.mmap(a, 0, 8 * kBytesOfPage, kReadWriteProt, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  for (uint64_t i = 0; i < 8; ++i)
    EXPECT_TRUE(machine.store(a, p + i * kBytesOfPage, static_cast<std::byte>(i + 1)).none());
  EXPECT_EQ(machine.madvise(a, p, 4 * kBytesOfPage, abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine.swap_used("S"), 4U);
  server.stop();
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(machine.load(a, p).signal.number, mm::SignalNumber::sigbus);
  EXPECT_EQ(machine.madvise(a, p + 4 * kBytesOfPage, 4 * kBytesOfPage, abi::kMadvPageout), Errno::ok);
  for (uint64_t i = 4; i < 8; ++i)
    EXPECT_EQ(machine.load(a, p + i * kBytesOfPage).value, static_cast<std::byte>(i + 1));
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::ok);
  EXPECT_EQ(machine.load(a, p + kBytesOfPage).signal.number, mm::SignalNumber::sigbus);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  EXPECT_EQ(machine.swapon(a, "S"), Errno::enxio);
  server.start();
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ok);
  EXPECT_EQ(machine.madvise(a, p + 4 * kBytesOfPage, 4 * kBytesOfPage, abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine.load(a, p + 7 * kBytesOfPage).value, static_cast<std::byte>(8));
}

TEST(SwapBackends, NamesOfKinds) {
  for (auto kind : {SwapBackendKind::ram, SwapBackendKind::file, SwapBackendKind::lz4, SwapBackendKind::zstd,
                    SwapBackendKind::redis})
    EXPECT_EQ(swap_backend_kind(name(kind)), kind);
  EXPECT_EQ(swap_backend_kind("disk"), std::nullopt);
}

}  // namespace
}  // namespace quire::machine
