// Native threads on one area: the references of slots, and swapoff against everybody. Meant for the race detector too.
#include "swap/areas.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace quire::swap {
namespace {
using base::DefectSet;
using phys::Gfp;

constexpr unsigned kThreads = 4;
constexpr unsigned kRounds = 4000;

struct Fixture {
  explicit Fixture(SwapOptions options = {}, uint64_t swap_pages = 65)
      : device("S", PageCount(swap_pages), frames.payload_bytes()), areas(options, folios, defects) {
    EXPECT_EQ(areas.swapon(device), Errno::ok);
  }
  void expect_sound() const {
    sync::CheckReport report;
    frames.check(report);
    folios.check(report);
    areas.check(report);
    EXPECT_TRUE(report.ok()) << report.message();
  }
  /// Folios without references that stayed in the swap cache because somebody had them locked.
  void free_cached() {
    areas.disable_slot_cache();
    areas.reenable_slot_cache();
    for (uint32_t i = 1; i < device.pages().value(); ++i) {
      FolioRef folio = areas.swap_cache_get_folio(SwapEntry(SwapType(0), SwapOffset(i)));
      if (!folio) continue;
      folio->lock();
      (void)areas.folio_free_swap(*folio);
      folio->unlock();
    }
    areas.disable_slot_cache();
    areas.reenable_slot_cache();
  }
  void expect_empty() const {
    expect_sound();
    EXPECT_EQ(frames.peek_free(), frames.ram());
    EXPECT_EQ(areas.peek_area(SwapType(0)).peek_inuse_pages(), PageCount(0));
  }
  FolioRef make(uint8_t stamp, Order order = Order(0)) {
    auto folio = folios.alloc(Gfp::kernel(), order);
    EXPECT_TRUE(folio.ok());
    for (Pfn pfn : base::Range<Pfn>::of((*folio)->pfn(), order.pages()))
      for (uint32_t i = 0; i < frames.payload_bytes(); ++i) frames.write_byte(pfn, i, std::byte{stamp});
    (*folio)->init_flags(FolioFlag::swapbacked | FolioFlag::uptodate);
    return std::move(*folio);
  }
  bool holds(const Folio& folio, uint8_t stamp) {
    return frames.read_byte(folio.pfn(), 0) == std::byte{stamp} &&
           frames.read_byte(folio.pfn(), frames.payload_bytes() - 1) == std::byte{stamp};
  }
  using Pfn = base::Pfn;

  phys::Frames frames{phys::FramesOptions{.ram = PageCount(512), .payload_bytes = 64, .cpus = 2}};
  cache::Folios folios{frames};
  DefectSet defects;
  RamBackend device;
  SwapAreas areas;
};

template <typename Body>
void run_threads(Body body) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) threads.emplace_back(body, t);
  for (std::thread& thread : threads) thread.join();
}

TEST(SwapAreas, LifeOfASlot) {
  Fixture f;
  FolioRef folio = f.make('a');
  folio->lock();
  ASSERT_TRUE(f.areas.add_to_swap(*folio));
  SwapEntry entry = folio->swap();
  EXPECT_EQ(f.areas.swap_duplicate(entry), Errno::ok);
  EXPECT_EQ(f.areas.swap_duplicate(entry), Errno::ok);
  EXPECT_EQ(f.areas.swp_swapcount(entry), 2U);
  folio->clear(FolioFlag::dirty);
  (void)f.areas.swap_writepage(*folio);
  f.expect_sound();
  folio->lock();
  EXPECT_TRUE(f.areas.remove_mapping_from_swap_cache(*folio));
  folio->unlock();
  folio.reset();
  EXPECT_EQ(f.frames.peek_free(), f.frames.ram());

  f.areas.swap_free(entry);
  auto again = f.areas.read_swap_cache_async(entry, Gfp::kernel());
  ASSERT_TRUE(again.ok());
  ASSERT_TRUE(*again);
  EXPECT_TRUE((*again)->uptodate());
  EXPECT_TRUE(f.holds(**again, 'a'));
  EXPECT_EQ(f.areas.free_swap_and_cache(entry, FreeCaller::tmpfs), FreeOutcome::freed);
  EXPECT_EQ(f.areas.swp_swapcount(entry), 0U);
  again->reset();
  f.expect_empty();
}

TEST(SwapAreas, FullCountGoesOnInPagesUntilSwapoff) {
  Fixture f(SwapOptions{.map_max = 2, .cont_max = 1});
  FolioRef folio = f.make('a');
  folio->lock();
  ASSERT_TRUE(f.areas.add_to_swap(*folio));
  SwapEntry entry = folio->swap();
  folio->unlock();
  EXPECT_EQ(f.areas.add_swap_count_continuation(entry, Gfp::kernel()), ContinuationOutcome::useless) << "not full";
  for (unsigned references = 1; references <= 40; ++references) {
    if (f.areas.swap_duplicate(entry) == Errno::enomem) {
      EXPECT_EQ(f.areas.add_swap_count_continuation(entry, Gfp::kernel()), ContinuationOutcome::added);
      EXPECT_EQ(f.areas.add_swap_count_continuation(entry, Gfp::kernel()), ContinuationOutcome::useless)
          << "room by now";
      EXPECT_EQ(f.areas.swap_duplicate(entry), Errno::ok);
    }
    EXPECT_EQ(f.areas.swp_swapcount(entry), references);
    EXPECT_EQ(f.areas.peek_area(SwapType(0)).peek_references(entry.offset()), references);
    f.expect_sound();
  }
  folio->lock();
  EXPECT_FALSE(f.areas.folio_free_swap(*folio)) << "40 references";
  folio->unlock();
  for (unsigned references = 40; references-- > 0;) {
    f.areas.swap_free(entry);
    EXPECT_EQ(f.areas.swp_swapcount(entry), references);
    f.expect_sound();
  }
  folio->lock();
  EXPECT_TRUE(f.areas.folio_free_swap(*folio));
  folio->unlock();
  folio.reset();
  EXPECT_LT(f.frames.peek_free(), f.frames.ram());
  auto area = f.areas.start_swapoff(f.device);
  ASSERT_TRUE(area.ok());
  f.areas.kill_users_and_wait(**area);
  EXPECT_EQ(f.areas.add_swap_count_continuation(entry, Gfp::kernel()), ContinuationOutcome::useless) << "no device";
  f.areas.free_maps(**area);
  f.expect_empty();
}

TEST(SwapAreas, FullCountIsRefused) {
  Fixture f(SwapOptions{.map_max = 2});
  FolioRef folio = f.make('a');
  folio->lock();
  ASSERT_TRUE(f.areas.add_to_swap(*folio));
  SwapEntry entry = folio->swap();
  EXPECT_EQ(f.areas.swap_duplicate(entry), Errno::ok);
  EXPECT_EQ(f.areas.swap_duplicate(entry), Errno::ok);
  EXPECT_EQ(f.areas.swap_duplicate(entry), Errno::enomem);
  EXPECT_EQ(f.areas.swap_duplicate(entry + PageCount(1)), Errno::enoent);
  EXPECT_EQ(f.areas.swap_duplicate(SwapEntry(SwapType(0), SwapOffset(1000))), Errno::einval);
  EXPECT_EQ(f.areas.swapcache_prepare(entry), Errno::eexist);
  f.areas.swap_free(entry);
  f.areas.swap_free(entry);
  EXPECT_TRUE(f.areas.folio_free_swap(*folio));
  EXPECT_TRUE(folio->test(FolioFlag::dirty));
  folio->unlock();
  folio.reset();
  f.expect_empty();
}

TEST(SwapAreas, LargeFolioIsFreedWhenItsLastSlotIs) {
  Fixture f;
  FolioRef folio = f.make('h', Order(2));
  folio->lock();
  ASSERT_TRUE(f.areas.add_to_swap(*folio));
  SwapEntry entry = folio->swap();
  EXPECT_EQ(entry.offset().value() % 4, 0U);
  for (uint64_t i = 0; i < 4; ++i) EXPECT_EQ(f.areas.swap_duplicate(entry + PageCount(i)), Errno::ok);
  folio->clear(FolioFlag::dirty);
  (void)f.areas.swap_writepage(*folio);
  for (uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(f.areas.free_swap_and_cache(entry + PageCount(i), FreeCaller::page_table), FreeOutcome::freed);
  EXPECT_EQ(f.areas.peek_area(SwapType(0)).peek_inuse_pages(), PageCount(4)) << "cached as a whole";
  EXPECT_EQ(f.areas.free_swap_and_cache(entry + PageCount(3), FreeCaller::page_table), FreeOutcome::freed);
  EXPECT_FALSE(folio->test(FolioFlag::swapcache));
  folio.reset();
  f.expect_empty();
}

TEST(SwapAreas, PartlyFreedLargeFolioKeepsTheOtherSlots) {
  Fixture f;
  FolioRef folio = f.make('h', Order(2));
  folio->lock();
  ASSERT_TRUE(f.areas.add_to_swap(*folio));
  SwapEntry entry = folio->swap();
  for (uint64_t i = 0; i < 4; ++i) EXPECT_EQ(f.areas.swap_duplicate(entry + PageCount(i)), Errno::ok);
  folio->clear(FolioFlag::dirty);
  (void)f.areas.swap_writepage(*folio);
  f.areas.swap_free(entry + PageCount(1));
  folio->lock();
  EXPECT_TRUE(f.areas.remove_mapping_from_swap_cache(*folio));
  folio->unlock();
  folio.reset();
  EXPECT_EQ(f.areas.peek_area(SwapType(0)).peek_inuse_pages(), PageCount(3));
  f.expect_sound();
  for (uint64_t i : {0, 2, 3}) f.areas.swap_free(entry + PageCount(i));
  f.expect_empty();
}

TEST(SwapAreas, SecondSwapoffFindsNothing) {
  Fixture f;
  EXPECT_EQ(f.areas.swapon(f.device), Errno::ebusy);
  auto area = f.areas.start_swapoff(f.device);
  ASSERT_TRUE(area.ok());
  EXPECT_EQ(f.areas.start_swapoff(f.device).error(), Errno::einval);
  FolioRef folio = f.make('x');
  EXPECT_EQ(f.areas.folio_alloc_swap(*folio).error(), Errno::enomem);
  f.areas.kill_users_and_wait(**area);
  f.areas.free_maps(**area);
  EXPECT_EQ(f.areas.get_swap_device(SwapEntry(SwapType(0), SwapOffset(1))), nullptr);
  EXPECT_EQ(f.areas.swapon(f.device), Errno::ok);
}

/// Allocate, duplicate and free by several threads, each slot shared by all of them.
TEST(SwapAreasThreads, ReferencesOfSharedSlots) {
  for (auto slot_cache : {SwapOptions::SlotCache::off, SwapOptions::SlotCache::on}) {
    Fixture f(SwapOptions{.slot_cache = slot_cache}, 129);
    run_threads([&](unsigned t) {
      std::mt19937 random(t);
      for (unsigned round = 0; round < kRounds; ++round) {
        FolioRef folio = f.make(static_cast<uint8_t>(round), Order(random() % 8 == 0 ? 1 : 0));
        folio->lock();
        if (!f.areas.add_to_swap(*folio)) {
          folio->unlock();
          continue;
        }
        SwapEntry entry = folio->swap();
        unsigned references = 1 + random() % 3;
        PageCount pages = folio->pages();
        for (uint64_t i = 0; i < pages.value(); ++i)
          for (unsigned r = 0; r < references; ++r) ASSERT_EQ(f.areas.swap_duplicate(entry + PageCount(i)), Errno::ok);
        if (random() % 2 == 0) {
          folio->clear(FolioFlag::dirty);
          (void)f.areas.swap_writepage(*folio);
          folio->lock();
          if (random() % 2 == 0) {
            ASSERT_TRUE(f.areas.remove_mapping_from_swap_cache(*folio));
          }
        }
        folio->unlock();
        folio.reset();
        for (uint64_t i = 0; i < pages.value(); ++i)
          for (unsigned r = 0; r < references; ++r)
            ASSERT_EQ(f.areas.free_swap_and_cache(entry + PageCount(i), FreeCaller::tmpfs), FreeOutcome::freed);
      }
    });
    f.areas.disable_slot_cache();
    f.areas.reenable_slot_cache();
    f.expect_empty();
  }
}

/// Owners of slots, as tmpfs's index is: whoever takes an entry out of its place frees it; swapoff brings the rest in.
TEST(SwapAreasThreads, ContinuedCounts) {
  Fixture f(SwapOptions{.map_max = 1, .cont_max = 1});
  SwapEntry entries[2];
  for (SwapEntry& entry : entries) {
    FolioRef folio = f.make('a');
    folio->lock();
    ASSERT_TRUE(f.areas.add_to_swap(*folio));
    entry = folio->swap();
    folio->unlock();
  }
  run_threads([&](unsigned thread) {
    std::mt19937 random(thread);
    unsigned held[2] = {};
    for (unsigned i = 0; i < 10 * kRounds; ++i) {
      unsigned which = random() % 2;
      if (held[which] < 12 && random() % 2 == 0) {
        Errno error = Errno::ok;
        while ((error = f.areas.swap_duplicate(entries[which])) == Errno::enomem)
          if (f.areas.add_swap_count_continuation(entries[which], Gfp::kernel()) == ContinuationOutcome::no_memory)
            break;
        EXPECT_EQ(error, Errno::ok);
        ++held[which];
      } else if (held[which] > 0) {
        f.areas.swap_free(entries[which]);
        --held[which];
      }
    }
    for (unsigned which : {0, 1})
      for (; held[which] > 0; --held[which]) f.areas.swap_free(entries[which]);
  });
  for (SwapEntry entry : entries) EXPECT_EQ(f.areas.swp_swapcount(entry), 0U);
  f.free_cached();
  f.expect_sound();
}

TEST(SwapAreasThreads, SwapoffAgainstEverybody) {
  for (auto slot_cache : {SwapOptions::SlotCache::off, SwapOptions::SlotCache::on}) {
    Fixture f(SwapOptions{.slot_cache = slot_cache});
    constexpr unsigned kPlaces = 64;
    std::array<std::atomic<uint64_t>, kPlaces> places{};
    std::atomic<unsigned> running{kThreads};
    auto swap_out = [&](std::atomic<uint64_t>& place, uint8_t stamp) {
      FolioRef folio = f.make(stamp);
      folio->lock();
      if (!f.areas.add_to_swap(*folio)) return folio->unlock();
      SwapEntry entry = folio->swap();
      f.areas.swap_shmem_alloc(entry, PageCount(1));
      uint64_t none = 0;
      if (!place.compare_exchange_strong(none, entry.raw())) {
        folio->unlock();
        EXPECT_EQ(f.areas.free_swap_and_cache(entry, FreeCaller::tmpfs), FreeOutcome::freed);
        return;
      }
      folio->clear(FolioFlag::dirty);
      (void)f.areas.swap_writepage(*folio);
      folio->lock();
      if (folio->test(FolioFlag::swapcache)) (void)f.areas.remove_mapping_from_swap_cache(*folio);
      folio->unlock();
    };
    auto swap_in = [&](std::atomic<uint64_t>& place, uint8_t stamp) {
      SwapEntry entry = SwapEntry::from_raw(place.load());
      if (entry.none()) return;
      auto folio = f.areas.read_swap_cache_async(entry, Gfp::kernel());
      ASSERT_TRUE(folio.ok());
      if (!*folio) return;
      (*folio)->lock();
      (*folio)->wait_writeback();
      uint64_t expected = entry.raw();
      bool same = (*folio)->test(FolioFlag::swapcache) && (*folio)->swap() == entry;
      if (same && place.compare_exchange_strong(expected, 0)) {
        EXPECT_TRUE(f.holds(**folio, stamp)) << "another page's contents";
        f.areas.delete_from_swap_cache(**folio);
        f.areas.swap_free(entry);
      }
      (*folio)->unlock();
    };
    std::thread off([&] {
      while (running.load() > 0) {
        auto area = f.areas.start_swapoff(f.device);
        ASSERT_TRUE(area.ok());
        f.areas.disable_slot_cache();
        while ((*area)->inuse_pages() != PageCount(0)) {
          for (unsigned i = 0; i < kPlaces; ++i) swap_in(places[i], static_cast<uint8_t>(i));
          for (auto slot = f.areas.find_next_to_unuse(**area, SwapOffset(0)); slot;
               slot = f.areas.find_next_to_unuse(**area, *slot)) {
            FolioRef folio = f.areas.swap_cache_get_folio((*area)->entry(*slot));
            if (!folio) continue;
            folio->lock();
            folio->wait_writeback();
            (void)f.areas.folio_free_swap(*folio);
            folio->unlock();
          }
        }
        f.areas.reenable_slot_cache();
        f.areas.kill_users_and_wait(**area);
        f.areas.free_maps(**area);
        ASSERT_EQ(f.areas.swapon(f.device), Errno::ok);
        std::this_thread::yield();
      }
    });
    run_threads([&](unsigned t) {
      std::mt19937 random(t);
      for (unsigned round = 0; round < kRounds; ++round) {
        unsigned i = random() % kPlaces;
        switch (random() % 3) {
          case 0: {
            if (places[i].load() == 0) swap_out(places[i], static_cast<uint8_t>(i));
            break;
          }
          case 1: {
            uint64_t raw = places[i].load();
            if (raw == 0 || !places[i].compare_exchange_strong(raw, 0)) break;
            EXPECT_EQ(f.areas.free_swap_and_cache(SwapEntry::from_raw(raw), FreeCaller::tmpfs), FreeOutcome::freed);
            break;
          }
          default:
            swap_in(places[i], static_cast<uint8_t>(i));
        }
      }
      running.fetch_sub(1);
    });
    off.join();
    for (auto& place : places) {
      SwapEntry entry = SwapEntry::from_raw(place.exchange(0));
      if (entry.none()) continue;
      EXPECT_EQ(f.areas.free_swap_and_cache(entry, FreeCaller::tmpfs), FreeOutcome::freed);
    }
    f.expect_sound();
    f.free_cached();
    f.expect_empty();
  }
}

}  // namespace
}  // namespace quire::swap
