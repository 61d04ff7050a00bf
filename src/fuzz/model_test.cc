#include "fuzz/model.h"

#include <gtest/gtest.h>

#include <utility>

#include "scenario/parser.h"

namespace quire::fuzz {
namespace {

/// What the model says of calls whose results are made up: "" where it has nothing against them.
struct Said {
  std::size_t index = 0;
  std::string expected;
};

Said model_of(const std::string& calls, const std::vector<std::string>& defects = {}) {
  std::string text =
      "scenario a \"b\"\nmachine cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512\ncheck {\n" + calls + "}\n";
  scenario::ParseResult parsed = scenario::parse(text, "a.qs");
  EXPECT_TRUE(parsed.ok());
  Sequence run = run_in_order(parsed.document().scenarios.front(), defects);
  EXPECT_EQ(run.error, "");
  // Which results the call gave is what a test changes: the last one is taken as wrong.
  run.results.back().text = "?";
  auto mismatch = first_mismatch(run.plan, run.results);
  return mismatch ? Said{mismatch->index, mismatch->expected} : Said{};
}

const std::string kFile =
    "A: f = memfd_create(\"f\", 0)\nA: ftruncate(f, 2*4K)\nA: pwrite(f, fill('F', 2*4K), 0)\n"
    "A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f, 0)\n";
const std::string kMemory = "A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n";

TEST(Model, NewMemoryIsZero) { EXPECT_EQ(model_of(kMemory + "A: load(p[1])\n").expected, "0"); }

TEST(Model, AStoreIsRead) { EXPECT_EQ(model_of(kMemory + "A: store(p[1], 'a')\nA: load(p[1])\n").expected, "97"); }

TEST(Model, PagingOutChangesNothing) {
  EXPECT_EQ(model_of(kMemory + "A: store(p[1], 'a')\nA: madvise(p[1], MADV_PAGEOUT)\nA: load(p[1])\n").expected, "97");
}

TEST(Model, DontneedDropsWhatIsPrivate) {
  EXPECT_EQ(model_of(kMemory + "A: store(p[0], 'a')\nA: madvise(p[0], MADV_DONTNEED)\nA: load(p[0])\n").expected, "0");
  EXPECT_EQ(model_of(kFile + "A: store(p[0], 'a')\nA: madvise(p[0], MADV_DONTNEED)\nA: load(p[0])\n").expected, "70");
}

TEST(Model, FreedMemoryIsUnknownUntilItIsWritten) {
  std::string freed = kMemory + "A: store(p[0], 'a')\nA: madvise(p[0], MADV_FREE)\n";
  EXPECT_EQ(model_of(freed + "A: load(p[0])\n").expected, "");
  EXPECT_EQ(model_of(freed + "A: store(p[0], 'b')\nA: load(p[0])\n").expected, "98");
}

TEST(Model, AHolePunchLeavesPrivateCopies) {
  std::string punch = "A: fallocate(f, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 2*4K)\n";
  EXPECT_EQ(model_of(kFile + "A: store(p[0], 'a')\n" + punch + "A: load(p[0])\n").expected, "97");
  EXPECT_EQ(model_of(kFile + "A: store(p[0], 'a')\n" + punch + "A: load(p[1])\n").expected, "0");
}

TEST(Model, ATruncationTakesPrivateCopies) {
  std::string cut = kFile + "A: store(p[1], 'a')\nA: ftruncate(f, 4K)\n";
  EXPECT_EQ(model_of(cut + "A: load(p[1])\n").expected, "SIGBUS(2)");
  EXPECT_EQ(model_of(cut + "A: ftruncate(f, 2*4K)\nA: load(p[1])\n").expected, "0");
  EXPECT_EQ(model_of(cut + "A: pread(f, 4K)\n").expected, "-ENODATA");
}

TEST(Model, RightsAndHoles) {
  EXPECT_EQ(model_of(kMemory + "A: mprotect(p[0], PROT_READ)\nA: store(p[0], 'a')\n").expected, "SIGSEGV(2)");
  EXPECT_EQ(model_of(kMemory + "A: munmap(p[0])\nA: store(p[0], 'a')\n").expected, "SIGSEGV(1)");
}

TEST(Model, AForkSharesWhatIsSharedAndCopiesWhatIsNot) {
  std::string forked = kMemory +
                       "A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)\n"
                       "A: store(p[0], 'a')\nA: store(q[0], 'a')\nA: C = fork()\nC: store(p[0], 'c')\n"
                       "C: store(q[0], 'c')\n";
  EXPECT_EQ(model_of(forked + "A: load(p[0])\n").expected, "97");
  EXPECT_EQ(model_of(forked + "A: load(q[0])\n").expected, "99");
}

TEST(Model, WhatMovesKeepsItsBytes) {
  std::string moved =
      kMemory + "A: store(p[1], 'a')\nA: q = mremap(p, 2*4K, 3*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 40*4K)\n";
  EXPECT_EQ(model_of(moved + "A: load(q[1])\n").expected, "97");
  EXPECT_EQ(model_of(moved + "A: load(q[2])\n").expected, "0");
  EXPECT_EQ(model_of(moved + "A: load(p[1])\n").expected, "SIGSEGV(1)");
}

TEST(Model, ALockCopiesWhatMayBeWritten) {
  EXPECT_EQ(model_of(kFile + "A: mlock(p[0])\nA: pwrite(f, 'x', 0)\nA: load(p[0])\n").expected, "70");
  EXPECT_EQ(model_of(kFile + "A: load(p[0])\nA: pwrite(f, 'x', 0)\nA: load(p[0])\n").expected, "120");
}

TEST(Model, ADefectIsSeenInTheContents) {
  std::string calls = kFile +
                      "A: store(p[1], 'a')\nA: madvise(p[1], MADV_PAGEOUT)\nA: ftruncate(f, 4K)\nA: load(p[1])\n" +
                      "A: load(p[0])\n";
  EXPECT_EQ(model_of(calls).index, 8U);
  Said said = model_of(calls, {"D1-1"});
  EXPECT_EQ(said.index, 7U);
  EXPECT_EQ(said.expected, "SIGBUS(2)");
}

}  // namespace
}  // namespace quire::fuzz
