// Files of both file systems in one thread: what calls return and what is in the cache and in the store afterwards.
#include <gtest/gtest.h>

#include <string>

#include "machine/machine.h"

namespace quire::machine {
namespace {

using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;

constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;
constexpr int kPunch = abi::kFallocPunchHole | abi::kFallocKeepSize;
constexpr uint64_t kPage = 4096;

class Files : public testing::Test {
 protected:
  void TearDown() override { check(); }
  void check() {
    sync::CheckReport report;
    machine_.check(report);
    EXPECT_TRUE(report.ok()) << report.message() << "\n" << machine_.dump();
  }
  [[nodiscard]] int open(std::string_view name = "f") { return *machine_.open(a_, name, abi::kOCreat | abi::kORdwr); }
  void pwrite(int fd, char c, uint64_t bytes, int64_t offset = 0) {
    std::string text(bytes, c);
    EXPECT_EQ(*machine_.pwrite(a_, fd, std::as_bytes(std::span(text)), offset), bytes);
  }
  /// The byte there, 0 to 255; -errno; -1000 at the end of the file.
  [[nodiscard]] int pread(int fd, int64_t offset) {
    std::byte byte{};
    Result<uint64_t> got = machine_.pread(a_, fd, {&byte, 1}, offset);
    if (!got) return static_cast<int>(base::as_syscall(got.error()));
    return *got == 0 ? -1000 : static_cast<int>(byte);
  }
  [[nodiscard]] uint64_t map(int fd, uint64_t pages, int type = abi::kMapShared) {
    return *machine_.mmap(a_, 0, pages * kPage, kReadWrite, type, fd, 0);
  }
  void store(uint64_t address, char c) { EXPECT_TRUE(machine_.store(a_, address, static_cast<std::byte>(c)).none()); }
  [[nodiscard]] int load(uint64_t address) {
    mm::Loaded loaded = machine_.load(a_, address);
    return loaded.signal.none() ? static_cast<int>(loaded.value) : -loaded.signal.code;
  }
  [[nodiscard]] uint64_t blocks(int fd) { return machine_.fstat(a_, fd)->st_blocks; }
  [[nodiscard]] FolioRef folio(int fd, uint64_t index) {
    return a_.fget(fd)->mapping().get_folio(base::FileIndex(index));
  }
  /// What memory failure does to a page that nothing maps; whether it left the file.
  [[nodiscard]] bool poison(int fd, uint64_t index) {
    FolioRef page = folio(fd, index);
    cache::LockedFolio locked(*page);
    page->set(FolioFlag::hwpoison);
    cache::Mapping& mapping = *page->mapping();
    return mapping.ops().error_remove_folio(mapping, *page);
  }

  static MachineOptions options() {
    MachineOptions options = MachineOptions::explored();
    options.add_swap("S", PageCount(8));
    return options;
  }
  Machine machine_{options()};
  Process& a_ = machine_.create_process("A");
};

TEST_F(Files, OpenFindsByNameAndMakes) {
  EXPECT_EQ(machine_.open(a_, "f", 0).error(), Errno::enoent);
  EXPECT_EQ(machine_.open(a_, "", abi::kOCreat).error(), Errno::enoent);
  EXPECT_EQ(machine_.open(a_, "d/f", abi::kOCreat).error(), Errno::enoent);
  EXPECT_EQ(machine_.open(a_, std::string(256, 'n'), abi::kOCreat).error(), Errno::enametoolong);
  EXPECT_TRUE(machine_.open(a_, std::string(255, 'n'), abi::kOCreat).ok());
  EXPECT_EQ(machine_.open(a_, "f", 1 << 30).error(), Errno::einval);
  int fd = open();
  pwrite(fd, 'a', 1);
  EXPECT_EQ(machine_.open(a_, "f", abi::kOCreat | abi::kOExcl).error(), Errno::eexist);
  int again = *machine_.open(a_, "f", 2);
  EXPECT_EQ(pread(again, 0), 'a');
  EXPECT_EQ(machine_.close(a_, fd), Errno::ok);
  EXPECT_EQ(machine_.close(a_, again), Errno::ok);
  EXPECT_EQ(pread(open(), 0), 'a');
  EXPECT_EQ(pread(*machine_.open(a_, "f", abi::kOTrunc), 0), -1000);
}

TEST_F(Files, PagesAreOfClassFileAndComeBackFromTheStore) {
  int fd = open();
  pwrite(fd, 'f', 3 * kPage);
  uint64_t p = map(fd, 3);
  EXPECT_EQ(load(p), 'f');
  store(p + kPage, 'g');
  EXPECT_EQ(machine_.rss(a_).file, 2);
  EXPECT_EQ(machine_.rss(a_).shmem, 0);
  EXPECT_EQ(machine_.madvise(a_, p, 3 * kPage, abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).file, 0);
  EXPECT_EQ(blocks(fd), 16U);
  EXPECT_GT(machine_.reclaim(8), 0U);
  EXPECT_EQ(blocks(fd), 24U);
  EXPECT_FALSE(*machine_.mincore(a_, p));
  check();
  EXPECT_EQ(load(p), 'f');
  EXPECT_EQ(load(p + kPage), 'g');
  EXPECT_EQ(pread(fd, 2 * kPage), 'f');
  EXPECT_EQ(machine_.swap_used("S"), 0U);
}

TEST_F(Files, FsyncWritesWhatOnlyThePageTableKnows) {
  int fd = open();
  EXPECT_EQ(machine_.ftruncate(a_, fd, 2 * kPage), Errno::ok);
  uint64_t p = map(fd, 2);
  store(p, 'a');
  EXPECT_EQ(blocks(fd), 0U);
  EXPECT_EQ(machine_.fsync(a_, fd), Errno::ok);
  EXPECT_EQ(blocks(fd), 8U);
  store(p, 'b');
  EXPECT_EQ(machine_.msync(a_, p, kPage, abi::kMsSync), Errno::ok);
  // Everything is clean now, so it is dropped unwritten and read again.
  EXPECT_EQ(machine_.madvise(a_, p, 2 * kPage, abi::kMadvDontneed), Errno::ok);
  EXPECT_FALSE(folio(fd, 0)->test(FolioFlag::dirty));
  EXPECT_EQ(machine_.invalidate_inode_pages2(a_, fd, {}), Errno::ok);
  EXPECT_EQ(load(p), 'b');
  EXPECT_EQ(machine_.fsync(a_, 17), Errno::ebadf);
  std::byte byte{};
  EXPECT_EQ(machine_.pread(a_, 17, {&byte, 1}, 0).error(), Errno::ebadf);
  EXPECT_EQ(machine_.pread(a_, 17, {&byte, 1}, -1).error(), Errno::einval) << "the offset is looked at first";
  EXPECT_EQ(machine_.pwrite(a_, 17, {&byte, 1}, -1).error(), Errno::einval);
  EXPECT_EQ(machine_.fsync(a_, *machine_.memfd_create(a_)), Errno::ok);
}

TEST_F(Files, WhatIsStoredBehindTheEndIsNotWritten) {
  int fd = open();
  EXPECT_EQ(machine_.ftruncate(a_, fd, 2), Errno::ok);
  uint64_t p = map(fd, 1);
  store(p + 1, 'a');
  store(p + 2, 'b');
  EXPECT_EQ(machine_.fsync(a_, fd), Errno::ok);
  EXPECT_EQ(machine_.invalidate_inode_pages2(a_, fd, {}), Errno::ok);
  EXPECT_EQ(machine_.ftruncate(a_, fd, 4), Errno::ok);
  EXPECT_EQ(load(p + 1), 'a');
  EXPECT_EQ(load(p + 2), 0);
}

TEST_F(Files, TruncationAndPunchReachTheStore) {
  int fd = open();
  pwrite(fd, 'f', 3 * kPage);
  EXPECT_EQ(machine_.fsync(a_, fd), Errno::ok);
  EXPECT_EQ(machine_.fallocate(a_, fd, kPunch, 2, kPage), Errno::ok);
  EXPECT_EQ(machine_.invalidate_inode_pages2(a_, fd, {}), Errno::ok);
  EXPECT_EQ(pread(fd, 1), 'f');
  EXPECT_EQ(pread(fd, 2), 0);
  EXPECT_EQ(pread(fd, kPage + 1), 0);
  EXPECT_EQ(pread(fd, kPage + 2), 'f');
  EXPECT_EQ(machine_.fallocate(a_, fd, kPunch, kPage, kPage), Errno::ok);
  EXPECT_EQ(blocks(fd), 16U);
  EXPECT_EQ(machine_.ftruncate(a_, fd, kPage + 1), Errno::ok);
  EXPECT_EQ(blocks(fd), 8U);
  EXPECT_EQ(machine_.fallocate(a_, fd, 0, 0, 3 * kPage), Errno::ok);
  EXPECT_EQ(machine_.fstat(a_, fd)->st_size, 3 * kPage);
  EXPECT_EQ(pread(fd, 2 * kPage), 0);
  EXPECT_EQ(pread(fd, 3 * kPage), -1000);
}

TEST_F(Files, InvalidationWritesTheDirtyAndKeepsPrivateCopies) {
  int fd = open();
  pwrite(fd, 'f', 2 * kPage);
  uint64_t shared = map(fd, 2);
  uint64_t copy = map(fd, 2, abi::kMapPrivate);
  store(copy, 'c');
  store(shared, 's');
  EXPECT_EQ(machine_.invalidate_inode_pages2(a_, fd, {0, 1}), Errno::ok);
  EXPECT_FALSE(folio(fd, 0));
  EXPECT_TRUE(folio(fd, 1));
  EXPECT_EQ(blocks(fd), 8U);
  EXPECT_EQ(load(copy), 'c');
  EXPECT_EQ(load(shared), 's');
  int memfd = *machine_.memfd_create(a_);
  pwrite(memfd, 't', 1);
  EXPECT_EQ(machine_.invalidate_inode_pages2(a_, memfd, {}), Errno::ebusy);
  EXPECT_EQ(machine_.invalidate_inode_pages2(a_, memfd, {-1, 0}), Errno::einval);
}

TEST_F(Files, UnmappingFromOutsideKeepsPagesAndCopies) {
  int fd = open();
  pwrite(fd, 'f', 2 * kPage);
  uint64_t shared = map(fd, 2);
  uint64_t copy = map(fd, 1, abi::kMapPrivate);
  store(copy, 'c');
  store(shared, 's');
  store(shared + kPage, 't');
  EXPECT_EQ(machine_.unmap_shared_mapping_range(a_, fd, {0, kPage}), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).file, 1);
  EXPECT_EQ(machine_.unmap_shared_mapping_range(a_, fd, {}), Errno::ok);
  EXPECT_EQ(machine_.rss(a_).file, 0);
  EXPECT_EQ(machine_.rss(a_).anon, 1);
  EXPECT_EQ(pread(fd, 0), 's');
  EXPECT_EQ(machine_.fsync(a_, fd), Errno::ok);
  EXPECT_EQ(blocks(fd), 16U);
}

TEST_F(Files, PoisonedPagesGiveErrorsUntilTheyAreTakenOut) {
  int files[] = {open(), *machine_.memfd_create(a_)};
  for (int fd : files) {
    pwrite(fd, 'f', 3 * kPage);
    EXPECT_FALSE(poison(fd, 1));  // dirty, or all there is
    EXPECT_EQ(pread(fd, kPage), -5);
    std::string text(2 * kPage, 'x');
    EXPECT_EQ(*machine_.pwrite(a_, fd, std::as_bytes(std::span(text)), 0), kPage);
    EXPECT_EQ(machine_.pwrite(a_, fd, std::as_bytes(std::span(text)), kPage).error(), Errno::eio);
    std::string in(3 * kPage, 0);
    EXPECT_EQ(*machine_.pread(a_, fd, std::as_writable_bytes(std::span(in)), 0), kPage);
    EXPECT_LT(load(map(fd, 3) + kPage), 0);
    EXPECT_EQ(machine_.fallocate(a_, fd, kPunch, 0, 2 * kPage), Errno::ok);
    EXPECT_EQ(pread(fd, kPage), 0);
  }
}

TEST_F(Files, CleanPoisonedPageLeavesTheFile) {
  int fd = open();
  pwrite(fd, 'f', kPage);
  EXPECT_EQ(machine_.fsync(a_, fd), Errno::ok);
  EXPECT_TRUE(poison(fd, 0));
  EXPECT_EQ(pread(fd, 0), 'f');
  pwrite(fd, 'g', kPage);
  EXPECT_FALSE(poison(fd, 0));
  EXPECT_EQ(machine_.fsync(a_, fd), Errno::eio);
  EXPECT_EQ(machine_.ftruncate(a_, fd, 0), Errno::ok);
  EXPECT_EQ(machine_.fsync(a_, fd), Errno::ok);
}

TEST_F(Files, CheckNoticesACleanPageThatIsNotTheStores) {
  int fd = open();
  pwrite(fd, 'f', kPage);
  folio(fd, 0)->clear(FolioFlag::dirty);
  sync::CheckReport report;
  machine_.check(report);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.message(), "block I1: index 0 is clean but not what is stored");
  folio(fd, 0)->set(FolioFlag::dirty);
}

}  // namespace
}  // namespace quire::machine
