// Threads on two files at once, one of each file system: nothing hangs, and the invariants hold afterwards. What each
// thread sees is the scenarios' business.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/random.h"
#include "machine/machine.h"
#include "sync/threads_testing.h"

namespace quire::machine {
namespace {

constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;
constexpr int kPunch = abi::kFallocPunchHole | abi::kFallocKeepSize;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kPages = 4;
constexpr auto kTime = std::chrono::seconds(5);

MachineOptions options() {
  MachineOptions options;
  options.cpus = 4;
  options.ram = PageCount(96);
  options.payload_bytes = 64;
  options.add_swap("S", PageCount(64));
  return options;
}

/// One process with both files mapped shared and private.
struct Mappings {
  int fds[2];
  uint64_t at[4];
};

void one_call(Machine& machine, Process& process, const Mappings& m, base::Random& random) {
  int fd = m.fds[random.below(2)];
  uint64_t page = random.below(kPages) * kPage;
  auto offset = static_cast<int64_t>(page + random.below(64));
  uint64_t address = m.at[random.below(4)] + page;
  std::byte byte = static_cast<std::byte>(random.below(256));
  switch (random.below(13)) {
    case 0:
      return (void)machine.ftruncate(process, fd, offset);
    case 1:
      return (void)machine.ftruncate(process, fd, kPages * kPage);
    case 2:
      return (void)machine.fallocate(process, fd, kPunch, offset, static_cast<int64_t>(2 * kPage));
    case 3:
      return (void)machine.fsync(process, fd);
    case 4:
      return (void)machine.invalidate_inode_pages2(process, fd, {offset, static_cast<int64_t>(kPage)});
    case 5:
      return (void)machine.unmap_shared_mapping_range(process, fd, {offset, 0});
    case 6:
      return (void)machine.madvise(process, m.at[random.below(4)], kPages * kPage, abi::kMadvPageout);
    case 7:
      return (void)machine.reclaim(4);
    case 8:
      return (void)machine.pwrite(process, fd, {&byte, 1}, offset);
    case 9:
      return (void)machine.pread(process, fd, {&byte, 1}, offset);
    case 10:
      return (void)machine.msync(process, m.at[0], kPages * kPage, abi::kMsSync);
    case 11:
      return (void)machine.store(process, address, byte);
    default:
      return (void)machine.load(process, address);
  }
}

TEST(FilesStress, ThreadsOnTwoFiles) {
  Machine machine(options());
  Process& process = machine.create_process("A");
  Mappings m{{*machine.open(process, "f", abi::kORdwr | abi::kOCreat), *machine.memfd_create(process)}, {}};
  for (int i = 0; i < 4; ++i)
    m.at[i] = *machine.mmap(process, 0, kPages * kPage, kReadWrite, i < 2 ? abi::kMapShared : abi::kMapPrivate,
                            m.fds[i % 2], 0);
  auto end = std::chrono::steady_clock::now() + kTime;
  sync::run_threads(4, [&](unsigned thread) {
    base::Random random(thread + 1);
    while (std::chrono::steady_clock::now() < end)
      for (int i = 0; i < 100; ++i) one_call(machine, process, m, random);
  });
  sync::CheckReport report;
  machine.check(report);
  EXPECT_TRUE(report.ok()) << report.message() << "\n" << machine.dump();
  EXPECT_EQ(machine.folios_leaked(), 0U);
}

}  // namespace
}  // namespace quire::machine
