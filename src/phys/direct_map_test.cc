// The direct map in one thread: leaves, what splitting costs and what it leaves when it fails, the guards of each
// architecture, and translations that outlive what they were made of.
#include "phys/direct_map.h"

#include <gtest/gtest.h>

#include "phys/vmalloc.h"

namespace quire::phys {
namespace {

using base::Defect;
using base::DefectSet;

constexpr uint64_t kRam = 32;
constexpr unsigned kShift = 2;

FramesOptions small_ram() {
  FramesOptions options;
  options.ram = PageCount(kRam);
  options.payload_bytes = 8;
  options.cpus = 1;
  return options;
}

DirectMapOptions of_arch(Arch arch, Leaf leaf) {
  DirectMapOptions options;
  options.arch = arch;
  options.leaf = leaf;
  options.shift = kShift;
  return options;
}

/// A map with everything that it needs.
struct Fixture {
  explicit Fixture(const DirectMapOptions& options, const DefectSet& defects_ = {}) : defects(defects_) {
    map.emplace(options, frames, tlbs, defects);
  }
  [[nodiscard]] Pfn take() { return *frames.alloc_pages(Gfp::kernel(), Order(0)); }
  [[nodiscard]] KernelFault read(Pfn pfn) {
    return map->access(pfn, KernelAccess::read, Cpus::many, [](Pfn) {});
  }
  [[nodiscard]] KernelFault write(Pfn pfn) {
    return map->access(pfn, KernelAccess::write, Cpus::many, [](Pfn) {});
  }
  [[nodiscard]] bool sound() {
    sync::CheckReport report;
    map->check(report);
    frames.check(report);
    return report.ok();
  }
  DefectSet defects;
  Frames frames{small_ram()};
  KernelTlbs tlbs{1, KernelTlbs::Remember::translations};
  std::optional<DirectMap> map;
};

TEST(DirectMap, BootHasTheLargestLeavesThatFit) {
  Fixture pud(of_arch(Arch::x86, Leaf::pud));
  EXPECT_EQ(pud.map->peek_leaf_level(Pfn(0)), 2U);
  EXPECT_EQ(pud.map->peek_leaf_level(Pfn(31)), 2U);
  DirectMapOptions options = of_arch(Arch::x86, Leaf::pud);
  options.reserved = PageCount(2);
  Fixture reserved(options);
  EXPECT_EQ(reserved.map->peek_leaf_level(Pfn(0)), 2U);
  EXPECT_EQ(reserved.map->peek_leaf_level(Pfn(16)), 1U);
  EXPECT_EQ(reserved.map->peek_leaf_level(Pfn(28)), 0U);
  EXPECT_TRUE(reserved.map->is_reserved(Pfn(30)));
  EXPECT_EQ(reserved.read(Pfn(30)), KernelFault::not_present);
  EXPECT_EQ(reserved.map->set_direct_map_default_noflush(Pfn(30)), Errno::efault);
  options = of_arch(Arch::x86, Leaf::pud);
  options.debug_pagealloc = Switch::on;
  Fixture debug(options);
  EXPECT_EQ(debug.map->peek_leaf_level(Pfn(0)), 0U);
}

TEST(DirectMap, AChangeOfOnePageSplitsEachLevelAndLeavesTheRest) {
  Fixture f(of_arch(Arch::x86, Leaf::pud));
  Pfn pfn = f.take();
  ASSERT_EQ(f.map->set_direct_map_invalid_noflush(pfn), Errno::ok);
  EXPECT_EQ(f.map->peek_table_pages(), PageCount(2));
  EXPECT_EQ(f.map->peek_holes(), PageCount(1));
  EXPECT_EQ(f.read(pfn), KernelFault::not_present);
  EXPECT_FALSE(f.map->kernel_page_present(pfn));
  EXPECT_FALSE(f.sound()) << "its owner did not say that he leaves it so";
  f.map->owner_leaves(pfn, Perm::none);
  EXPECT_TRUE(f.sound());
  ASSERT_EQ(f.map->set_direct_map_default_noflush(pfn), Errno::ok);
  f.map->owner_leaves(pfn, Perm::rw);
  EXPECT_EQ(f.map->peek_table_pages(), PageCount(2)) << "nothing more is split, and leaves are not joined";
  EXPECT_EQ(f.write(pfn), KernelFault::none);
  EXPECT_TRUE(f.sound());
}

TEST(DirectMap, ATranslationLivesUntilItIsFlushed) {
  Fixture f(of_arch(Arch::x86, Leaf::page));
  Pfn pfn = f.take();
  ASSERT_EQ(f.read(pfn), KernelFault::none);
  ASSERT_EQ(f.map->set_direct_map_invalid_noflush(pfn), Errno::ok);
  f.map->owner_leaves(pfn, Perm::none);
  EXPECT_EQ(f.read(pfn), KernelFault::none);
  EXPECT_FALSE(f.sound()) << "a translation of a page that is invalid";
  f.map->flush_tlb_kernel_range(DirectMap::pages_of({pfn, pfn.next()}));
  EXPECT_EQ(f.read(pfn), KernelFault::not_present);
  EXPECT_TRUE(f.sound());
  ASSERT_EQ(f.map->set_direct_map_default_noflush(pfn), Errno::ok);
  EXPECT_EQ(f.read(pfn), KernelFault::none) << "what is not present is not remembered";
}

TEST(DirectMap, WithoutAPageForATableNothingOfARangeChanges) {
  Fixture f(of_arch(Arch::x86, Leaf::pmd));
  Pfn first = *f.frames.alloc_pages(Gfp::kernel(), Order(3));
  while (f.frames.peek_free() > PageCount(1)) (void)f.take();
  Range<Pfn> range = Range<Pfn>::of(first, PageCount(8));
  EXPECT_EQ(f.map->set_memory(range, Perm::ro, WholeLeaves::split), Errno::enomem);
  EXPECT_EQ(f.map->peek_table_pages(), PageCount(1));
  for (Pfn pfn : range) EXPECT_EQ(f.write(pfn), KernelFault::none);
  EXPECT_EQ(f.map->set_memory(range, Perm::ro, WholeLeaves::keep), Errno::ok) << "whole leaves need no page";
  for (Pfn pfn : range) EXPECT_EQ(f.write(pfn), KernelFault::not_writable);
  EXPECT_TRUE(f.sound());
}

TEST(DirectMap, AWholeLeafIsChangedBackToo) {
  Fixture f(of_arch(Arch::x86, Leaf::pmd));
  Pfn first = *f.frames.alloc_pages(Gfp::kernel(), Order(3));
  while (f.frames.peek_free() > PageCount(0)) (void)f.take();
  EXPECT_EQ(f.map->set_memory(Range<Pfn>::of(first, PageCount(6)), Perm::ro, WholeLeaves::keep), Errno::enomem);
  for (Pfn pfn : Range<Pfn>::of(first, PageCount(8))) EXPECT_EQ(f.write(pfn), KernelFault::none);
  EXPECT_EQ(f.map->peek_table_pages(), PageCount(0));
  EXPECT_TRUE(f.sound());
}

TEST(DirectMap, DebugPageallocMapsWhatIsAllocatedAndNothingElse) {
  DirectMapOptions options = of_arch(Arch::x86, Leaf::pmd);
  options.debug_pagealloc = Switch::on;
  Fixture f(options);
  EXPECT_EQ(f.map->peek_holes(), PageCount(kRam));
  Pfn first = *f.frames.alloc_pages(Gfp::kernel(), Order(2));
  EXPECT_EQ(f.map->peek_holes(), PageCount(kRam - 4));
  f.frames.zero(first);
  EXPECT_TRUE(f.sound());
  f.frames.free_pages(first, Order(2));
  EXPECT_EQ(f.read(first), KernelFault::not_present);
  EXPECT_TRUE(f.sound());
}

struct Guard {
  Arch arch;
  DirectMapVersion version;
  Switch debug_pagealloc;
  Switch rodata_full;
  bool set_direct_map;
  bool kernel_map_pages;
  bool present_looks;
};

TEST(DirectMapRules, GuardsOfEachArchitectureAndVersion) {
  constexpr auto kOff = Switch::off;
  constexpr auto kOn = Switch::on;
  constexpr auto kOld = DirectMapVersion::v5_10;
  constexpr auto kV1 = DirectMapVersion::series_v1;
  constexpr auto kNow = DirectMapVersion::current;
  const Guard guards[] = {
      {Arch::x86, kOld, kOff, kOff, true, true, true},      {Arch::x86, kNow, kOff, kOff, true, true, true},
      {Arch::arm64, kOld, kOff, kOff, false, false, false}, {Arch::arm64, kOld, kOn, kOff, false, true, true},
      {Arch::arm64, kOld, kOff, kOn, true, true, true},     {Arch::arm64, kV1, kOn, kOff, false, true, true},
      {Arch::arm64, kNow, kOff, kOff, false, false, false}, {Arch::arm64, kNow, kOn, kOff, true, true, true},
      {Arch::riscv, kOld, kOff, kOff, true, false, true},   {Arch::riscv, kOld, kOn, kOff, true, true, true},
      {Arch::riscv, kNow, kOff, kOff, true, false, true},
  };
  for (const Guard& g : guards) {
    DirectMapOptions options = of_arch(g.arch, Leaf::page);
    options.version = g.version;
    options.debug_pagealloc = g.debug_pagealloc;
    options.rodata_full = g.rodata_full;
    DefectSet none;
    DirectMapRules rules(options, none);
    std::string which = std::to_string(&g - guards);
    EXPECT_EQ(rules.acts(DirectMapCall::set_direct_map), g.set_direct_map) << which;
    EXPECT_EQ(rules.acts(DirectMapCall::kernel_map_pages), g.kernel_map_pages) << which;
    EXPECT_EQ(rules.present_looks(), g.present_looks) << which;
  }
}

TEST(DirectMapRules, WithoutTheCallsThereAreStubs) {
  DirectMapOptions options = of_arch(Arch::riscv, Leaf::page);
  options.set_direct_map = Switch::off;
  Fixture f(options);
  Pfn pfn = f.take();
  EXPECT_EQ(f.map->set_direct_map_invalid_noflush(pfn), Errno::ok);
  EXPECT_EQ(f.read(pfn), KernelFault::none);
  EXPECT_TRUE(f.map->kernel_page_present(pfn));
}

TEST(DirectMapRules, RiscvOf510ChangesTheLeafThatItFinds) {
  DirectMapOptions options = of_arch(Arch::riscv, Leaf::pmd);
  options.version = DirectMapVersion::v5_10;
  Fixture f(options);
  Pfn pfn = f.take();
  EXPECT_EQ(f.map->set_direct_map_invalid_noflush(pfn), Errno::ok);
  EXPECT_EQ(f.map->peek_holes(), PageCount(uint64_t{1} << kShift));
}

TEST(Vmalloc, AreasComeAndGoWithGuardPagesBetween) {
  Fixture f(of_arch(Arch::x86, Leaf::page));
  Vmalloc vmalloc(f.frames, *f.map, f.tlbs, f.defects, PageCount(12));
  VirtAddr a = *vmalloc.alloc(PageCount(3), Vmalloc::kFlushResetPerms);
  VirtAddr b = *vmalloc.alloc(PageCount(2), 0);
  EXPECT_EQ((b - a).value(), 4 * base::kPageSize);
  EXPECT_EQ(vmalloc.vmalloc_to_page(a + base::bytes_of(PageCount(3))).error(), Errno::efault);
  ASSERT_EQ(vmalloc.set_memory(a, PageCount(3), Perm::rox), Errno::ok);
  Pfn text = *vmalloc.vmalloc_to_page(a);
  EXPECT_EQ(f.write(text), KernelFault::not_writable);
  EXPECT_EQ(vmalloc.vfree(a), Errno::ok);
  EXPECT_EQ(f.write(text), KernelFault::none);
  EXPECT_EQ(vmalloc.vfree(a), Errno::einval);
  EXPECT_EQ(*vmalloc.alloc(PageCount(1), 0), a) << "the first gap that has room";
  EXPECT_EQ(vmalloc.alloc(PageCount(6), 0).error(), Errno::enomem) << "no room for a guard page behind it";
  EXPECT_EQ(vmalloc.peek_pages(), PageCount(3));
  sync::CheckReport report;
  vmalloc.check(report);
  EXPECT_TRUE(report.ok() && f.sound());
}

}  // namespace
}  // namespace quire::phys
