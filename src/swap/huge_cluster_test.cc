// Huge clusters against a model that knows nothing of bytes: who refers to a slot, what is cached, which clusters are
// huge. Each step is taken by both, and everything is compared.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "swap/areas.h"

namespace quire::swap {
namespace {
using base::DefectSet;
using base::Pfn;
using phys::Gfp;

struct Sizes {
  unsigned shift;  ///< a cluster has 2^shift slots
  unsigned map_max;
  unsigned cont_max;
  unsigned rounds;
};

/// What is known of one cluster in use.
struct Modelled {
  SwapEntry first = {};
  bool huge = true;
  unsigned pmd_references = 0;                ///< live or stale
  std::vector<unsigned> pte_references = {};  ///< per slot
  std::vector<bool> cached = {};              ///< per slot
  bool whole = true;                          ///< what is cached is one folio
  [[nodiscard]] unsigned references(uint64_t i) const { return pmd_references + pte_references[i]; }
  [[nodiscard]] bool any_cached() const {
    for (bool c : cached)
      if (c) return true;
    return false;
  }
  [[nodiscard]] bool in_use(uint64_t i) const { return references(i) > 0 || cached[i]; }
};

class HugeClusters : public ::testing::TestWithParam<Sizes> {
 protected:
  HugeClusters() { EXPECT_EQ(areas_.swapon(device_), Errno::ok); }
  [[nodiscard]] static SwapOptions options() {
    SwapOptions o;
    o.cluster_shift = GetParam().shift;
    o.map_max = GetParam().map_max;
    o.cont_max = GetParam().cont_max;
    o.thp_swap = ThpSwap::pmd;
    return o;
  }
  [[nodiscard]] static PageCount size() { return Order(GetParam().shift).pages(); }
  [[nodiscard]] uint64_t below(uint64_t n) { return random_() % n; }
  [[nodiscard]] const SwapArea& area() const { return areas_.peek_area(SwapType(0)); }

  void allocate() {
    auto folio = folios_.alloc(Gfp::kernel(), Order(GetParam().shift));
    ASSERT_TRUE(folio.ok());
    (*folio)->init_flags(FolioFlag::swapbacked | FolioFlag::uptodate);
    (*folio)->lock();
    if (areas_.add_to_swap(**folio)) {
      Modelled m;
      m.first = (*folio)->swap();
      m.pte_references.resize(size().value());
      m.cached.resize(size().value(), true);
      clusters_.push_back(m);
    }
    (*folio)->unlock();
  }

  // Room is made where it is wanted, and nothing has changed before that.
  void duplicate(Modelled& m, SwapEntry first, PageCount pages) {
    for (;;) {
      SwapEntry entry = first;
      Errno error = pages == PageCount(1) ? areas_.swap_duplicate(entry) : areas_.swap_duplicate(entry, pages);
      if (pages > PageCount(1) && !m.huge) {
        EXPECT_EQ(error, Errno::enotdir);
        return;
      }
      if (error == Errno::enomem) {
        compare(m);
        EXPECT_EQ(areas_.add_swap_count_continuation(entry, Gfp::kernel()), ContinuationOutcome::added);
        ++continuations_;
        continue;
      }
      EXPECT_EQ(error, Errno::ok);
      break;
    }
    if (pages > PageCount(1))
      ++m.pmd_references;
    else
      ++m.pte_references[(first.offset() - m.first.offset()).value()];
  }

  void put_pmd_reference(Modelled& m) {
    if (m.pmd_references == 0) return;
    --m.pmd_references;
    if (m.huge && below(2) == 0) {
      EXPECT_EQ(areas_.free_swap_and_cache(m.first, size(), FreeCaller::page_table), FreeOutcome::freed);
      bool referenced = false;
      for (uint64_t i = 0; i < size().value(); ++i) referenced = referenced || m.references(i) > 0;
      if (!referenced) m.cached.assign(size().value(), false);
    } else {
      areas_.swap_free(m.first, size());
    }
    unless_mapped(m);
  }
  // Huge only as long as a PMD maps it or its folio is cached.
  static void unless_mapped(Modelled& m) {
    if (m.pmd_references == 0 && !m.any_cached()) m.huge = false;
  }
  void put_pte_reference(Modelled& m, uint64_t i) {
    if (m.pte_references[i] == 0) return;
    --m.pte_references[i];
    areas_.swap_free(m.first + PageCount(i));
  }
  void split_map(Modelled& m) {
    if (m.pmd_references == 0) return;
    EXPECT_EQ(areas_.split_swap_cluster_map(m.first + PageCount(below(size().value()))), Errno::ok);
    --m.pmd_references;
    for (unsigned& r : m.pte_references) ++r;
    unless_mapped(m);
  }
  void split_cluster(Modelled& m) {
    bool stays = m.huge && m.any_cached();
    EXPECT_EQ(areas_.split_swap_cluster(m.first, WhileCached::keep), stays ? Errno::eexist : Errno::ok);
    if (!stays) m.huge = false;
  }
  void split_folio(Modelled& m) {
    if (!m.any_cached() || !m.whole) return;
    FolioRef folio = areas_.swap_cache_get_folio(m.first);
    folio->lock();
    ASSERT_TRUE(areas_.split_in_swap_cache(*folio));
    EXPECT_EQ(areas_.split_swap_cluster(m.first, WhileCached::split), Errno::ok);
    for (uint64_t i = 0; i < size().value(); ++i) {
      Folio& page = folios_.page(folio->pfn() + PageCount(i));
      EXPECT_EQ(page.swap(), m.first + PageCount(i));
      page.unlock();
      if (i > 0) page.put();
    }
    m.huge = false;
    m.whole = false;
  }
  void uncache(Modelled& m, uint64_t i) {
    if (!m.cached[i]) return;
    FolioRef folio = areas_.swap_cache_get_folio(m.first + PageCount(i));
    ASSERT_TRUE(folio);
    EXPECT_EQ(folio->pages(), m.whole ? size() : PageCount(1));
    folio->lock();
    areas_.delete_from_swap_cache(*folio);
    folio->unlock();
    if (!m.whole) {
      m.cached[i] = false;
      return;
    }
    m.cached.assign(size().value(), false);
    if (m.pmd_references == 0) m.huge = false;
  }
  void read(Modelled& m, uint64_t i) {
    if (m.references(i) == 0 || m.cached[i]) return;
    if (m.huge && below(2) == 0) {
      auto folio = areas_.read_huge_swap_cache(m.first, size(), Gfp::kernel());
      ASSERT_TRUE(folio.ok());
      EXPECT_EQ((*folio)->pages(), size());
    } else {
      if (!m.huge) {
        EXPECT_EQ(areas_.swapcache_prepare(m.first, size()), Errno::enotdir);
      }
      auto folio = areas_.read_swap_cache_async(m.first + PageCount(i), Gfp::kernel());
      ASSERT_TRUE(folio.ok());
      EXPECT_EQ((*folio)->pages(), m.huge ? size() : PageCount(1));
    }
    if (m.huge) {
      m.whole = true;
      m.cached.assign(size().value(), true);
    } else {
      m.whole = false;
      m.cached[i] = true;
    }
  }

  void compare(const Modelled& m) {
    EXPECT_EQ(areas_.in_huge_cluster(m.first), m.huge);
    uint64_t used = 0;
    for (uint64_t i = 0; i < size().value(); ++i) {
      SwapOffset slot = (m.first + PageCount(i)).offset();
      EXPECT_EQ(area().peek_references(slot), m.references(i)) << "slot " << slot.value();
      EXPECT_EQ(area().peek_swap_map(slot).free(), !m.in_use(i)) << "slot " << slot.value();
      EXPECT_EQ(area().peek_swap_map(slot).has_cache(), m.cached[i]) << "slot " << slot.value();
      used += m.in_use(i) ? 1 : 0;
    }
    EXPECT_EQ(area().peek_cluster_count(m.first.offset()), used + (m.huge ? m.pmd_references : 0));
  }
  void compare_all() {
    uint64_t used = 0;
    for (const Modelled& m : clusters_) {
      compare(m);
      for (uint64_t i = 0; i < size().value(); ++i) used += m.in_use(i) ? 1 : 0;
    }
    EXPECT_EQ(area().peek_inuse_pages(), PageCount(used));
    sync::CheckReport report;
    areas_.check(report);
    folios_.check(report);
    EXPECT_TRUE(report.ok()) << report.message();
  }
  void step(Modelled& m) {
    uint64_t i = below(size().value());
    switch (below(9)) {
      case 0:
      case 1:
        if (m.in_use(i)) duplicate(m, m.first + PageCount(i), PageCount(1));
        break;
      case 2:
        if (m.pmd_references > 0 || (m.any_cached() && m.whole)) duplicate(m, m.first, size());
        break;
      case 3:
        put_pmd_reference(m);
        break;
      case 4:
        put_pte_reference(m, i);
        break;
      case 5:
        split_map(m);
        break;
      case 6:
        if (below(4) == 0) split_cluster(m);
        break;
      case 7:
        if (below(4) == 0)
          split_folio(m);
        else
          uncache(m, i);
        break;
      default:
        read(m, i);
    }
  }
  // Down to nothing, so that a cluster becomes free in one way or another.
  void release(Modelled& m) {
    while (m.pmd_references > 0) put_pmd_reference(m);
    for (uint64_t i = 0; i < size().value(); ++i) {
      while (m.pte_references[i] > 0) put_pte_reference(m, i);
      uncache(m, i);
    }
    unless_mapped(m);
  }
  void forget_free() {
    std::erase_if(clusters_, [](const Modelled& m) {
      for (uint64_t i = 0; i < m.cached.size(); ++i)
        if (m.in_use(i)) return false;
      return true;
    });
  }

  std::mt19937 random_{1};
  std::vector<Modelled> clusters_;
  unsigned continuations_ = 0;
  /// Of eight bytes a page: few slots share their continuation pages.
  phys::Frames frames_{phys::FramesOptions{.ram = PageCount(16384), .payload_bytes = 8, .cpus = 1}};
  cache::Folios folios_{frames_};
  DefectSet defects_;
  RamBackend device_{"S", PageCount(16 * size().value() + 1), 8};
  SwapAreas areas_{options(), folios_, defects_};
};

TEST_P(HugeClusters, AreWhatTheModelSays) {
  unsigned stale = 0;
  for (unsigned round = 0; round < GetParam().rounds && !HasFailure(); ++round) {
    if (clusters_.size() < (GetParam().shift == 9 ? 3U : 8U) && below(8) == 0) allocate();
    if (clusters_.empty()) continue;
    Modelled& m = clusters_[below(clusters_.size())];
    if (below(200) == 0)
      release(m);
    else
      step(m);
    stale += !m.huge && m.pmd_references > 0 ? 1 : 0;
    compare_all();
    forget_free();
  }
  EXPECT_EQ(continuations_ > 0, GetParam().map_max < 62);
  EXPECT_GT(stale, 0U) << "no cluster was split under a PMD mapping";
  for (Modelled& m : clusters_) release(m);
  compare_all();
  EXPECT_EQ(area().peek_inuse_pages(), PageCount(0));
}

INSTANTIATE_TEST_SUITE_P(Sizes, HugeClusters,
                         ::testing::Values(Sizes{1, 1, 1, 8000}, Sizes{2, 2, 3, 8000}, Sizes{2, 62, 127, 4000},
                                           Sizes{9, 2, 1, 3000}));

}  // namespace
}  // namespace quire::swap
