// What a scenario shows on the engine, where an end may be that nothing goes on.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <variant>
#include <vector>

#include "runner/runner.h"
#include "scenario/parser.h"

namespace quire::runner {
namespace {

using Row = std::vector<std::string>;

// A page that a child has too, whose resolution may come before the write that waits for it is queued.
Observations observed(const std::string& expect) {
  auto parsed = scenario::parse(R"(scenario resolved "while it is written"
machine  cpus=2 ram=16
setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), uffd_register(p[0]) = 0
  A: B = fork()
  A: uffd_writeprotect(p[0], 1) = 0
}
cpu 0 as A { store(p[0], 'b') }
cpu 1 as A { uffd_writeprotect(p[0], 0) }
check { A: load(p[0]) }
expect { )" + expect + " }\n",
                                "a.qs");
  auto seen = observe_scenario(parsed.document().scenarios.at(0), "a.qs", {});
  return std::get<Observations>(std::move(seen));
}

TEST(Observe, AStatedDeadlockIsAnOutcome) {
  Observations all = observed("sometimes deadlock");
  EXPECT_EQ(all.trouble, "");
  EXPECT_TRUE(all.complete);
  EXPECT_EQ(all.rows, (std::set<Row>{{"0", "0", "98"}, {"blocked", "0", ""}}));
}

TEST(Observe, AnotherIsTrouble) {
  Observations all = observed("never lost_store");
  EXPECT_NE(all.trouble.find("deadlock"), std::string::npos) << all.trouble;
}

}  // namespace
}  // namespace quire::runner
