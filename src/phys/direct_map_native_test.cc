// The direct map as a mapping of the host: what is not present traps, and the host may refuse to split.
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "phys/direct_map.h"
#include "phys/vmalloc.h"

namespace quire::phys {
namespace {

using base::Defect;
using base::DefectSet;

DirectMapOptions on_x86(Switch debug = Switch::off) {
  DirectMapOptions options;
  options.arch = Arch::x86;
  options.leaf = Leaf::pmd;
  options.debug_pagealloc = debug;
  return options;
}

/// A map with everything that it needs, of real memory.
struct NativeMap {
  explicit NativeMap(PageCount ram, const DirectMapOptions& options = on_x86()) : frames(twice(ram)) {
    // What dies is the test run again: a child has not the memory at all.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    map.emplace(options, frames, tlbs, defects);
  }
  static FramesOptions twice(PageCount ram) {
    FramesOptions options;
    options.ram = ram;
    options.mapped = Ram::Mapped::twice;
    return options;
  }
  [[nodiscard]] Pfn take() { return *frames.alloc_pages(Gfp::kernel(), Order(0)); }
  void touch(Pfn pfn, uint32_t offset = 0) {
    volatile std::byte* at = &frames.kernel_payload(pfn)[offset];
    *at = std::byte{1};
  }
  [[nodiscard]] bool sound() {
    sync::CheckReport report;
    map->check(report);
    EXPECT_TRUE(report.ok()) << report.message();
    return report.ok();
  }
  DefectSet defects;
  Frames frames;
  KernelTlbs tlbs{1, KernelTlbs::Remember::nothing};
  std::optional<DirectMap> map;
};

TEST(NativeDirectMap, BothMappingsAreTheSameMemory) {
  NativeMap f(PageCount(1024));
  Pfn pfn = f.take();
  ASSERT_TRUE(f.frames.ram_memory().is_twice());
  EXPECT_NE(f.frames.payload(pfn).data(), f.frames.kernel_payload(pfn).data());
  f.frames.zero(pfn);
  f.frames.write_byte(pfn, 5, std::byte{42});
  EXPECT_EQ(f.frames.kernel_payload(pfn)[5], std::byte{42});
  f.touch(pfn, 6);
  EXPECT_EQ(f.frames.read_byte(pfn, 6), std::byte{1});
}

TEST(NativeDirectMapDeathTest, ATouchOfWhatIsNotPresentTrapsWithTheFrameAndWho) {
  NativeMap f(PageCount(1024));
  Pfn pfn = f.take();
  f.frames.zero(pfn);
  ASSERT_EQ(f.map->set_direct_map_invalid_noflush(pfn), Errno::ok);
  EXPECT_EQ(f.frames.read_byte(pfn, 7), std::byte{0});  // users' tables lead there as before
  std::string text = "trap: the kernel touches frame " + std::to_string(pfn.value()) +
                     " at offset 0x7, which is not present in the direct map: set_direct_map_invalid by thread";
  EXPECT_DEATH(f.touch(pfn, 7), text);
  ASSERT_EQ(f.map->set_direct_map_default_noflush(pfn), Errno::ok);
  f.touch(pfn, 7);
}

TEST(NativeDirectMapDeathTest, ReadOnlyPagesMayBeReadAndNotWritten) {
  NativeMap f(PageCount(1024));
  Pfn pfn = f.take();
  f.frames.zero(pfn);
  ASSERT_EQ(f.map->set_memory({pfn, pfn.next()}, Perm::ro, WholeLeaves::split), Errno::ok);
  EXPECT_EQ(f.frames.kernel_payload(pfn)[3], std::byte{0});
  EXPECT_DEATH(f.touch(pfn), "read-only in the direct map: set_memory by thread");
}

TEST(NativeDirectMapDeathTest, ReservedFramesAreAtNoAddress) {
  DirectMapOptions options = on_x86();
  options.reserved = PageCount(2);
  NativeMap f(PageCount(1024), options);
  EXPECT_DEATH(f.touch(Pfn(1023)), "frame 1023 .*boot");
  f.touch(Pfn(1021));
}

TEST(NativeDirectMapDeathTest, FreePagesTrapWithDebugPagealloc) {
  NativeMap f(PageCount(1024), on_x86(Switch::on));
  Pfn pfn = f.take();
  f.touch(pfn);
  f.frames.free_pages(pfn, Order(0));
  EXPECT_DEATH(f.touch(pfn), "kernel_map_pages by thread");
  EXPECT_TRUE(f.sound());
}

// With as many mappings as the host allows, a change fails as a split does, and what was changed before is as it was.
TEST(NativeDirectMap, TheHostsLimitOfMappingsIsEnomem) {
  constexpr uint32_t kFrames = 160'000;
  NativeMap f{PageCount(kFrames)};
  std::vector<Pfn> invalid;
  Errno error = Errno::ok;
  for (uint32_t frame = 0; frame < kFrames && error == Errno::ok; frame += 2) {
    error = f.map->set_direct_map_invalid_noflush(Pfn(frame));
    if (error != Errno::ok) break;
    f.map->owner_leaves(Pfn(frame), Perm::none);
    invalid.emplace_back(frame);
  }
  if (error == Errno::ok) GTEST_SKIP() << "the host allows so many mappings: " << invalid.size();
  EXPECT_EQ(error, Errno::enomem);
  EXPECT_TRUE(f.sound());
  // The first page can be changed, which makes one mapping of three; in the middle of the rest nothing can.
  Range<Pfn> range(invalid.back(), Pfn(invalid.back().value() + 64));
  EXPECT_EQ(f.map->set_memory(range, Perm::ro, WholeLeaves::split), Errno::ok);
  std::vector<Pfn> scattered = {Pfn(kFrames - 50), Pfn(kFrames - 40), Pfn(kFrames - 30)};
  while (f.map->change_pages(scattered, Perm::ro) == Errno::ok)
    for (Pfn& pfn : scattered) pfn = Pfn(pfn.value() - 100);
  for (Pfn pfn : scattered) EXPECT_EQ(f.map->peek_perm(pfn), Perm::rw);
  EXPECT_TRUE(f.sound());
  for (Pfn pfn : scattered) f.touch(pfn);
  for (Pfn pfn : invalid) {
    ASSERT_EQ(f.map->set_direct_map_default_noflush(pfn), Errno::ok);
    f.map->owner_leaves(pfn, Perm::rw);
  }
}

// With debug_pagealloc nobody could be told: pages that must be accessible are.
TEST(NativeDirectMap, DebugPageallocGivesTrapsUpRatherThanFail) {
  constexpr uint32_t kFrames = 160'000;
  NativeMap f{PageCount(kFrames), on_x86(Switch::on)};
  std::vector<Pfn> pages;
  for (uint32_t i = 0; i < kFrames - 1000; ++i) pages.push_back(f.take());
  for (std::size_t i = 0; i < pages.size(); i += 2) f.frames.free_pages(pages[i], Order(0));
  for (std::size_t i = 0; i < pages.size(); i += 2) f.touch(f.take());
  for (std::size_t i = 1; i < pages.size(); i += 2) f.touch(pages[i]);
  EXPECT_TRUE(f.sound());
}

// A page of an area that is freed with its permissions reset is accessible again, for its next owner.
TEST(NativeDirectMap, FreedAreasAreAccessible) {
  NativeMap f(PageCount(1024));
  Vmalloc vmalloc(f.frames, *f.map, f.tlbs, f.defects, PageCount(256));
  auto at = vmalloc.alloc(PageCount(16), Vmalloc::kFlushResetPerms);
  ASSERT_TRUE(at.ok());
  ASSERT_EQ(vmalloc.set_memory(*at, PageCount(16), Perm::rox), Errno::ok);
  ASSERT_EQ(vmalloc.vfree(*at), Errno::ok);
  for (int i = 0; i < 900; ++i) f.touch(f.take());
  EXPECT_TRUE(f.sound());
}

}  // namespace
}  // namespace quire::phys
