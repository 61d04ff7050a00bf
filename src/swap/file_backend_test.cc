#include "swap/file_backend.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "swap/backend_for_test.h"

namespace quire::swap {
namespace {

using Engine = FileSettings::Engine;

constexpr PageCount kFilePages{65};

/// Not in /tmp, which may be one without direct transfers.
class FileBackendTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/var/tmp/quire_file_XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string made(PageCount pages = kFilePages) const {
    EXPECT_EQ(FileBackend::mkswap(path("swap"), {.pages = pages}), Errno::ok);
    return path("swap");
  }
  static Errno error_of(const std::string& file) {
    return FileBackend::open({"F", file, kFilePages, kTestPayload}).error();
  }

  std::string folder_;
};

TEST_F(FileBackendTest, KeepsPages) {
  std::string file = made();
  for (Engine engine : {Engine::io_uring, Engine::pread}) {
    auto device = FileBackend::open({"F", file, kFilePages, kTestPayload, SwapInPath::through_cache, engine});
    ASSERT_TRUE(device.ok());
    keeps_pages(**device);
    keeps_pages(**device, 8);  // by way of the bounce buffer
  }
}

TEST_F(FileBackendTest, KeepsPagesOfManyThreads) {
  std::string file = made();
  auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
  ASSERT_TRUE(device.ok());
  keeps_pages_of_threads(**device, 500);
}

TEST_F(FileBackendTest, SmallPayloadsGoThroughThePageCache) {
  ASSERT_EQ(FileBackend::mkswap(path("small"), {.pages = PageCount(9), .payload_bytes = 64}), Errno::ok);
  std::string file = path("small");
  auto device = FileBackend::open({"F", file, PageCount(9), 64});
  ASSERT_TRUE(device.ok());
  EXPECT_TRUE((*device)->access().ends_with("page cache"));
  std::array<std::byte, 64> in;
  std::array<std::byte, 64> out{};
  in.fill(std::byte{7});
  EXPECT_EQ((*device)->write_page(SwapOffset(3), in), Errno::ok);
  EXPECT_EQ((*device)->read_page(SwapOffset(3), out), Errno::ok);
  EXPECT_EQ(in, out);
}

TEST_F(FileBackendTest, PagesOutliveTheBackEnd) {
  std::string file = made();
  TestPage page;
  page.fill(9);
  {
    auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
    ASSERT_TRUE(device.ok());
    EXPECT_EQ((*device)->write_page(SwapOffset(64), page.bytes()), Errno::ok);
  }
  auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
  ASSERT_TRUE(device.ok());
  TestPage seen;
  EXPECT_EQ((*device)->read_page(SwapOffset(64), seen.bytes()), Errno::ok);
  EXPECT_TRUE(seen == page);
}

TEST_F(FileBackendTest, ErrorsOfOpening) {
  EXPECT_EQ(error_of(path("missing")), Errno::enoent);
  EXPECT_EQ(error_of(folder_), Errno::einval);
  EXPECT_EQ(error_of("/dev/null"), Errno::einval);
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(error_of(path("fifo")), Errno::einval);
  std::string file = made(kFilePages - PageCount(1));
  EXPECT_EQ(error_of(file), Errno::einval);
  EXPECT_EQ(error_of(file + "/below"), Errno::enotdir);
}

/// Overwrites a part of a file.
void patch(const std::string& file, std::streamoff at, std::string_view bytes) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(at);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Why the file cannot be opened.
std::string reason_of(const std::string& file) {
  const char* reason = "";
  auto device = FileBackend::open({"F", file, kFilePages, kTestPayload}, &reason);
  EXPECT_EQ(device.error(), *reason == '\0' ? Errno::ok : Errno::einval);
  return reason;
}

TEST_F(FileBackendTest, WhatIsNoSwapIsRefused) {
  std::string file = made();
  EXPECT_EQ(reason_of(file), "");
  patch(file, 4086, "SWAP-SPACE");
  EXPECT_EQ(reason_of(file), "no swap signature");
  patch(file, 4086, "SWAPSPACE2");
  patch(file, 1024, std::string_view("\2\0\0\0", 4));
  EXPECT_EQ(reason_of(file), "a header of another version");
  patch(file, 1024, std::string_view("\1\0\0\0", 4));
  patch(file, 1028, std::string_view("\101\0\0\0", 4));  // 65: one more than there are
  EXPECT_EQ(reason_of(file), "the device is shorter than its header says");
  patch(file, 1028, std::string_view("\0\0\0\0", 4));
  EXPECT_EQ(reason_of(file), "a device without pages");
  patch(file, 1028, std::string_view("\77\0\0\0", 4));
  EXPECT_EQ(reason_of(file), "the header has fewer pages than the area");
  std::filesystem::resize_file(file, 100);
  EXPECT_EQ(reason_of(file), "too small for a header");
  std::ofstream(path("empty"));
  EXPECT_EQ(reason_of(path("empty")), "too small for a header");
}

TEST_F(FileBackendTest, AFileWithAHoleIsRefusedUntilItIsFilled) {
  std::string file = made();
  std::filesystem::resize_file(file, 30 * kTestPayload);
  std::filesystem::resize_file(file, kFilePages.value() * kTestPayload);
  EXPECT_EQ(reason_of(file), "the file has holes");
  EXPECT_EQ(made(), file);
  EXPECT_EQ(reason_of(file), "");
}

TEST_F(FileBackendTest, BadPagesComeFromTheHeader) {
  std::array bad = {SwapOffset(3), SwapOffset(64)};
  ASSERT_EQ(FileBackend::mkswap(path("bad"), {.pages = kFilePages, .bad_pages = bad}), Errno::ok);
  std::string file = path("bad");
  auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
  ASSERT_TRUE(device.ok());
  ASSERT_EQ((*device)->bad_pages().size(), 2U);
  EXPECT_EQ((*device)->bad_pages()[1], SwapOffset(64));
}

TEST_F(FileBackendTest, OthersMayNotOpenIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  std::string file = made();
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
  ASSERT_EQ(seteuid(65534), 0);
  Errno error = error_of(file);
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(error, Errno::eacces);
}

TEST_F(FileBackendTest, MkswapRefusesWhatItMustNotTouch) {
  std::string file = made();
  auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
  ASSERT_TRUE(device.ok());
  EXPECT_EQ(FileBackend::mkswap(file, {}), Errno::ebusy);
  EXPECT_EQ(FileBackend::mkswap(folder_, {}), Errno::einval);
  EXPECT_EQ(FileBackend::mkswap("/dev/null", {}), Errno::einval);
  EXPECT_EQ(FileBackend::mkswap(path("new"), {}), Errno::einval);  // no size, and no file that has one
  EXPECT_EQ(FileBackend::mkswap(path("new"), {.pages = PageCount(1)}), Errno::einval);
  std::array bad = {SwapOffset(9)};
  EXPECT_EQ(FileBackend::mkswap(path("new"), {.pages = PageCount(9), .bad_pages = bad}), Errno::einval);
  EXPECT_EQ(FileBackend::mkswap(path("none/new"), {.pages = PageCount(9)}), Errno::enoent);
}

TEST_F(FileBackendTest, WhatMkswapOfUtilLinuxWritesIsRead) {
  if (access("/sbin/mkswap", X_OK) != 0) GTEST_SKIP() << "mkswap is not installed";
  std::string file = made();
  patch(file, 0, std::string(4096, '\0'));
  EXPECT_EQ(reason_of(file), "no swap signature");
  ASSERT_EQ(std::system(("/sbin/mkswap -q " + file + " 2>/dev/null").c_str()), 0);
  EXPECT_EQ(reason_of(file), "");
}

TEST_F(FileBackendTest, ADiscardGivesTheRoomBackUntilTheEnd) {
  std::string file = made();
  TestPage page;
  page.fill(7);
  auto blocks = [&file] {
    struct stat status;
    EXPECT_EQ(stat(file.c_str(), &status), 0);
    return status.st_blocks;
  };
  {
    auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
    ASSERT_TRUE(device.ok());
    for (uint32_t slot = 1; slot <= 32; ++slot)
      ASSERT_EQ((*device)->write_page(SwapOffset(slot), page.bytes()), Errno::ok);
    (*device)->discard(SwapOffset(1), PageCount(16));
    EXPECT_LE(blocks(), static_cast<blkcnt_t>((kFilePages.value() - 16) * 8 + 8));
    TestPage seen;
    EXPECT_EQ((*device)->read_page(SwapOffset(16), seen.bytes()), Errno::ok);
    EXPECT_TRUE(seen == TestPage());
    EXPECT_EQ((*device)->read_page(SwapOffset(17), seen.bytes()), Errno::ok);
    EXPECT_TRUE(seen == page);
  }
  EXPECT_EQ(reason_of(file), "");
}

TEST_F(FileBackendTest, SeveralPagesAreOneTransfer) {
  std::string file = made();
  for (Engine engine : {Engine::io_uring, Engine::pread}) {
    auto device = FileBackend::open({"F", file, kFilePages, kTestPayload, SwapInPath::through_cache, engine});
    ASSERT_TRUE(device.ok());
    keeps_runs(**device);
    keeps_runs(**device, 8);
  }
}

TEST_F(FileBackendTest, AFileHasOneUserAtATime) {
  std::string file = made();
  {
    auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
    ASSERT_TRUE(device.ok());
    EXPECT_EQ(error_of(file), Errno::ebusy);
    ASSERT_EQ(symlink(file.c_str(), path("link").c_str()), 0);
    EXPECT_EQ(error_of(path("link")), Errno::ebusy);
  }
  EXPECT_EQ(error_of(file), Errno::ok);
}

// That file system can tell how much room a file has and not where.
TEST_F(FileBackendTest, AFileInMemoryWillDo) {
  std::string file = "/dev/shm/quire_file_" + std::to_string(getpid());
  if (FileBackend::mkswap(file, {.pages = kFilePages}) != Errno::ok) GTEST_SKIP() << "no /dev/shm";
  {
    auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
    ASSERT_TRUE(device.ok());
    keeps_pages(**device);
    (*device)->discard(SwapOffset(1), PageCount(64));
  }
  EXPECT_EQ(error_of(file), Errno::ok);
  std::filesystem::resize_file(file, 10 * kTestPayload);
  std::filesystem::resize_file(file, kFilePages.value() * kTestPayload);
  EXPECT_EQ(error_of(file), Errno::einval);
  std::filesystem::remove(file);
}

TEST_F(FileBackendTest, WithoutIoUringItTellsWhyAndWorks) {
#ifdef QUIRE_SANITIZED
  GTEST_SKIP() << "the sanitizers need descriptors of their own";
#endif
  std::string file = made();
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  int next = dup(STDERR_FILENO);
  close(next);
  rlimit one_more{static_cast<rlim_t>(next) + 1, before.rlim_max};  // the file, and no ring
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &one_more), 0);
  auto device = FileBackend::open({"F", file, kFilePages, kTestPayload});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(device.ok());
  EXPECT_TRUE((*device)->access().starts_with("pread and pwrite, because of io_uring: Too many open files"));
  keeps_pages(**device);
}

TEST_F(FileBackendTest, AFileThatShrinksGivesErrors) {
  for (Engine engine : {Engine::io_uring, Engine::pread}) {
    std::string file = made();
    auto device = FileBackend::open({"F", file, kFilePages, kTestPayload, SwapInPath::through_cache, engine});
    ASSERT_TRUE(device.ok());
    std::filesystem::resize_file(file, 10 * kTestPayload + 100);
    TestPage page;
    EXPECT_EQ((*device)->read_page(SwapOffset(9), page.bytes()), Errno::ok);
    EXPECT_EQ((*device)->read_page(SwapOffset(10), page.bytes()), Errno::eio);  // a short one
    EXPECT_EQ((*device)->read_page(SwapOffset(11), page.bytes()), Errno::eio);
  }
}

}  // namespace
}  // namespace quire::swap
