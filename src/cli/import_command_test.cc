// The command `import`: what it reads, writes, and ends with.
#include "cli/fake_runner_for_test.h"
#include "cli/harness_for_test.h"

namespace quire::cli {
namespace {

class ImportCommand : public CommandTest {};

constexpr const char* kOps = "write 0x0 0x2000 0x0\nread 0x10 0x1000 0x2000\nskip fsync 0x0 0x0 0x2000\n";

TEST_F(ImportCommand, WritesAScenario) {
  put("a.xfs_io", "open -f f\nfzero 0 4k\npwrite 0 4k\n");
  const Ran bad = quire({"import", "a.xfs_io"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.err.find("a.xfs_io:2:1: expected a command"), 0U) << bad.err;
  const Ran printed = quire({"import", "a.xfs_io", "--skip-unknown"});
  EXPECT_EQ(printed.code, 0);
  EXPECT_EQ(printed.out.find("scenario a \"3 commands of xfs_io\"\n"), 0U) << printed.out;
  EXPECT_EQ(printed.err, "a.xfs_io: 2 calls, left out:\n  1 x fzero: no operation of the engine\n");
  EXPECT_EQ(quire({"import", "a.xfs_io", "--skip-unknown", "-o", "a.qs"}).out, "");
  EXPECT_EQ(get("a.qs"), printed.out);
  EXPECT_EQ(quire({"fmt", "--check", "a.qs"}).code, 0);
  EXPECT_EQ(quire({"import", "a.xfs_io", "--skip-unknown", "-o", "absent/a.qs"}).code, 3);
}

TEST_F(ImportCommand, KnowsTheFormatByNameOrIsTold) {
  put("a.log", kOps);
  EXPECT_EQ(quire({"import", "a.log"}).err,
            "quire: a.log: expected --format fsx, strace or xfs_io: the name does not tell\n");
  EXPECT_EQ(quire({"import", "a.log", "--format", "fxs"}).code, 2);
  EXPECT_EQ(quire({"import", "a.log", "--format", "fsx"}).code, 0);
  EXPECT_EQ(quire({"import", "a.log", "--format", "strace"}).err.find("a.log:1:1: expected a call such as"), 0U);
  EXPECT_EQ(quire({"import", "absent.strace"}).err, "absent.strace: No such file or directory\n");
  EXPECT_EQ(quire({"import", "absent.strace"}).code, 2);
}

TEST_F(ImportCommand, ReplaysTheContentsOfFsx) {
  put("a.fsxops", kOps);
  const Ran good = quire({"import", "--replay", "a.fsxops"});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(good.out.find("a.fsxops: 2 operations, 1 skipped; 2 reads with identical contents, 0 of them as recorded"),
            0U)
      << good.out;
  put("a.fsxops.sums", "2 0x0123456789abcdef\n");
  const Ran bad = quire({"import", "--replay", "a.fsxops"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out.find("a.fsxops:2: operation 2, read 0x10 0x1000: what was read is not what the recording read\n"),
            0U);
  put("a.fsxops.sums", "2\n");
  EXPECT_EQ(quire({"import", "--replay", "a.fsxops"}).err, "a.fsxops.sums:1:2: expected a sum of 16 digits after 0x\n");
  EXPECT_EQ(quire({"import", "--replay", "--sums", "absent", "a.fsxops"}).code, 2);
  EXPECT_EQ(quire({"import", "--replay", "--ram", "8", "a.fsxops"}).code, 2);
  EXPECT_EQ(quire({"import", "--ram", "128", "a.fsxops"}).code, 2);
}

TEST_F(ImportCommand, ReplaysOtherLogsOnce) {
  put("a.xfs_io", "open -f f\npwrite 0 4k\n");
  const Ran good = quire({"import", "--replay", "a.xfs_io"});
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out, "a.xfs_io: 1 calls, 0 not as recorded\n");
  put("wrong.xfs_io", "open -f f\npwrite 0 4k\n");
  const Ran bad = quire({"import", "--replay", "wrong.xfs_io"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out, "B  munmap(p, 4096) = -EINVAL\nwrong.xfs_io: 2 calls, 1 not as recorded\n");
}

}  // namespace
}  // namespace quire::cli
