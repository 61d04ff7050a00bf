// Recorded logs of strace and xfs_io: each becomes a scenario that parses, reads as it is printed, and holds.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "import/importer.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::importer {
namespace {

struct Example {
  const char* file;
  std::size_t calls_least;
  std::vector<const char*> lines;  ///< that the scenario has, whatever their layout
  const char* recorded = "";       ///< a result of the log, and another in its place
  const char* otherwise = "";
};

std::string read_example(const std::string& file) {
  std::ifstream in("src/import/examples/" + file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// One space for many.
std::string squeezed(std::string_view text) {
  std::string result;
  for (char c : text)
    if (c != ' ' || result.empty() || result.back() != ' ') result += c;
  return result;
}

Imported imported_example(const std::string& file, const std::string& text) {
  ImportResult result = import_log(*format_of_file(file), text, {.file = file});
  if (auto* bad = std::get_if<Diagnostic>(&result)) {
    ADD_FAILURE() << to_string(*bad);
    return {};
  }
  return std::get<Imported>(std::move(result));
}

class Examples : public testing::TestWithParam<Example> {};

TEST_P(Examples, AreScenariosThatHold) {
  std::string log = read_example(GetParam().file);
  ASSERT_FALSE(log.empty());
  Imported imported = imported_example(GetParam().file, log);
  ASSERT_FALSE(imported.document.scenarios.empty());
  EXPECT_GE(imported.calls, GetParam().calls_least);
  std::string text = format(imported.document);
  scenario::ParseResult parsed = scenario::parse(text, "a.qs");
  ASSERT_TRUE(parsed.ok()) << to_string(parsed.error()) << text;
  EXPECT_EQ(format(parsed.document()), text);
  auto run = runner::run_scenario(parsed.document().scenarios[0], "a.qs", {});
  ASSERT_TRUE(std::holds_alternative<runner::RunResult>(run)) << to_string(std::get<Diagnostic>(run));
  const auto& result = std::get<runner::RunResult>(run);
  EXPECT_EQ(result.incident, "");
  for (const runner::RunLine& line : result.lines) EXPECT_TRUE(line.as_stated) << line.text;
  std::string plain = squeezed(text);
  for (const char* line : GetParam().lines) EXPECT_NE(plain.find(line), std::string::npos) << line << "\n" << text;
}

class Recorded : public Examples {};

// A log of another run says something else, and that is seen: each result is the recorded one.
TEST_P(Recorded, TellADifference) {
  std::string log = read_example(GetParam().file);
  std::size_t at = log.find(GetParam().recorded);
  ASSERT_NE(at, std::string::npos);
  log.replace(at, std::string_view(GetParam().recorded).size(), GetParam().otherwise);
  Imported imported = imported_example(GetParam().file, log);
  ASSERT_FALSE(imported.document.scenarios.empty());
  auto run = runner::run_scenario(imported.document.scenarios[0], "a.qs", {});
  EXPECT_FALSE(std::get<runner::RunResult>(run).as_stated);
}

std::string test_name(const testing::TestParamInfo<Example>& example) {
  std::string name = example.param.file;
  for (char& c : name)
    if (c == '.' || c == '-') c = '_';
  return name;
}

const auto kRecorded =
    testing::Values(Example{"memory.strace",
                            80,
                            {"A: B = fork()", "B: munmap(", ", 24K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd0, 0) = 0x",
                             "MREMAP_MAYMOVE|MREMAP_FIXED", "4K, PROT_READ) = -ENOMEM", "4097, 77) = -EINVAL",
                             "fallocate(fd0, FALLOC_FL_COLLAPSE_RANGE, 0, 4K) = -EOPNOTSUPP", "pread(fd0, 4091) = 'h'",
                             "pread(fd0, 24K) = -ENODATA", "pread(fd0, 4) = 'd'", "folios_leaked() = 0"},
                            ") = -1 ENOMEM",
                            ") = -1 EACCES"},
                    Example{"threads.strace",
                            100,
                            {"A: fd0 = open(\"work\", O_RDWR|O_CREAT|O_TRUNC)", "madvise(0x", "MADV_PAGEOUT) = 0",
                             "PROT_NONE", "B = fork()", "B: exec() = 0", "pwrite(fd0, 'd', 3) = 1",
                             "pread(fd0, 1) = 'b'", "pread(fd0, 6) = 'g'", "# brk", "pread(fd0, 0) = ?"},
                            "\"bcdefg\"",
                            "\"bcdefh\""},
                    Example{"shell.strace",
                            100,
                            {"A: fd0 = open(\"count.sh\", O_RDWR|O_CREAT)", "O_RDWR|O_CREAT|O_TRUNC)",
                             "B: pread(fdB0, 0) = 'o'", "D: mmap(0x"},
                            "read(3, \"one",
                            "read(3, \"xne"});

INSTANTIATE_TEST_SUITE_P(Strace, Examples, kRecorded, test_name);
INSTANTIATE_TEST_SUITE_P(Strace, Recorded, kRecorded, test_name);
INSTANTIATE_TEST_SUITE_P(
    XfsIo, Examples,
    testing::Values(Example{"holes.xfs_io",
                            25,
                            {"FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 5000, 100) = 0", "pread(fd0, 64K) = -ENODATA",
                             "fstat(fd0).st_size = 68K", "pread(fd0, 39999) = 'A'"}},
                    Example{"mapped.xfs_io",
                            30,
                            {"m0 = mremap(m0, 64K, 8K, 0)", "fd0 = open(\"mapped\", O_RDWR)\n", "load(m0[1]) = 'b'"}},
                    Example{"behind-the-end.xfs_io",
                            12,
                            {"store(m0[1]+904, '!') = 0", "pread(fd0, 5000) = ?", "store(m0[1], 'X') = SIGBUS"}}),
    test_name);

}  // namespace
}  // namespace quire::importer
