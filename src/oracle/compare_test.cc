// What the player sees of the running kernel. Nothing here needs root, but the tests of swap, which are skipped
// without.
#include "oracle/compare.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "oracle/fidelity.h"
#include "oracle/playable.h"
#include "scenario/parser.h"

namespace quire::oracle {
namespace {

class Played : public testing::Test {
 protected:
  void SetUp() override {
    if (!kHasPlayer) GTEST_SKIP() << "the address sanitizer has the addresses that mappings go to";
  }
  /// The results of the check block of a scenario whose other parts are `body`, as text.
  std::vector<std::string> results(const std::string& machine, const std::string& body, unsigned rounds = 1) {
    text_ = "scenario s \"d\"\nmachine " + machine + "\n" + body + "\nexpect { complete }\n";
    parsed_ = std::make_unique<scenario::ParseResult>(scenario::parse(text_, "t.qs"));
    EXPECT_TRUE(parsed_->ok()) << text_;
    auto made = scenario::make_program(parsed_->document().scenarios[0], "t.qs", kernel_parameter);
    EXPECT_TRUE(std::holds_alternative<Program>(made)) << text_;
    program_ = std::get<Program>(std::move(made));
    why_not_ = why_not_played(program_, kernel_here());
    if (!why_not_.empty()) return {};
    std::string trouble = host_.set_up(areas_of(*program_.scenario));
    EXPECT_EQ(trouble, "");
    seen_ = observe_kernel(program_, host_, rounds);
    EXPECT_EQ(seen_.trouble, "");
    const std::vector<std::string>& row = seen_.rows.begin()->first;
    return {row.end() - static_cast<long>(program_.check.size()), row.end()};
  }

  std::string text_;
  std::unique_ptr<scenario::ParseResult> parsed_;
  Program program_;
  std::string why_not_;
  Host host_;
  Seen seen_;
};

using Texts = std::vector<std::string>;

TEST_F(Played, AccessesGiveBytesAndSignals) {
  Texts seen = results("cpus=1", R"(
setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: q = mmap(0, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}
check {
  A: load(p[0])       = 'a'
  A: load(p[1])       = SIGBUS(2)
  A: store(q[0], 'b') = SIGSEGV(2)
  A: pread(fd, 0)     = 'a'
  A: pread(fd, 4K)    = -ENODATA
  A: munmap(p[0]+1, 4K) = -EINVAL
})");
  EXPECT_EQ(seen, (Texts{"97", "SIGBUS(2)", "SIGSEGV(2)", "97", "-ENODATA", "-EINVAL"}));
}

TEST_F(Played, AChildHasItsOwnCopies) {
  Texts seen = results("cpus=1", R"(
setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  B: C = fork()
  C: store(p[0], 'c')
  B: exit()
}
check {
  A: load(p[0]) = 'a'
  C: load(p[0]) = 'c'
  rss(C).anon   = 1
  killall()
})");
  EXPECT_EQ(seen, (Texts{"97", "99", "1", "0"}));
}

TEST_F(Played, MappingsLieSideBySide) {
  Texts seen = results("cpus=1", R"(
setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}
check {
  A: store(p[1], 'x') = 0
  A: load(q[0])       = 'x'
  A: load(p[2])       = SIGSEGV(1)
})");
  EXPECT_EQ(seen, (Texts{"0", "120", "SIGSEGV(1)"}));
}

TEST_F(Played, BlocksRunTogether) {
  results("cpus=2", R"(
setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}
cpu 0 as A { store(p[0], 'b') }
cpu 1 as A { load(p[0]) = 'a' | 'b' }
check { A: load(p[0]) = 'b' })",
          20);
  uint64_t rounds = 0;
  for (const auto& [row, times] : seen_.rows) {
    rounds += times;
    EXPECT_EQ(row.size(), 3U);
    EXPECT_TRUE(row[1] == "97" || row[1] == "98");
    EXPECT_EQ(row[2], "98");
  }
  EXPECT_EQ(rounds, 20U);
  std::set<Texts> allowed = {{"0", "97", "98"}, {"0", "98", "98"}};
  EXPECT_EQ(differences(program_, allowed, seen_), Texts{});
  EXPECT_NE(differences(program_, {{"0", "97", "99"}}, seen_), Texts{});
  // Where the engine did not come to the check, it says nothing of it.
  EXPECT_EQ(differences(program_, {{"0", "97", ""}, {"0", "98", ""}}, seen_), Texts{});
  EXPECT_NE(differences(program_, {{"blocked", "97", ""}, {"blocked", "98", ""}}, seen_), Texts{});
}

TEST_F(Played, ADifferenceNamesLineAndResults) {
  results("cpus=1", R"(
setup { A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }
check { A: load(p[0]) = 0 })");
  Texts found = differences(program_, {{"an address", "5"}}, seen_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("load(p[0]): 5 in the engine, 0 on the kernel"), std::string::npos) << found[0];
}

TEST_F(Played, WhatNoKernelCanBeAskedForIsSaid) {
  results("cpus=1 swap=S:4", "check { hibernate(S) = 0 }");
  EXPECT_EQ(why_not_, "hibernate(): the machine would go down");
  results("cpus=1 thp=2 PTRS_PER_PTE=2", "check { killall() }");
  EXPECT_EQ(why_not_, "counts on thp=2");
}

TEST_F(Played, PagesGoToSwapAndComeBack) {
  if (!Host::is_root()) GTEST_SKIP() << "needs root";
  Texts seen = results("cpus=1 swap=S:64", R"(
setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a'), madvise(p, 8K, MADV_PAGEOUT) = 0
}
check {
  A: pagemap(p[0])  = PM_SWAP
  rss(A).swapents   = 2
  A: swapoff(S)     = 0
  A: load(p[0:2])   = 'a'
  A: pagemap(p[0])  = PM_ANON
})");
  EXPECT_EQ(seen, (Texts{"PM_SWAP", "2", "0", "97", "PM_ANON"}));
}

// A child has a userfaultfd of its own, for its own memory.
TEST_F(Played, AProtectedPageIsReadAndWrittenWhenItIsResolved) {
  Texts seen = results("cpus=1", R"(
setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a')
  A: uffd_register(p[0]) = 0, uffd_writeprotect(p[0], 1) = 0
}
check {
  A: load(p[0])                 = 'a'
  A: store(p[1], 'b')           = 0
  A: uffd_writeprotect(p[1], 1) = -ENOENT
  A: C = fork()
  C: uffd_writeprotect(p[0], 1) = -ENOENT
  C: uffd_register(p[0])        = 0
  C: store(p[0], 'c')           = 0
  A: uffd_writeprotect(p[0], 0) = 0
  A: store(p[0], 'd')           = 0
  C: load(p[0])                 = 'c'
})");
  if (!why_not_.empty()) GTEST_SKIP() << why_not_;
  EXPECT_EQ(seen, (Texts{"97", "0", "-ENOENT", "a process", "-ENOENT", "0", "0", "0", "0", "99"}));
}

// Whoever is killed leaves no directory and no swap device.
TEST(Host, IsCleanedUpAfterAKill) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    Host host;
    std::string trouble = host.set_up(Host::is_root() ? std::vector<std::string>{"S"} : std::vector<std::string>{});
    std::string told = trouble + "\n" + host.directory() + "\n" + host.device_of("S") + "\n";
    (void)!write(ends[1], told.data(), told.size());
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  close(ends[1]);
  std::string told(4'096, '\0');
  told.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], told.data(), told.size()))));
  close(ends[0]);
  std::size_t first = told.find('\n');
  ASSERT_EQ(first, 0U) << told;
  std::string directory = told.substr(1, told.find('\n', 1) - 1);
  std::string device = told.substr(directory.size() + 2, told.size() - directory.size() - 3);
  ASSERT_NE(directory, "");
  for (int waited = 0;
       waited < 6'000 && (std::filesystem::exists(directory) || (!device.empty() && std::filesystem::exists(device)));
       ++waited)
    usleep(10'000);
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_FALSE(!device.empty() && std::filesystem::exists(device)) << device;
}

TEST(Fidelity, RowsHoldForTheirKernels) {
  std::vector<Explanation> known = read_explanations(
      "| scenario | kernels | what | why |\n|---|---|---|---|\n| `a` | 6.17+ | x | because |\n| `b` | 6.1- | x | y |\n"
      "| `c` | all | x | z |\n");
  ASSERT_EQ(known.size(), 3U);
  ASSERT_NE(explanation_of(known, "a", "6.18.44-x"), nullptr);
  EXPECT_EQ(explanation_of(known, "a", "6.18.44-x")->why, "because");
  EXPECT_EQ(explanation_of(known, "a", "6.12.1"), nullptr);
  EXPECT_NE(explanation_of(known, "b", "5.10.2"), nullptr);
  EXPECT_EQ(explanation_of(known, "b", "6.12.1"), nullptr);
  EXPECT_NE(explanation_of(known, "c", "7.3.4"), nullptr);
  EXPECT_EQ(explanation_of(known, "d", "7.3.4"), nullptr);
}

}  // namespace
}  // namespace quire::oracle
