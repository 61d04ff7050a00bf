// What the readers of strace's and xfs_io's logs make of small texts, good and bad.
#include <gtest/gtest.h>

#include <array>

#include "base/random.h"
#include "import/importer.h"
#include "import/strace_log.h"
#include "import/strace_space.h"
#include "import/xfs_io_commands.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::importer {
namespace {

std::string text_of(const ImportResult& result) {
  if (const auto* bad = std::get_if<Diagnostic>(&result)) return to_string(*bad);
  return format(std::get<Imported>(result).document);
}
std::string strace(std::string_view text) { return text_of(import_strace(text, {.file = "a.strace"})); }
std::string xfs_io(std::string_view text, Unknown unknown = Unknown::complain) {
  return text_of(import_xfs_io(text, {"a.xfs_io", unknown}));
}

/// Of a log, the calls of its scenario, in lines of one space.
std::string calls_of(const std::string& scenario) {
  std::size_t begin = scenario.find("check {\n");
  if (begin == std::string::npos) return scenario;
  std::string result;
  for (const TextLine& line : lines_of(std::string_view(scenario).substr(begin + 8))) {
    if (line.text == "}") break;
    std::string words;
    for (const Word& word : words_of(line.text)) words += (words.empty() ? "" : " ") + std::string(word.text);
    result += words + "\n";
  }
  return result;
}

TEST(Strace, HalvesArePutTogetherAndAForkStandsWhereItBegan) {
  auto read = read_strace_log(
      "7 memfd_create(\"a\", 0) = 3\n"
      "7 fork( <unfinished ...>\n"
      "8 close(3) = 0\n"
      "7 <... fork resumed>) = 8\n"
      "7 wait4(8,  <unfinished ...>\n"
      "8 +++ exited with 0 +++\n"
      "7 <... wait4 resumed>[{WIFEXITED(s)}], 0, NULL) = 8\n"
      "7 pause( <unfinished ...>\n",
      "a");
  const auto& log = std::get<StraceLog>(read);
  ASSERT_EQ(log.records.size(), 5U);
  EXPECT_EQ(log.records[1].name, "fork");
  EXPECT_EQ(log.records[1].result, "8");
  EXPECT_EQ(log.records[2].name, "close");
  EXPECT_EQ(log.records[4].name, "wait4");
  EXPECT_EQ(log.records[4].arguments.size(), 4U);
  EXPECT_EQ(log.unfinished, 1U);
}

TEST(Strace, ArgumentsAreTakenApart) {
  auto read = read_strace_log(
      "[pid  12] 10:20:30.405060 write(4</a b>, \"x, \\\"y\\\" )\", 9) = 9 <0.000010>\n"
      "madvise(0x7f0000000000, 4096, 0x4d /* MADV_???, (or so */) = -1 EINVAL (Invalid argument)\n",
      "a");
  const auto& log = std::get<StraceLog>(read);
  EXPECT_EQ(log.records[0].pid, 12);
  ASSERT_EQ(log.records[0].arguments.size(), 3U);
  EXPECT_EQ(strace_number(log.records[0].arguments[0].text), 4);
  EXPECT_EQ(strace_string(log.records[0].arguments[1].text)->bytes, "x, \"y\" )");
  EXPECT_EQ(log.records[1].arguments[2].text, "0x4d");
  EXPECT_EQ(log.records[1].error, "EINVAL");
  EXPECT_EQ(strace_string("\"\\1\\0012\\x41\\n\\377\"...")->bytes, std::string("\1\0012A\n\377"));
  EXPECT_TRUE(strace_string("\"a\"...")->cut);
  EXPECT_EQ(strace_string("\"a"), std::nullopt);
  EXPECT_EQ(strace_field("{st_mode=S_IFREG|0644, st_size=46439, ...}", "st_size"), "46439");
  EXPECT_EQ(strace_flags("A|B | 0x40"), (std::vector<std::string>{"A", "B", "0x40"}));
}

TEST(Strace, ComplaintsSayWhere) {
  EXPECT_EQ(strace(""), "a.strace:1:1: expected calls as strace prints them, found none");
  EXPECT_EQ(strace("munmap(0x1000, 4096\n"), "a.strace:1:20: expected the rest of the call, found the end of the line");
  EXPECT_EQ(strace("7 munmap(0x1000, 4096)\n"), "a.strace:1:23: expected `= RESULT`");
  EXPECT_EQ(strace("munmap(0x1000, 4096) =\n"), "a.strace:1:23: expected a result, found the end of the line");
  EXPECT_EQ(strace("munmap(0x1000, 4096) = zero\n"),
            "a.strace:1:24: expected a result such as 0, -1 or 0x7f0000000000, found 'zero'");
  EXPECT_EQ(strace("\nhello, world\n"),
            "a.strace:2:1: expected a call such as munmap(0x7f0000000000, 4096) = 0, found 'hello, world'");
  EXPECT_EQ(strace("7 <... read resumed>) = 0\n"), "a.strace:1:3: expected the first half of this call before it");
  EXPECT_EQ(strace("[pid x] close(3) = 0\n"), "a.strace:1:1: expected [pid NUMBER]");
  EXPECT_EQ(strace("99999999999 close(3) = 0\n"), "a.strace:1:1: expected a process, found '99999999999'");
  EXPECT_EQ(strace("munmap(0x1000) = 0\n"),
            "a.strace:1:1: expected 2 arguments of munmap(), found the end of the arguments");
  EXPECT_EQ(strace("mmap(NULL, a lot, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n"),
            "a.strace:1:12: expected a number, found 'a lot'");
  EXPECT_EQ(strace(std::string_view("close(3)\x01 = 0\n")), "a.strace:1:9: expected a text, found the byte 0x01");
  EXPECT_EQ(strace("munmap(0x7f0000000000, 4096) = 0\n"),
            "a.strace:1:1: expected calls on memory or files that the log explains, found none");
}

TEST(Strace, WhatIsNotExplainedIsLeftOutAndCounted) {
  ImportResult result = import_strace(
      "read(0, \"x\", 1) = 1\n"
      "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 9, 0) = 0x7f0000000000\n"
      "munmap(0x7f0000000000, 4096) = 0\n"
      "getpid() = 7\n"
      "--- SIGCHLD {si_signo=SIGCHLD} ---\n"
      "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000\n",
      {.file = "a.strace"});
  const auto& imported = std::get<Imported>(result);
  EXPECT_EQ(imported.skipped,
            (std::vector<std::string>{"1 x getpid(): no operation of the engine",
                                      "1 x mmap(): of a file the log does not explain",
                                      "1 x munmap(): of memory from before the log, or that it does not explain",
                                      "1 x read(): of a descriptor that the log does not explain", "1 x signal"}));
  EXPECT_EQ(calls_of(text_of(result)),
            "A: mmap(0x401000, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x401000\n"
            "killall() = 0\nfolios_leaked() = 0\n");
}

TEST(Strace, DescriptorsHaveOneNameEach) {
  EXPECT_EQ(calls_of(strace("memfd_create(\"a\", 0) = 3\n"
                            "dup(3) = 4\n"
                            "close(3) = 0\n"
                            "write(4, \"aa\"..., 4) = 4\n"
                            "dup2(4, 3) = 3\n"
                            "lseek(3, 1, SEEK_SET) = 1\n"
                            "read(4, \"aXYZ\", 9) = 3\n"
                            "close_range(3, 4294967295, 0) = 0\n"
                            "open(\"/tmp/f\", O_WRONLY|O_APPEND|O_CREAT|O_TRUNC, 0600) = 3\n"
                            "write(3, \"b\", 1) = -1 ENOSPC (No space left on device)\n")),
            "A: fd0 = memfd_create(\"a\", 0)\n"
            "A: pwrite(fd0, fill('a', 2), 0) = 2\n"
            "A: pwrite(fd0, fill('?', 2), 2) = 2 # what is not in the log\n"
            "A: pread(fd0, 1) = 'a'\n"
            "A: pread(fd0, 3) = ?\n"
            "A: close(fd0) = 0\n"
            "A: fd0 = open(\"f\", O_RDWR|O_CREAT|O_TRUNC)\n"
            "A: pwrite(fd0, '?', 0) = -ENOSPC\n"
            "killall() = 0\nfolios_leaked() = 0\n");
}

TEST(Strace, TheHeapIsAMapping) {
  EXPECT_EQ(calls_of(strace("brk(NULL) = 0x555500000800\n"
                            "brk(0x555500003000) = 0x555500003000\n"
                            "brk(0x555500002000) = 0x555500002000\n"
                            "madvise(0x555500001000, 4096, MADV_DONTNEED) = 0\n")),
            "A: mmap(0x401000, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x401000 # brk\n"
            "A: munmap(0x402000, 4K) = 0 # brk\n"
            "A: madvise(0x401000, 4K, MADV_DONTNEED) = 0\n"
            "killall() = 0\nfolios_leaked() = 0\n");
}

TEST(Strace, AddressesComeTogetherAndKeepTheirPlaceInAHugePage) {
  AddressPlan plan({{0x7f00'0012'3000, 0x7f00'0013'0000},
                    {0x5555'0000'0000, 0x5555'0000'1000},
                    {0x7f00'0014'0000, 0x7f00'0014'1000}});
  std::optional<uint64_t> low = plan.place(0x5555'0000'0000);
  std::optional<uint64_t> high = plan.place(0x7f00'0012'3000);
  ASSERT_TRUE(low && high);
  EXPECT_LT(*low, *high);
  EXPECT_EQ(*high % 0x20'0000, 0x12'3000U);
  EXPECT_EQ(plan.place(0x7f00'0014'0000), *high + 0x1'd000);
  EXPECT_EQ(plan.place(0x6000'0000'0000), std::nullopt);
}

TEST(Strace, MappedRangesSplitAndJoin) {
  MappedRanges ranges;
  ranges.add({0x1000, 0x3000});
  ranges.add({0x3000, 0x5000});
  EXPECT_TRUE(ranges.has_all({0x1000, 0x5000}));
  ranges.remove({0x2000, 0x3000});
  EXPECT_FALSE(ranges.has_all({0x1000, 0x5000}));
  EXPECT_TRUE(ranges.has_all({0x3000, 0x5000}));
  EXPECT_FALSE(ranges.has(0x2000));
  EXPECT_FALSE(ranges.has_some({0x2000, 0x3000}));
  ranges.add({0x0, 0x9000});
  EXPECT_EQ(ranges.bytes(), 0x9000U);
}

TEST(XfsIo, NumbersHaveUnits) {
  constexpr std::array<std::pair<const char*, int64_t>, 9> kNumbers = {{{"12", 12},
                                                                        {"0x1f", 31},
                                                                        {"4k", 4096},
                                                                        {"2M", 2 << 20},
                                                                        {"1g", 1 << 30},
                                                                        {"3s", 1536},
                                                                        {"2b", 8192},
                                                                        {"0x1b", 27},
                                                                        {"010", 8}}};
  for (const auto& [text, value] : kNumbers) EXPECT_EQ(xfs_io_number(text), value) << text;
  for (const char* text : {"", "k", "4q", "4kk", "0x", "9999999999999999999", "999999999e"})
    EXPECT_EQ(xfs_io_number(text), std::nullopt) << text;
}

TEST(XfsIo, ComplaintsSayWhere) {
  EXPECT_EQ(xfs_io("# nothing\n\n"), "a.xfs_io:1:1: expected commands of xfs_io, found none");
  EXPECT_EQ(xfs_io("pwrite 0 4k\n"), "a.xfs_io:1:1: expected an open file before pwrite, such as `open -f f`");
  EXPECT_EQ(xfs_io("open -f a\npwrite 0\n"), "a.xfs_io:2:9: expected a length of pwrite, found the end of the command");
  EXPECT_EQ(xfs_io("open -f a\npwrite 0 4x\n"), "a.xfs_io:2:10: expected a length such as 4096 or 64k, found '4x'");
  EXPECT_EQ(xfs_io("open -f a\npwrite -i b 0 4k\n"),
            "a.xfs_io:2:9: expected an option of pwrite that the engine can follow, found '-i'");
  EXPECT_EQ(xfs_io("open -f a\npwrite -S 300 0 4k\n"), "a.xfs_io:2:11: expected a byte such as 0xab, found '300'");
  EXPECT_EQ(xfs_io("open -f a\npwrite -S\n"), "a.xfs_io:2:10: expected a value of -S");
  EXPECT_EQ(xfs_io("open -f a\nfzero 0 4k\n"),
            "a.xfs_io:2:1: expected a command that the engine has an operation for, found 'fzero'; "
            "--skip-unknown leaves it out");
  EXPECT_EQ(xfs_io("open -f a\nmread\n"), "a.xfs_io:2:1: expected a mapping before mread, such as `mmap 0 64k`");
  EXPECT_EQ(xfs_io("open -f a\nmmap 0 4k\nmread 4k 1\n"), "a.xfs_io:3:7: expected a range within the current mapping");
  EXPECT_EQ(xfs_io("xfs_io -f -c \"pwrite 0 4k a\n"), "a.xfs_io:1:28: expected a closing quote");
  EXPECT_EQ(xfs_io("xfs_io -f -c 'pwrite 0 4k'\n"), "a.xfs_io:1:27: expected a file to work on");
  EXPECT_EQ(xfs_io("xfs_io -f a -c\n"), "a.xfs_io:1:15: expected a command after -c");
  EXPECT_EQ(xfs_io("xfs_io -f -c 'pwrite 0 zero' a\n"),
            "a.xfs_io:1:24: expected a length such as 4096 or 64k, found 'zero'");
  EXPECT_EQ(xfs_io("open -f a\npwrite 0 1g\n"), "a.xfs_io:2:1: expected at most 64 MiB to be written in all");
  EXPECT_EQ(xfs_io(std::string_view("open \x7f\n")), "a.xfs_io:1:6: expected a text, found the byte 0x7f");
}

TEST(XfsIo, UnknownCommandsAreLeftOutWhenAsked) {
  ImportResult result =
      import_xfs_io("open -f a\nfzero 0 4k\npwrite -i b 0 1\npwrite 0 1\n", {"a.xfs_io", Unknown::skip});
  EXPECT_EQ(std::get<Imported>(result).skipped,
            (std::vector<std::string>{"1 x fzero: no operation of the engine",
                                      "1 x pwrite: an option that the engine cannot follow"}));
  EXPECT_NE(text_of(result).find("# left out: fzero 0 4k\n"), std::string::npos) << text_of(result);
}

TEST(XfsIo, FilesAndMappingsHaveACurrentOne) {
  EXPECT_EQ(
      calls_of(xfs_io("open -f a\nopen -f b\nfile 0\nw -S0x61 0 1\nc\nr 0 1\nmm 0 8k\nmm 4k 4k\nmm 0\nmu\nmr 5k 1\n")),
      "A: fd0 = open(\"a\", O_RDWR|O_CREAT)\n"
      "A: fd1 = open(\"b\", O_RDWR|O_CREAT)\n"
      "A: pwrite(fd0, 'a', 0) = 1\n"
      "A: close(fd0) = 0\n"
      "A: pread(fd1, 0) = -ENODATA\n"
      "A: m0 = mmap(0, 8K, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_SHARED, fd1, 0)\n"
      "A: m1 = mmap(0, 4K, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_SHARED, fd1, 4K)\n"
      "A: munmap(m0, 8K) = 0\n"
      "A: load(m1[0]+1024) = SIGBUS\n");
}

/// Mutations of a good log never do worse than a complaint or another scenario.
void mutate(Format format, std::string_view good, uint64_t seed) {
  base::Random random(seed);
  std::string text(good);
  for (uint64_t n = 1 + random.below(4); n != 0; --n) {
    std::size_t at = random.below(text.size());
    switch (random.below(4)) {
      case 0:
        text.erase(at, random.below(12));
        break;
      case 1:
        text[at] = static_cast<char>(random.below(256));
        break;
      case 2:
        text.insert(at, text.substr(random.below(text.size()), random.below(40)));
        break;
      default:
        text.resize(at + 1);
        break;
    }
    if (text.empty()) text = " ";
  }
  ImportResult result = import_log(format, text, {"a", random.below(2) == 0 ? Unknown::skip : Unknown::complain});
  if (auto* done = std::get_if<Imported>(&result)) {
    std::string printed = quire::scenario::format(done->document);
    scenario::ParseResult parsed = scenario::parse(printed, "a.qs");
    EXPECT_TRUE(parsed.ok()) << text << "\n" << printed;
  } else {
    EXPECT_GE(std::get<Diagnostic>(result).column, 1);
  }
}

TEST(Logs, MutationsAreComplaintsOrScenarios) {
  constexpr std::string_view kStrace =
      "7 memfd_create(\"a\", 0) = 3\n7 write(3, \"abc\"..., 10) = 10\n7 clone(child_stack=NULL, flags=SIGCHLD) = 8\n"
      "8 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = 0x7f0000000000\n"
      "8 mremap(0x7f0000000000, 8192, 4096, 0) = 0x7f0000000000\n8 exit_group(0) = ?\n7 brk(NULL) = 0x5555000000\n";
  constexpr std::string_view kXfsIo =
      "open -f -t a\npwrite -S 0xab 0 64k\nfpunch 4k 4k\nmmap -rw 0 64k\nmwrite 1k 5k\nmremap 8k\nmread -v 0 8k\n"
      "xfs_io -f -c \"pwrite 0 4k\" -c 'falloc -k 0 1m' b\n";
  constexpr std::string_view kFsx =
      "write 0x0 0x3000 0x0\nmapwrite 0x2fff 0x1802 0x3000\nskip read 0x0 0x0 0x4801\ncopy_range 0x10 0x1000 0x8000 "
      "0x4801\n"
      "truncate 0x0 0x123 0x9000 close_open\n";
  for (uint64_t seed = 0; seed < 400; ++seed) {
    mutate(Format::strace, kStrace, seed);
    mutate(Format::xfs_io, kXfsIo, seed);
    mutate(Format::fsx, kFsx, seed);
  }
}

}  // namespace
}  // namespace quire::importer
