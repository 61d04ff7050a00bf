// What a well-formed scenario may still get wrong: each complaint with its text and place.
#include "runner/plan.h"

#include <gtest/gtest.h>

#include <fmt/core.h>

#include "runner/report.h"
#include "runner/runner.h"
#include "scenario/parser.h"

namespace quire::runner {
namespace {

struct Complaint {
  const char* name;
  const char* machine;
  const char* setup;
  const char* cpu;
  const char* check;
  const char* expect;
  const char* message;  ///< "LINE:COL: text", the file left out
};

std::string text_of(const Complaint& c) {
  return fmt::format(
      "scenario s \"d\"\nmachine {}\nsetup {{\n  {}\n}}\ncpu 0 as A {{\n  {}\n}}\ncheck {{\n  {}\n}}\nexpect {}\n",
      c.machine, c.setup, c.cpu, c.check, c.expect);
}

constexpr const char* kMachine = "cpus=2 ram=16 swap=S:8";
constexpr const char* kPlain = "{ never uaf }";

const Complaint kComplaints[] = {
    {"Operation", kMachine, "A: mmp(0)", "tasks()", "tasks()", kPlain,
     "4:6: expected an operation, found 'mmp' (did you mean 'mmap'?)"},
    {"CheckOnly", kMachine, "A: exit()", "swap_used(S)", "tasks()", kPlain,
     "7:3: expected an operation that runs outside check, found 'swap_used'"},
    {"OperandCount", kMachine, "A: ftruncate(1)", "exit()", "tasks()", kPlain,
     "4:6: expected ftruncate(FD, LENGTH), found 1 operand(s)"},
    {"RangeAlone", kMachine, "A: p = mmap(0, 4K, 1, 2, -1, 0) A: mlock(p)", "exit()", "tasks()", kPlain,
     "4:38: expected a page or range such as p[0] or p[0:2], or an address and a LENGTH, in mlock(RANGE[, LENGTH])"},
    {"Name", kMachine, "A: load(p)", "exit()", "tasks()", kPlain,
     "4:11: expected a constant, a swap area, a process or a captured result, found 'p'"},
    {"Property", kMachine, "A: exit() [later]", "exit()", "tasks()", kPlain,
     "4:13: expected the property keep_swapcache or fail, found 'later'"},
    {"FailSite", kMachine, "A: exit() [fail: page_aloc]", "exit()", "tasks()", kPlain,
     "4:13: expected a place that can fail (page_alloc, slab, io_read, io_write, trylock, writepage, get_block, "
     "freeze_timeout, zswap_store) or a GFP class, found "
     "'page_aloc'"},
    {"MachineKey", "cpu=2", "A: exit()", "exit()", "tasks()", kPlain,
     "2:9: expected an option of the machine, found 'cpu' (did you mean 'cpus'?)"},
    {"MachineRange", "cpus=99", "A: exit()", "exit()", "tasks()", kPlain, "2:9: expected cpus=1..8"},
    {"Knob", "cpus=2 rcu_spinlock_is_readr=off", "A: exit()", "exit()", "tasks()", kPlain,
     "2:16: expected an option of the machine, found 'rcu_spinlock_is_readr' (did you mean 'rcu_spinlock_is_reader'?)"},
    {"Capture", kMachine, "A: exit()", "exit()", "tasks()", "{ always A:r == 0 }",
     "12:17: expected a captured result, found 'A:r' which no call captures"},
    {"Defect", kMachine, "A: exit()", "exit()", "tasks()", "with D9-9 { sometimes uaf }",
     "12:13: expected a defect (see quire defects), found 'D9-9'"},
    {"Repeat", kMachine, "repeat p { A: exit() }", "exit()", "tasks()", kPlain,
     "4:3: expected a repeat count of 0 to 65536, found 'p'"},
    {"Fill", "cpus=1", "A: fd = memfd_create(\"f\", 0)", "pwrite(fd, fill('c', -4K), 1)", "killall()", "{ complete }",
     "7:14: expected a fill of 0 to 1073741824 bytes, found 'fill('c', -4K)'"},
};

class PlanComplaint : public testing::TestWithParam<Complaint> {};

TEST_P(PlanComplaint, HasItsTextAndPlace) {
  std::string text = text_of(GetParam());
  scenario::ParseResult parsed = scenario::parse(text, "f.qs");
  ASSERT_TRUE(parsed.ok()) << to_string(parsed.error()) << "\n" << text;
  CheckResult result = check_scenario(parsed.document().scenarios[0], "f.qs", {});
  auto* d = std::get_if<scenario::Diagnostic>(&result);
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(fmt::format("{}:{}: {}", d->line, d->column, d->message), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Each, PlanComplaint, testing::ValuesIn(kComplaints),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Plan, HasAsManyProcessesAndResultsAsARunHasPlacesFor) {
  auto complaint_about = [](const std::string& calls) {
    scenario::ParseResult parsed = scenario::parse("scenario s \"d\"\ncheck {\n" + calls + "}\n", "a.qs");
    auto plan = make_plan(parsed.document().scenarios[0], "a.qs");
    auto* bad = std::get_if<scenario::Diagnostic>(&plan);
    return bad == nullptr ? "" : bad->message;
  };
  std::string results;
  std::string processes;
  for (int i = 0; i < 33; ++i) results += fmt::format("  A: v{} = tasks()\n", i);
  for (int i = 0; i < 17; ++i) processes += fmt::format("  P{}: tasks()\n", i);
  EXPECT_EQ(complaint_about(results), "expected at most 32 captured results, found 33");
  EXPECT_EQ(complaint_about(processes), "expected at most 16 processes, found 17");
}

TEST(Token, IsTakenApartFromTheEnd) {
  auto token = parse_token("a:b/f.qs:name:D2-1,D2-4:a12.1b3:0f0f");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->file, "a:b/f.qs");
  EXPECT_EQ(token->scenario, "name");
  EXPECT_EQ(token->defects, (std::vector<std::string>{"D2-1", "D2-4"}));
  EXPECT_EQ(token->schedule, "a12.1b3");
  EXPECT_EQ(token->check, "0f0f");
}

TEST(Token, NeedsAllItsParts) {
  for (const char* text : {"", "f.qs", "f.qs:n:-:a1", ":n:-:a1:00", "f.qs::-:a1:00", "f.qs:n:-:z9:00", "f.qs:n:-:a0:00",
                           "f.qs:n:-:.999:00", "f.qs:n:-:a99999999999999999999:00"})
    EXPECT_FALSE(parse_token(text)) << text;
}

}  // namespace
}  // namespace quire::runner
