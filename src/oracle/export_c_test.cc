#include "oracle/export_c.h"

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "oracle/playable.h"
#include "scenario/parser.h"

namespace quire::oracle {
namespace {

class ExportC : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "quire_export_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Exported exported(const scenario::Scenario& scenario, const ExportOptions& options = {}) {
    auto made = scenario::make_program(scenario, "a.qs", kernel_parameter);
    if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) return {{}, to_string(*diagnostic)};
    return export_c(std::get<scenario::Program>(made), options);
  }
  static Exported exported(const std::string& text, const ExportOptions& options = {}) {
    auto parsed = scenario::parse(text, "a.qs");
    return exported(parsed.document().scenarios.at(0), options);
  }

  // What the compiler says; empty: it is content.
  std::string compile(const std::string& text, const std::string& compiler = "cc -O1 -o a") {
    std::ofstream(folder_ + "/a.c") << text;
    std::string command = "cd " + folder_ + " && " + compiler + " -Wall -Wextra -Werror -pthread a.c 2>err";
    if (std::system(command.c_str()) == 0) return {};
    return get("err") + " ";
  }
  // The exit code; what it prints is in `out`.
  int run() {
    int status = std::system(("cd " + folder_ + " && timeout 30 ./a >out").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string get(const std::string& name) {
    std::ifstream file(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder_;
};

constexpr const char* kFile = R"(scenario holes "what is punched reads as zeros"
machine  cpus=1 ram=16
setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K) = 0
  A: pwrite(fd, fill('f', 8K), 0) = 8K
}
check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  A: pread(fd, 0) = 0
  A: pread(fd, 4K) = 'f'
}
expect { never bug }
)";

TEST_F(ExportC, FlagsAreComparedAsOneValue) {
  const Exported one = exported(R"(scenario flags "the mode of a new file"
machine cpus=1 tmpfs=tmp:8
check {
  A: fd = open("/tmp/f", O_RDWR|O_CREAT, 0600)
  A: stat("/tmp/f").st_mode = (S_IFREG|0600)
}
expect { never bug }
)");
  ASSERT_EQ(one.why_not, "");
  EXPECT_NE(one.text.find("got == (S_IFREG | 0600)"), std::string::npos) << one.text;
  ASSERT_EQ(compile(one.text), "");
}

TEST_F(ExportC, OneProcessIsStraightLineCode) {
  const Exported one = exported(kFile);
  ASSERT_EQ(one.why_not, "");
  const std::string expected = R"C(int main(void)
{
  long got;
  int fd;

  q_plan(5);

  /* setup */
  fd = (int)q_must("memfd_create(\"f\", 0)", q_result(memfd_create("f", MFD_CLOEXEC)));
  got = q_result(ftruncate(fd, 8192));
  q_expect(got == 0, "ftruncate(fd, 8K)", "0", q_text(got));
  got = q_pwrite_fill(fd, 'f', 8192, 0);
  q_expect(got == 8192, "pwrite(fd, fill('f', 8K), 0)", "8K", q_text(got));

  /* check */
)C";
  std::string text;
  for (char c : one.text) text += c == '\t' ? "  " : std::string(1, c);
  EXPECT_NE(text.find(expected), std::string::npos) << one.text;
  EXPECT_EQ(one.text.find("pthread"), std::string::npos);
  EXPECT_EQ(one.text.find("q_load"), std::string::npos);
  ASSERT_EQ(compile(one.text), "");
  EXPECT_EQ(run(), 0) << get("out");
  EXPECT_EQ(get("out").find("TAP version 13\n1..5\nok 1 - ftruncate(fd, "), 0U) << get("out");
  EXPECT_NE(get("out").find("ok 5 - pread(fd, 4K) = 'f'\n"), std::string::npos) << get("out");
}

TEST_F(ExportC, WhatIsNotAsStatedFails) {
  std::string wrong = kFile;
  wrong.replace(wrong.find("pread(fd, 0) = 0"), 16, "pread(fd, 0) = -ENOMEM | 'x'");
  ASSERT_EQ(compile(exported(wrong).text), "");
  EXPECT_EQ(run(), 1);
  EXPECT_NE(get("out").find("not ok 4 - pread(fd, 0) # expected -ENOMEM or 'x', got 0\n"), std::string::npos)
      << get("out");
}

TEST_F(ExportC, ProcessesTakeTurns) {
  const Exported one = exported(R"(scenario copies "each has what it wrote"
setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  B: store(p[0], 'b') = 0
}
check { A: load(p[0]) = 'a'   B: load(p[0]) = 'b'   A: exit() = 0   B: load(p[0]) = 'b'   killall()   tasks() = 0 }
expect { never bug }
)");
  ASSERT_EQ(one.why_not, "");
  ASSERT_EQ(compile(one.text), "");
  EXPECT_EQ(run(), 0) << get("out");
  EXPECT_NE(get("out").find("ok 5 - B: load(p[0]) = 'b'\nok 6 - tasks() = 0\n"), std::string::npos) << get("out");
}

TEST_F(ExportC, BlocksStartTogetherInManyRounds) {
  const std::string blocks = R"(scenario unmapped "it is there, or it is not"
machine  cpus=2
setup { A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }
cpu 0 as A { r = munmap(p, 4K) = 0 }
cpu 1 as A { s = store(p[0], 'x') }
check { A: load(p[0]) = SIGSEGV }
expect { outcomes { A:r=0 A:s=0; A:r=0 A:s=SIGSEGV(1) } }
)";
  const Exported one = exported(blocks, {.style = ExportStyle::c, .rounds = 20});
  ASSERT_EQ(one.why_not, "");
  EXPECT_NE(one.text.find("round < 20;"), std::string::npos);
  ASSERT_EQ(compile(one.text), "");
  EXPECT_EQ(run(), 0) << get("out");
  std::string wrong = blocks;
  wrong.replace(wrong.find("outcomes"), 46, "always A:s == 7");
  ASSERT_EQ(compile(exported(wrong, {.style = ExportStyle::c, .rounds = 20}).text), "");
  EXPECT_EQ(run(), 1) << get("out");
}

// Directories of programs that are in the test's folder.
int directories_in(const std::string& folder) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    count += entry.path().filename().string().starts_with("quire-") ? 1 : 0;
  return count;
}

bool none_is_left_in(const std::string& folder) {
  for (int waited = 0; directories_in(folder) != 0; ++waited) {
    if (waited == 6'000) return false;
    usleep(10'000);
  }
  return true;
}

constexpr const char* kWritten = R"(scenario written "while it is read"
machine  cpus=2
setup { A: fd = open("f", O_RDWR|O_CREAT) }
cpu 0 as A { pwrite(fd, 'a', 0) = 1 }
cpu 1 as A { r = pread(fd, 0) }
check { A: pread(fd, 0) = 'a' }
expect { never bug }
)";

// Whoever is killed leaves no file: what is made is removed by a process that nobody kills.
TEST_F(ExportC, NothingIsLeftAfterAKill) {
  ASSERT_EQ(compile(exported(kWritten, {.style = ExportStyle::c, .rounds = 1'000'000}).text), "");
  pid_t pid = fork();
  if (pid == 0) {
    setenv("DIR", folder_.c_str(), 1);
    execl((folder_ + "/a").c_str(), "a", nullptr);
    _exit(127);
  }
  for (int waited = 0; directories_in(folder_) == 0 && waited < 6'000; ++waited) usleep(10'000);
  EXPECT_EQ(directories_in(folder_), 1);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_TRUE(none_is_left_in(folder_));
}

// Lets a program go on to the n-th time that it enters or leaves a system call, and kills it there. Whether it came so
// far; nothing if it cannot be watched.
std::optional<bool> killed_at_stop(int n, const std::string& folder) {
  constexpr int kNotWatched = 126;
  pid_t pid = fork();
  if (pid == 0) {
    setenv("DIR", folder.c_str(), 1);
    if (freopen((folder + "/out").c_str(), "w", stdout) == nullptr) _exit(127);
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(kNotWatched);
    execl((folder + "/a").c_str(), "a", nullptr);
    _exit(127);
  }
  int status = 0;
  for (int stops = 0; waitpid(pid, &status, 0) == pid && WIFSTOPPED(status); ++stops) {
    const bool by_call = WSTOPSIG(status) == SIGTRAP;
    if (stops == n) kill(pid, SIGKILL);
    ptrace(PTRACE_SYSCALL, pid, nullptr, by_call ? 0 : WSTOPSIG(status));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotWatched) return std::nullopt;
  return WIFSIGNALED(status);
}

// Not even where it is killed as soon as something is made.
TEST_F(ExportC, NothingIsLeftWhereverItIsKilled) {
  ASSERT_EQ(compile(exported(kWritten).text), "");
  constexpr int kEnough = 60;  // that found something made; then it is what it is
  int made = 0;
  for (int n = 1; made < kEnough; ++n) {
    std::optional<bool> killed = killed_at_stop(n, folder_);
    if (!killed) GTEST_SKIP() << "programs cannot be watched here";
    made += directories_in(folder_);
    ASSERT_TRUE(none_is_left_in(folder_)) << "killed at stop " << n;
    if (!*killed) break;
  }
  EXPECT_GT(made, 0);
}

TEST_F(ExportC, AProtectedWriteWaitsUntilItIsResolved) {
  const Exported one = exported(R"(scenario resolved "a write waits for the resolution"
machine  cpus=2
setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), uffd_register(p[0]) = 0, uffd_writeprotect(p[0], 1) = 0
}
cpu 0 as A { w = store(p[0], 'b') }
cpu 1 as A { r = load(p[0])   uffd_writeprotect(p[0], 0) = 0 }
check { A: load(p[0]) = 'b' }
expect { always A:r == 'a'   always A:w == 0 }
)",
                                {.style = ExportStyle::c, .rounds = 20});
  ASSERT_EQ(one.why_not, "");
  EXPECT_NE(one.text.find("q_need_uffd(Q_UFFD_WP);"), std::string::npos);
  EXPECT_EQ(one.text.find("q_need_root();"), std::string::npos);
  ASSERT_EQ(compile(one.text), "");
  int code = run();
  EXPECT_EQ(code, get("out").find("# SKIP needs") != std::string::npos ? 4 : 0) << get("out");
}

TEST_F(ExportC, AccessesBehindAMappingFindNothing) {
  const Exported one = exported(R"(scenario behind "there is nothing"
check {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: load(p[1]) = SIGSEGV(1)
}
expect { never bug }
)");
  EXPECT_NE(one.text.find("q_mmap_lowest("), std::string::npos);
  ASSERT_EQ(compile(one.text), "");
  EXPECT_EQ(run(), 0) << get("out");
}

TEST_F(ExportC, AMachineWithItsOwnWatermarksIsNoKernel) {
  const Exported one = exported(
      "scenario x \"y\"\nmachine WMARK_MIN=1 WMARK_LOW=2 WMARK_HIGH=3\ncheck { free_pages() = WMARK_HIGH }\n"
      "expect { never bug }\n");
  EXPECT_EQ(one.why_not, "counts on WMARK_MIN");
}

TEST_F(ExportC, SaysWhatNoKernelCanBeAskedFor) {
  EXPECT_EQ(exported("scenario x \"y\"\ncheck { reclaim(1) }\nexpect { never bug }\n").why_not,
            "reclaim(): a number of pages cannot be asked for");
  EXPECT_EQ(exported("scenario x \"y\"\ncheck { folios_leaked() = 0 }\nexpect { never bug }\n").why_not,
            "states nothing that a kernel can be asked for");
  EXPECT_EQ(exported("scenario x \"y\"\nmachine cpus=2\ncpu 0 as A { r = exit() }\ncpu 1 as B { s = exit() }\n"
                     "expect { sometimes deadlock }\n")
                .why_not,
            "a call of its blocks now and then does not return");
}

TEST_F(ExportC, KselftestsStyleUsesItsHeader) {
  const std::string text = exported(kFile, {.style = ExportStyle::kselftest, .rounds = 1}).text;
  for (const char* word : {"#include \"../kselftest.h\"", "ksft_print_header();", "ksft_set_plan(tests);",
                           "ksft_test_result(holds,", "ksft_finished();"})
    EXPECT_NE(text.find(word), std::string::npos) << word;
  EXPECT_EQ(text.find("TAP version"), std::string::npos);
}

// Every scenario of the tree that can be exported compiles without a warning.
using ExportSlow = ExportC;
TEST_F(ExportSlow, AllScenariosCompile) {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("scenarios")) {
    if (entry.path().extension() != ".qs") continue;
    std::ifstream file(entry.path());
    auto parsed = scenario::parse(std::string{std::istreambuf_iterator<char>(file), {}}, entry.path().string());
    for (const scenario::Scenario& scenario : parsed.document().scenarios) {
      const Exported one = exported(scenario);
      if (one.text.empty()) continue;
      ++count;
      EXPECT_EQ(compile(one.text), "") << scenario.name;
      // It warns of functions that nobody calls.
      EXPECT_EQ(compile(one.text, "clang -fsyntax-only"), "") << scenario.name;
    }
  }
  EXPECT_GT(count, 150);
}

}  // namespace
}  // namespace quire::oracle
