// Operation logs of fsx: read, recorded on a file of this machine, replayed, made into scenarios.
#include <gtest/gtest.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <ctime>

#include "import/fsx_recorder.h"
#include "import/fsx_replay.h"
#include "import/importer.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::importer {
namespace {

FsxLog log_of(std::string_view text) {
  auto read = read_fsx_log(text, "a.fsxops");
  if (auto* bad = std::get_if<Diagnostic>(&read)) {
    ADD_FAILURE() << to_string(*bad);
    return {};
  }
  return std::get<FsxLog>(read);
}

std::string complaint_of(std::string_view text) {
  auto read = read_fsx_log(text, "a.fsxops");
  auto* bad = std::get_if<Diagnostic>(&read);
  return bad == nullptr ? "" : to_string(*bad);
}

FsxReplay replay(std::string_view text, uint64_t ram = 0, uint64_t swap = 0) {
  return replay_fsx(log_of(text), {"a.fsxops", {}, ram, swap});
}

TEST(Fsx, LinesAreReadAsTheToolWritesThem) {
  FsxLog log = log_of(
      "write 0x12 0x345 0x0\n"
      "skip zero_range 0x0 0x10 0x357 keep_size\n"
      "copy_range 0x0 0x10 0x2000 0x357 *\n"
      "\n# a comment\n"
      "fallocate 0x0 0x3000 0x2010 keep_size close_open\r\n"
      "truncate 0x0 0x5 0x2010\n");
  ASSERT_EQ(log.size(), 5U);
  EXPECT_EQ(log[0].offset, 0x12U);
  EXPECT_EQ(log[0].length, 0x345U);
  EXPECT_TRUE(log[1].skipped);
  EXPECT_EQ(log[2].target, 0x2000U);
  EXPECT_EQ(log[2].size_before, 0x357U);
  EXPECT_TRUE(log[3].keep_size && log[3].close_open);
  EXPECT_EQ(log[3].line, 6);
  EXPECT_EQ(log[4].number, 5U);
  EXPECT_EQ(fsx_line(log[2]), "copy_range 0x0 0x10 0x2000 0x357\n");
  EXPECT_EQ(fsx_line(log[1]), "skip zero_range 0x0 0x10 0x357 keep_size\n");
}

TEST(Fsx, ComplaintsSayWhere) {
  EXPECT_EQ(complaint_of("write 0x0 0x1 0x0\nwirte 0x0 0x1 0x1\n"),
            "a.fsxops:2:1: expected an operation of fsx, found 'wirte' (did you mean 'write'?)");
  EXPECT_EQ(complaint_of("write 0x0 0x1"),
            "a.fsxops:1:14: expected the file's size such as 0x1000, found the end of the line");
  EXPECT_EQ(complaint_of("skip"), "a.fsxops:1:5: expected an operation of fsx, found the end of the line");
  EXPECT_EQ(complaint_of("copy_range 0x0 0x1 0x2\n"),
            "a.fsxops:1:23: expected the file's size such as 0x1000, found the end of the line");
  EXPECT_EQ(complaint_of("read 0x0 0xfffffffff 0x0\n"),
            "a.fsxops:1:10: expected a length of 256 MiB at most, found '0xfffffffff'");
  EXPECT_EQ(complaint_of("read -1 0x1 0x0\n"), "a.fsxops:1:6: expected an offset such as 0x1000, found '-1'");
  EXPECT_EQ(complaint_of("read 0x99999999999999999999 0x1 0x0\n"),
            "a.fsxops:1:6: expected an offset such as 0x1000, found '0x99999999999999999999'");
  EXPECT_EQ(complaint_of("read 0x0 0x1 0x1 keep_sise\n"),
            "a.fsxops:1:18: expected keep_size, close_open, unshare or *, found 'keep_sise'");
  EXPECT_EQ(complaint_of(std::string_view("read 0x0\0 0x1 0x1\n", 19)),
            "a.fsxops:1:9: expected a text, found the byte 0x00");
  EXPECT_EQ(complaint_of("\n\n"), "a.fsxops:1:1: expected operations of fsx, found none");
}

TEST(Fsx, EveryOperationHasItsContents) {
  FsxReplay all = replay(
      "write 0x0 0x3000 0x0\n"
      "mapwrite 0x2fff 0x1802 0x3000\n"
      "read 0x0 0x4801 0x4801\n"
      "copy_range 0x10 0x1000 0x8000 0x4801\n"
      "mapread 0x7ff0 0x1010 0x9000\n"
      "punch_hole 0x1001 0x1fff 0x9000\n"
      "zero_range 0x8800 0x1000 0x9000\n"
      "read 0x0 0x9800 0x9800\n"
      "collapse_range 0x1000 0x1000 0x9800\n"
      "insert_range 0x2000 0x3000 0x8800\n"
      "mapread 0x0 0xb800 0xb800\n"
      "exchange_range 0x0 0x800 0x5000 0xb800\n"
      "clone_range 0x0 0x1000 0xa000 0xb800\n"
      "dedupe_range 0x0 0x1000 0xa000 0xb800\n"
      "fallocate 0xb000 0x1000 0xb800\n"
      "fallocate 0xc000 0x1000 0xc000 keep_size\n"
      "fsync 0x0 0x0 0xc000\n"
      "truncate 0x0 0x123 0xc000 close_open\n"
      "write_dontcache 0x200 0x10 0x123\n"
      "skip read 0x0 0x0 0x210\n"
      "mapread 0x0 0x210 0x210\n");
  EXPECT_EQ(all.difference, "");
  EXPECT_EQ(all.operations, 20U);
  EXPECT_EQ(all.skipped, 1U);
  EXPECT_EQ(all.reads, 6U);  // and the whole file at the end
}

TEST(Fsx, ALogThatDoesNotFitTogetherIsTold) {
  EXPECT_EQ(replay("write 0x0 0x10 0x0\nread 0x8 0x10 0x10\n").difference,
            "a.fsxops:2: operation 2, read 0x8 0x10: it goes up to 0x18, and the file has 0x10 bytes");
  EXPECT_EQ(replay("write 0x0 0x10 0x0\nread 0x0 0x10 0x20\n").difference,
            "a.fsxops:2: operation 2, read 0x0 0x10: the log says that the file has 0x20 bytes, it has 0x10");
  EXPECT_NE(replay("write 0x0 0x10 0x0\ncollapse_range 0x8 0x100 0x10\n").difference, "");
}

// The model is what the machine's reads are compared with: it must not follow the log blindly.
TEST(Fsx, ASumThatDiffersIsTold) {
  FsxLog log = log_of("write 0x0 0x10 0x0\nread 0x0 0x10 0x10\n");
  std::vector<std::byte> data = fsx_data(log[0]);
  FsxReplay good = replay_fsx(log, {"a.fsxops", {{2, contents_sum(data)}}, 0, 0});
  EXPECT_EQ(good.difference, "");
  EXPECT_EQ(good.sums_compared, 1U);
  data[3] = std::byte{0};
  EXPECT_EQ(replay_fsx(log, {"a.fsxops", {{2, contents_sum(data)}}, 0, 0}).difference,
            "a.fsxops:2: operation 2, read 0x0 0x10: what was read is not what the recording read");
}

TEST(Fsx, SumsAreRead) {
  auto read = read_fsx_sums("# sums\n2 0xfedcba9876543210\n", "s");
  EXPECT_EQ(std::get<std::vector<FsxSum>>(read)[0].sum, 0xfedc'ba98'7654'3210U);
  auto complaint_of_sums = [](std::string_view text) {
    return to_string(std::get<Diagnostic>(read_fsx_sums(text, "s")));
  };
  EXPECT_EQ(complaint_of_sums("2 0xfedc\n"), "s:1:3: expected a sum of 16 digits after 0x");
  EXPECT_EQ(complaint_of_sums("2\n"), "s:1:2: expected a sum of 16 digits after 0x");
  EXPECT_EQ(complaint_of_sums("2 0xfedcba9876543210\n2 0xfedcba9876543210\n"),
            "s:2:1: expected the number of a later operation, found '2'");
}

/// A recording on tmpfs, or nothing where /dev/shm is something else.
class FsxOnTmpfs : public testing::Test {
 protected:
  void SetUp() override {
    constexpr long kTmpfsMagic = 0x01021994;
    struct statfs where = {};
    if (statfs("/dev/shm", &where) != 0 || where.f_type != kTmpfsMagic || access("/dev/shm", W_OK) != 0)
      GTEST_SKIP() << "/dev/shm is no tmpfs that can be written";
  }
  static FsxRecording record(FsxRecordOptions options) {
    FsxRecording recording = record_fsx("/dev/shm/quire_fsx_test." + std::to_string(getpid()), options);
    EXPECT_EQ(recording.trouble, "");
    return recording;
  }
  static FsxReplay replayed(const FsxRecording& recording, uint64_t ram = 0, uint64_t swap = 0) {
    auto sums = read_fsx_sums(recording.sums, "a.sums");
    return replay_fsx(log_of(recording.log), {"a.fsxops", std::get<std::vector<FsxSum>>(sums), ram, swap});
  }
};

TEST_F(FsxOnTmpfs, ReadsAreAsRecorded) {
  FsxRecording recording = record({.operations = 1'000, .seed = 3, .close_open_one_in = 50});
  FsxReplay replay = replayed(recording);
  EXPECT_EQ(replay.difference, "");
  EXPECT_EQ(replay.operations + replay.skipped, 1'000U);
  EXPECT_GT(replay.reads, 100U);
  EXPECT_EQ(replay.sums_compared, replay.reads);
}

TEST_F(FsxOnTmpfs, AlsoWithLessMemoryThanTheFile) {
  FsxRecording recording = record({.operations = 300, .seed = 5, .file_bytes = 2 << 20, .op_bytes = 1 << 20});
  FsxReplay replay = replayed(recording, 256, 1024);
  EXPECT_EQ(replay.difference, "");
  EXPECT_EQ(replay.sums_compared, replay.reads);
  EXPECT_GT(replay.swapped_most, 100U);
}

TEST_F(FsxOnTmpfs, AShortLogIsAScenarioThatHolds) {
  FsxRecording recording = record({.operations = 60, .seed = 7, .file_bytes = 0x8000, .op_bytes = 0x3000});
  auto imported = import_fsx(recording.log, {.file = "a.fsxops"});
  ASSERT_TRUE(std::holds_alternative<Imported>(imported)) << to_string(std::get<Diagnostic>(imported));
  std::string text = format(std::get<Imported>(imported).document);
  scenario::ParseResult parsed = scenario::parse(text, "a.qs");
  ASSERT_TRUE(parsed.ok()) << to_string(parsed.error());
  EXPECT_EQ(format(parsed.document()), text);
  auto run = runner::run_scenario(parsed.document().scenarios[0], "a.qs", {});
  ASSERT_TRUE(std::holds_alternative<runner::RunResult>(run)) << to_string(std::get<Diagnostic>(run));
  const auto& result = std::get<runner::RunResult>(run);
  EXPECT_EQ(result.incident, "");
  EXPECT_TRUE(result.as_stated) << text;
  EXPECT_GT(result.lines.size(), 60U);
}

class FsxOnTmpfsSlow : public FsxOnTmpfs {};

TEST_F(FsxOnTmpfsSlow, FiftyThousandOperations) {
  FsxRecording recording = record({.operations = 50'000, .seed = 1, .close_open_one_in = 100});
  const std::clock_t begin = std::clock();
  FsxReplay replay = replayed(recording);
  [[maybe_unused]] const double processor_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  EXPECT_EQ(replay.difference, "");
  EXPECT_EQ(replay.operations + replay.skipped, 50'000U);
  EXPECT_EQ(replay.sums_compared, replay.reads);
#if defined(__OPTIMIZE__) && !defined(QUIRE_SANITIZED)
  EXPECT_LT(processor_seconds, 10);
#endif
}

}  // namespace
}  // namespace quire::importer
