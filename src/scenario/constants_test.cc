#include "scenario/constants.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <set>
#include <string>

#include "scenario/parser.h"

namespace quire::scenario {
namespace {

TEST(Constants, HaveTheNumbersOfTheHost) {
  EXPECT_EQ(constant_value("PROT_WRITE"), PROT_WRITE);
  EXPECT_EQ(constant_value("MAP_ANONYMOUS"), MAP_ANONYMOUS);
  EXPECT_EQ(constant_value("MADV_PAGEOUT"), 21);
  EXPECT_EQ(constant_value("FALLOC_FL_PUNCH_HOLE"), 2);
  EXPECT_EQ(constant_value("MS_SYNC"), MS_SYNC);
  EXPECT_EQ(constant_value("SYNC_FILE_RANGE_WAIT_BEFORE"), SYNC_FILE_RANGE_WAIT_BEFORE);
  EXPECT_EQ(constant_value("SYNC_FILE_RANGE_WRITE"), SYNC_FILE_RANGE_WRITE);
  EXPECT_EQ(constant_value("SYNC_FILE_RANGE_WAIT_AFTER"), SYNC_FILE_RANGE_WAIT_AFTER);
  EXPECT_EQ(constant_value("O_CREAT"), O_CREAT);
  EXPECT_EQ(constant_value("SEEK_END"), SEEK_END);
  EXPECT_EQ(constant_value("MAP_FAILED"), -1);
}

TEST(Constants, OfPoisonUserfaultAndSignals) {
  EXPECT_EQ(constant_value("PR_MCE_KILL"), PR_MCE_KILL);
  EXPECT_EQ(constant_value("PR_MCE_KILL_GET"), PR_MCE_KILL_GET);
  EXPECT_EQ(constant_value("PR_MCE_KILL_EARLY"), PR_MCE_KILL_EARLY);
  EXPECT_EQ(constant_value("MLOCK_ONFAULT"), MLOCK_ONFAULT);
  EXPECT_EQ(constant_value("MCL_ONFAULT"), MCL_ONFAULT);
  EXPECT_EQ(constant_value("BUS_MCEERR_AR"), BUS_MCEERR_AR);
  EXPECT_EQ(constant_value("BUS_ADRERR"), BUS_ADRERR);
  EXPECT_EQ(constant_value("SEGV_ACCERR"), SEGV_ACCERR);
  EXPECT_EQ(constant_value("MREMAP_DONTUNMAP"), 4);
  EXPECT_EQ(constant_value("MADV_COLLAPSE"), 25);
  EXPECT_EQ(constant_value("UFFDIO_WRITEPROTECT_MODE_WP"), UFFDIO_WRITEPROTECT_MODE_WP);
  EXPECT_EQ(constant_value("UFFDIO_REGISTER_MODE_WP"), UFFDIO_REGISTER_MODE_WP);
  EXPECT_EQ(constant_value("UFFD_FEATURE_EVENT_REMAP"), UFFD_FEATURE_EVENT_REMAP);
}

TEST(Constants, PagemapKindsBothWays) {
  EXPECT_EQ(constant_value("PM_NONE"), 0);
  EXPECT_EQ(constant_value("PM_SWAP"), 3);
  EXPECT_EQ(constant_value("PM_UFFD_WP"), 9);
  EXPECT_EQ(constant_value("PM_HUGE_FILE"), 13);
  EXPECT_EQ(constant_value("PM_POISONED"), 14);
  for (std::int64_t kind = 0; kind < 15; ++kind) {
    const auto name = pagemap_kind_name(kind);
    ASSERT_TRUE(name.has_value());
    EXPECT_EQ(constant_value(*name), kind);
  }
  EXPECT_EQ(pagemap_kind_name(15), std::nullopt);
  EXPECT_EQ(pagemap_kind_name(-1), std::nullopt);
}

TEST(Constants, UnknownNamesHaveNoValue) {
  EXPECT_EQ(constant_value("p"), std::nullopt);
  EXPECT_EQ(constant_value(""), std::nullopt);
  EXPECT_EQ(constant_value("prot_read"), std::nullopt);
  EXPECT_EQ(constant_value("ENOMEM"), std::nullopt);
}

TEST(Constants, ErrnoBothWays) {
  EXPECT_EQ(errno_number("ENOMEM"), ENOMEM);
  EXPECT_EQ(errno_number("EWOULDBLOCK"), EAGAIN);
  EXPECT_EQ(errno_number("ENOTSUP"), EOPNOTSUPP);
  EXPECT_EQ(errno_number("EHWPOISON"), EHWPOISON);
  EXPECT_EQ(errno_number("EFOO"), std::nullopt);
  EXPECT_EQ(errno_name(EAGAIN), "EAGAIN");
  EXPECT_EQ(errno_name(0), std::nullopt);
  EXPECT_EQ(errno_name(-12), std::nullopt);
  for (int number = 1; number < 200; ++number) {
    const auto name = errno_name(number);
    if (name) {
      EXPECT_EQ(errno_number(*name), number);
    }
  }
}

TEST(Constants, ErrnoNamesAreUnique) {
  const auto names = errno_names();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
}

std::optional<std::int64_t> value_of(std::string_view expression) {
  const std::string text = "scenario s \"\" setup { f(" + std::string(expression) + ") }";
  const ParseResult result = parse(text, "e.qs");
  if (!result.ok()) return std::nullopt;
  return evaluate(result.document().scenarios[0].setup->body.items[0].call.args[0], constant_value);
}

TEST(Constants, Evaluate) {
  EXPECT_EQ(value_of("PROT_READ|PROT_WRITE"), 3);
  EXPECT_EQ(value_of("6*4K"), 24576);
  EXPECT_EQ(value_of("1+2*3-4"), 3);
  EXPECT_EQ(value_of("-(2-5)"), 3);
  EXPECT_EQ(value_of("'A'"), 65);
  EXPECT_EQ(value_of("0x10+010+2M+1G"), 16 + 8 + (2 << 20) + (1 << 30));
}

TEST(Constants, EvaluateGivesUp) {
  EXPECT_EQ(value_of("p"), std::nullopt);
  EXPECT_EQ(value_of("1+p[3]"), std::nullopt);
  EXPECT_EQ(value_of("\"s\""), std::nullopt);
  EXPECT_EQ(value_of("-f()"), std::nullopt);
  EXPECT_EQ(value_of("9223372036854775807+1"), std::nullopt);
  EXPECT_EQ(value_of("9223372036854775807*2"), std::nullopt);
  EXPECT_EQ(value_of("-9223372036854775807-2"), std::nullopt);
}

}  // namespace
}  // namespace quire::scenario
