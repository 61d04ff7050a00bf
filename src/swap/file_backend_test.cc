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
    EXPECT_EQ(FileBackend::create(path("swap"), pages, kTestPayload), Errno::ok);
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
  ASSERT_EQ(FileBackend::create(path("small"), PageCount(9), 64), Errno::ok);
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
  std::string file = made();
  for (Engine engine : {Engine::io_uring, Engine::pread}) {
    std::filesystem::resize_file(file, kFilePages.value() * kTestPayload);
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
