// The two ways in which reclaim gets pages of a stacked file system out of memory leave the same contents.
#include <gtest/gtest.h>

#include "base/random.h"
#include "machine/machine.h"

namespace quire::machine {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPages = 12;
constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;

/// One machine of two: /union/f open and mapped, in less memory than its pages and those of the layer need.
struct Side {
  static MachineOptions options(fs::UnionWritepage writepage, base::DefectSet defects) {
    MachineOptions options;
    options.cpus = 1;
    options.ram = PageCount(20);
    options.payload_bytes = 64;
    options.add_swap("S", PageCount(64));
    options.unions = 1;
    options.stacked.writepage = writepage;
    options.defects = defects;
    return options;
  }
  Side(fs::UnionWritepage writepage, base::DefectSet defects)
      : machine(options(writepage, defects)), process(machine.create_process("A")) {
    fd = *machine.open(process, "/union/f", abi::kORdwr | abi::kOCreat);
    EXPECT_EQ(machine.ftruncate(process, fd, kPages * kPage), Errno::ok);
    at = *machine.mmap(process, 0, kPages * kPage, kReadWrite, abi::kMapShared, fd, 0);
  }
  /// What it gave, as a number.
  int call(uint64_t what, uint64_t page, std::byte byte) {
    auto offset = static_cast<int64_t>(page * kPage + page);
    switch (what) {
      case 0:
        return static_cast<int>(*machine.pwrite(process, fd, {&byte, 1}, offset));
      case 1:
        return machine.store(process, at + page * kPage + page, byte).none() ? 0 : 1;
      case 2:
        return static_cast<int>(machine.load(process, at + page * kPage + page).value);
      case 3:
        (void)machine.reclaim(1 + page % 4);
        return 0;
      case 4:
        return static_cast<int>(machine.msync(process, at, kPages * kPage, abi::kMsSync));
      case 5:
        return static_cast<int>(machine.madvise(process, at + page * kPage, kPage, abi::kMadvPageout));
      case 6: {
        constexpr int kPunch = abi::kFallocPunchHole | abi::kFallocKeepSize;
        return static_cast<int>(machine.fallocate(process, fd, kPunch, static_cast<int64_t>(page * kPage), kPage));
      }
      default:
        (void)machine.pread(process, fd, {&byte, 1}, offset);
        return static_cast<int>(byte);
    }
  }

  Machine machine;
  Process& process;
  int fd;
  uint64_t at;
};

/// The first step whose results differ; 0: none.
int difference(base::DefectSet defects, uint64_t seed, int steps) {
  Side lower(fs::UnionWritepage::lower, defects);
  Side dirty(fs::UnionWritepage::dirty, defects);
  base::Random random(seed);
  for (int step = 1; step <= steps; ++step) {
    uint64_t what = random.below(8);
    uint64_t page = random.below(kPages);
    auto byte = static_cast<std::byte>(random.below(256));
    if (lower.call(what, page, byte) != dirty.call(what, page, byte)) return step;
  }
  sync::CheckReport report;
  lower.machine.check(report);
  dirty.machine.check(report);
  EXPECT_TRUE(report.ok()) << report.message();
  for (uint64_t page = 0; page < kPages; ++page)
    if (lower.call(7, page, {}) != dirty.call(7, page, {})) return steps + 1;
  return 0;
}

TEST(UnionStrategies, GiveTheSameContents) {
  for (uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(difference({}, seed, 3000), 0) << seed;
}

TEST(UnionStrategies, DifferWhenThePageBelowIsNotDirty) {
  base::DefectSet defects;
  defects.add(base::Defect::D3_16);
  EXPECT_NE(difference(defects, 1, 3000), 0);
}

}  // namespace
}  // namespace quire::machine
