// What `run --bless` makes of results.
#include "cli/bless.h"

#include <gtest/gtest.h>

#include "scenario/format.h"
#include "scenario/parser.h"

namespace quire::cli {
namespace {

struct Blessing {
  std::string text;
  Blessed counts;
};

Blessing blessed(const std::string& calls, const std::set<std::vector<std::string>>& rows) {
  scenario::ParseResult parsed = scenario::parse("scenario x \"y\"\n" + calls + "expect { never bug }\n", "a.qs");
  EXPECT_TRUE(parsed.ok()) << to_string(parsed.error());
  scenario::Document document = parsed.document();
  auto made = scenario::make_program(document.scenarios[0], "a.qs", nullptr);
  EXPECT_TRUE(std::holds_alternative<scenario::Program>(made));
  Blessing result;
  result.counts = bless(document.scenarios[0], std::get<scenario::Program>(made), rows);
  result.text = format(document);
  return result;
}

bool holds(const Blessing& blessing, std::string_view line) { return blessing.text.find(line) != std::string::npos; }

TEST(Bless, FillsInWhatIsOpenAndChangesWhatIsNotSo) {
  const Blessing b = blessed(
      "check {\n"
      "  A: fd = memfd_create(\"f\", 0)\n"
      "  A: ftruncate(fd, 4K)\n"
      "  A: pwrite(fd, fill('a', 4K), 0) = 4K\n"
      "  A: pread(fd, 0) = 'b'\n"
      "  A: p = mmap(0, 4K, PROT_READ, MAP_SHARED, fd, 0)\n"
      "  A: store(p[0], 1) = SIGSEGV\n"
      "  A: pagemap(p[0])\n"
      "  A: munmap(p, 0)\n"
      "  A: load(p[4])\n"
      "}\n",
      {{"a descriptor", "0", "4096", "97", "an address", "SIGSEGV(2)", "PM_FILE", "-EINVAL", "SIGSEGV(1)"}});
  EXPECT_EQ(b.counts.trouble, "");
  EXPECT_EQ(b.counts.filled, 4U);
  EXPECT_EQ(b.counts.changed, 1U);
  for (const char* line : {"memfd_create(\"f\", 0)\n", "ftruncate(fd, 4K)            = 0", "0) = 4K\n", "= 97\n",
                           "fd, 0)\n", "= SIGSEGV\n", "= PM_FILE\n", "= -EINVAL\n", "= SIGSEGV(1)\n"})
    EXPECT_TRUE(holds(b, line)) << line << "\n" << b.text;
}

TEST(Bless, AllThatWasSeenIsAlternatives) {
  const std::string calls =
      "setup { A: exec() }\ncpu 0 as A { msync(0, 4K, 0) }\ncpu 1 as B { munmap(0, 4K) = 0 }\ncheck { tasks() }\n";
  const Blessing b = blessed(calls, {{"0", "0", "an amount"}, {"-ENOMEM", "0", "an amount"}});
  EXPECT_TRUE(holds(b, "msync(0, 4K, 0) = -ENOMEM | 0 }")) << b.text;
  EXPECT_TRUE(holds(b, "munmap(0, 4K) = 0 }")) << b.text;
  EXPECT_TRUE(holds(b, "{ tasks() }")) << b.text;
  EXPECT_TRUE(holds(b, "{ A: exec() }")) << b.text;
  const Blessing short_row = blessed(calls, {{"0"}});
  EXPECT_EQ(short_row.counts.trouble, "1 results were seen of 3 calls");
}

}  // namespace
}  // namespace quire::cli
