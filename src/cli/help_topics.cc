#include "cli/help_topics.h"

namespace quire::cli {
namespace {

constexpr std::string_view kLanguage =
    R"(A scenario is a small program of memory-management operations. Files end in .qs and hold one or more.

  scenario free-swap-vs-swapoff "a hole punch frees the last swap reference while swapoff runs"
  machine  cpus=2 ram=16 swap=S:8

  setup {                                     # in file order, before anything else
    A: fd = memfd_create("f", 0)              # process A; the result is called fd
    A: ftruncate(fd, 4K)            = 0       # and this one should be 0
    A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
    A: store(p[0], 'A')                       # page 0 of the mapping p
    A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
  }

  cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
  cpu 1 as B { r = swapoff(S) }               # the cpu blocks run in every order

  check { A: load(p[0]) = 0   swap_used(S) = 0 }

  expect           { never uaf   always B:r == 0   complete }
  expect with D2-1 { sometimes uaf @ free_swap_and_cache }

Results after `=`: a value, -ENOMEM, SIGBUS(2), blocked, ? for anything, alternatives with |.
Properties: [fail: SITE@FUNC nth=N] makes one allocation fail, [may fail: SITE] explores both ways,
[async], [keep_swapcache]. `schedule NAME { A@FUNC:POINT < B@FUNC:POINT }` names one order.
`requires NAME,...` skips the scenario where that is missing. `repeat N { ... }` is the only loop.
`cell "TABLE" ROW COLUMN` makes the scenario a cell of a table; see `quire help tables`.
The grammar is in docs/scenarios.md.
)";

constexpr std::string_view kExpectations =
    R"(expect [with DEFECT,...] { ITEM... } is one question. Without `with` no defect is switched on.

  never CLASS [@ FUNC]      no execution ends so
  sometimes CLASS [@ FUNC]  some execution does; the search ends at the first
  always CLASS [@ FUNC]     every execution does
  never|always|sometimes CONDITION
                            of captured results: B:r == 0 && A:r != -EINTR, alternatives with ||
  outcomes { ROW... }       exactly these final observations are possible: A:r=0 B:r=-EINTR
  complete                  every order has to be looked at; a bound that cuts the search is a failure
  preemptions N             search up to N pre-emptions
  within N                  at most N executions

Classes: uaf double_free bug fault race deadlock livelock lock_order atomic_sleep leak lost_store
stale_pte stale_tlb rss_mismatch swap_count double_unlock null_deref rcu check.
)";

constexpr std::string_view kTables =
    R"(A scenario may say which cell of a table it is, by the table's name, a row and a column:

  cell "zap" munmap F
  cell "zap" "hole punch" F

`quire check` prints each table that it met below its lines, rows and columns in the order it met
them; what is wider than 120 columns goes on below:

  table zap: 3 cells, 3 ok
                 F    A
    munmap       ok   ok*
    hole punch   ok   -
  * not complete: all with up to 2 pre-emptions (1 cell)

  ok       all that the cell's scenarios state is so
  ok*      so it is, as far as a bound let it be looked at; the bound stands below the table
  FAILED   something is not as stated, or could not be asked
  skipped  a requirement of a scenario is not met
  -        no scenario of this check is that cell

The tables are also in --json, and neither in --ktap nor in --junit.
)";

constexpr std::string_view kTokens =
    R"(The last line of a report is a command that runs the very same schedule again:

  quire replay FILE:SCENARIO:DEFECTS:SCHEDULE:CHECK

FILE is found from the current folder, or from --root DIR. DEFECTS are those switched on. SCHEDULE
says which task took each step that was a choice. CHECK stands for the text of the scenario: where
the scenario has changed since, the schedule may mean something else, and the replay says so and
ends with 1. Otherwise it prints the report again, byte for byte. --trace prints every step before
it, --perfetto FILE writes the steps for https://ui.perfetto.dev.
)";

constexpr std::string_view kFuzzing =
    R"(quire fuzz makes random scenarios, the same for the same seed, and judges each:

  --against engine           one order; the detectors, the invariants, and a model of what each byte is
  --against engine --cpus 2  blocks on several CPUs in random orders; the detectors and the invariants
  --against host             one order, on the engine and on the running kernel (root, for swap)
  --against 6.1              the same on a kernel in a guest (see `quire kernels`); with --cpus 2 or 3 a kernel
                             plays each many times, and each outcome must be one that the engine allows

What is wrong is looked at a second time, made small (calls, pages, processes, flags), and written
to --corpus DIR as a scenario with the results that it should have. Findings that look alike are
written once. With --defect ID a defect is switched on in the engine, and what is wrong without it
too is left out. --keep N writes scenarios with which nothing is wrong. See docs/fuzzing.md.
)";

constexpr std::string_view kExitCodes =
    R"(0  all is as stated; replay: the incident happened again
1  something is not as stated, or a bound cut what had to be complete; replay: the scenario has changed
2  bad input or usage: a file that is not there or does not parse, nothing to check
3  the machine cannot do what was asked: no process or memory to be had, output that cannot be written
4  nothing ran, because all was skipped

Where several hold, 2 comes before 3 before 1. Never 0 where nothing ran.
)";

constexpr HelpTopic kTopics[] = {
    {"commands", "what `quire` can do", ""},
    {"language", "the shape of a scenario", kLanguage},
    {"operations", "the calls a scenario can make", ""},
    {"expectations", "what can be stated", kExpectations},
    {"tables", "scenarios as the cells of a table", kTables},
    {"tokens", "how a finding is run again", kTokens},
    {"fuzzing", "random scenarios", kFuzzing},
    {"exit-codes", "what `quire` ends with", kExitCodes},
};

}  // namespace

std::span<const HelpTopic> help_topics() { return kTopics; }

}  // namespace quire::cli
