// Counts with higher digits against plain integers: with Linux's digits up to 1,100,000 references, and with digits so
// small that every carry happens soon.
#include "swap/continuation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <random>
#include <vector>

namespace quire::swap {
namespace {
using base::Errno;
using base::Order;
using base::PageCount;

constexpr uint64_t kReferencesMax = 1'100'000;

/// The counts of neighbouring slots as an area keeps them, each beside the number it should be.
class Counts {
 public:
  explicit Counts(uint32_t slots, unsigned map_max = CountByte::kMax, unsigned digit_max = Continuations::kDigitMax)
      : map_max_(map_max),
        digits_(std::make_unique<Continuations>(
            folios_, Continuations::Options{.slots = slots, .map_max = map_max, .digit_max = digit_max})),
        bytes_(slots, CountByte(CountByte::kHasCache)),
        model_(slots) {}

  void up(uint32_t slot) {
    CountByte& byte = bytes_[slot];
    if (byte.full(map_max_)) {
      if (digits_->carry(SwapOffset(slot), byte) != Errno::ok) {
        CountByte before = byte;
        ASSERT_EQ(add_page(slot), Continuations::Added::taken);
        ASSERT_EQ(byte, before);
        ASSERT_EQ(digits_->carry(SwapOffset(slot), byte), Errno::ok) << "with room for it";
      }
      byte = byte.carried();
    } else {
      byte = *byte.plus_reference(map_max_);
    }
    ++model_[slot];
  }
  void down(uint32_t slot) {
    CountByte& byte = bytes_[slot];
    byte = byte.must_borrow() ? byte.borrowed(map_max_, digits_->borrow(SwapOffset(slot))) : *byte.minus_reference();
    --model_[slot];
  }
  void go_to(uint32_t slot, uint64_t target) {
    while (model_[slot] < target) up(slot);
    while (model_[slot] > target) down(slot);
  }
  void expect_right(uint32_t slot) {
    CountByte byte = bytes_[slot];
    ASSERT_EQ(digits_->references(SwapOffset(slot), byte), model_[slot]) << "slot " << slot;
    ASSERT_EQ(byte.continued(), model_[slot] > map_max_) << "slot " << slot << " with " << model_[slot];
    ASSERT_TRUE(byte.has_cache());
  }
  void expect_all_right() {
    sync::CheckReport report;
    for (uint32_t slot = 0; slot < bytes_.size(); ++slot) {
      expect_right(slot);
      digits_->check(report, SwapOffset(slot), bytes_[slot]);
    }
    EXPECT_TRUE(report.ok()) << report.message();
  }
  [[nodiscard]] uint64_t pages() const {
    uint64_t pages = 0;
    digits_->peek_each_page([&](const cache::Folio&) { ++pages; });
    return pages;
  }
  [[nodiscard]] uint64_t model(uint32_t slot) const { return model_[slot]; }
  [[nodiscard]] CountByte byte(uint32_t slot) const { return bytes_[slot]; }
  [[nodiscard]] Continuations::Added add_page(uint32_t slot) {
    auto page = folios_.alloc(phys::Gfp::kernel(), Order(0));
    EXPECT_TRUE(page.ok());
    // Nobody promises that it is zeroed.
    std::ranges::fill(frames_.payload((*page)->pfn()), std::byte{0xa5});
    return digits_->add_page(SwapOffset(slot), bytes_[slot], *page);
  }
  /// What swapoff does.
  void expect_nothing_left_when_freed() {
    digits_.reset();
    EXPECT_EQ(frames_.peek_free(), frames_.ram());
  }

 private:
  const unsigned map_max_;
  phys::Frames frames_{phys::FramesOptions{.ram = PageCount(64), .payload_bytes = 4096, .cpus = 1}};
  cache::Folios folios_{frames_};
  std::unique_ptr<Continuations> digits_;
  std::vector<CountByte> bytes_;
  std::vector<uint64_t> model_;
};

/// Many small numbers and a few as great as `most`.
uint64_t any_number(std::mt19937_64& random, uint64_t most) {
  unsigned bits = std::uniform_int_distribution<unsigned>(0, static_cast<unsigned>(std::bit_width(most)))(random);
  return std::min(most, random() & ((uint64_t{1} << bits) - 1));
}

TEST(Continuations, LinuxDigits) {
  Counts counts(1);
  struct Step {
    uint64_t references;
    uint64_t pages;
    uint8_t byte;
  };
  constexpr Step kUp[] = {{62, 0, 0x7e},   {63, 1, 0xc0},      {126, 1, 0xc0},    {8063, 1, 0xfe},
                          {8064, 2, 0xc0}, {1032191, 2, 0xfe}, {1032192, 3, 0xc0}};
  for (const Step& s : kUp) {
    counts.go_to(0, s.references);
    EXPECT_EQ(counts.pages(), s.pages) << s.references << " references";
    EXPECT_EQ(counts.byte(0).byte(), s.byte) << s.references << " references";
    counts.expect_all_right();
  }
  for (uint64_t references : {1032191, 8064, 8063, 63, 62, 1, 0}) {
    counts.go_to(0, references);
    counts.expect_all_right();
  }
  EXPECT_EQ(counts.byte(0).byte(), CountByte::kHasCache);
  EXPECT_EQ(counts.pages(), 3U) << "freed only with the area";
  counts.expect_nothing_left_when_freed();
}

TEST(Continuations, EveryStepOfOneCount) {
  Counts counts(1);
  for (uint64_t i = 0; i < kReferencesMax; ++i) {
    counts.up(0);
    ASSERT_NO_FATAL_FAILURE(counts.expect_right(0));
  }
  while (counts.model(0) > 0) {
    counts.down(0);
    ASSERT_NO_FATAL_FAILURE(counts.expect_right(0));
  }
}

TEST(Continuations, OneCountUpAndDown) {
  std::mt19937_64 random(1);
  Counts counts(1);
  for (unsigned i = 0; i < 60; ++i) {
    counts.go_to(0, any_number(random, kReferencesMax));
    for (unsigned j = 0; j < 1000; ++j) {
      if ((random() & 1) != 0 || counts.model(0) == 0)
        counts.up(0);
      else
        counts.down(0);
      ASSERT_NO_FATAL_FAILURE(counts.expect_right(0));
    }
    counts.expect_all_right();
  }
}

TEST(Continuations, NeighboursShareTheirPages) {
  constexpr uint32_t kSlots = 4096;
  std::mt19937_64 random(2);
  Counts counts(kSlots);
  counts.go_to(17, kReferencesMax);
  for (unsigned i = 0; i < 40000; ++i) {
    auto slot = static_cast<uint32_t>(random() % kSlots);
    counts.go_to(slot, any_number(random, i % 100 == 0 ? 20000 : 300));
    ASSERT_NO_FATAL_FAILURE(counts.expect_right(slot));
    if (i % 1000 == 0) {
      ASSERT_NO_FATAL_FAILURE(counts.expect_all_right());
    }
  }
  EXPECT_EQ(counts.pages(), 3U);
  for (uint32_t slot = 0; slot < kSlots; ++slot) counts.go_to(slot, 0);
  counts.expect_all_right();
  counts.expect_nothing_left_when_freed();
}

TEST(Continuations, TwoGroupsHavePagesOfTheirOwn) {
  Counts counts(4097);
  counts.go_to(4095, 63);
  EXPECT_EQ(counts.pages(), 1U);
  counts.go_to(0, 63);
  EXPECT_EQ(counts.pages(), 1U);
  counts.go_to(4096, 63);
  EXPECT_EQ(counts.pages(), 2U);
  counts.expect_all_right();
}

TEST(Continuations, SmallDigits) {
  for (unsigned map_max : {1U, 2U, 3U})
    for (unsigned digit_max : {1U, 2U, 3U}) {
      std::mt19937_64 random(map_max * 4 + digit_max);
      Counts counts(5, map_max, digit_max);
      for (unsigned i = 0; i < 20000; ++i) {
        auto slot = static_cast<uint32_t>(random() % 5);
        counts.go_to(slot, any_number(random, 250));
        ASSERT_NO_FATAL_FAILURE(counts.expect_all_right());
      }
    }
}

TEST(Continuations, APageThatIsNotNeededIsNotTaken) {
  using Added = Continuations::Added;
  Counts counts(2, 1, 1);
  counts.go_to(0, 1);
  EXPECT_EQ(counts.add_page(0), Added::taken);
  EXPECT_EQ(counts.add_page(0), Added::has_room) << "the byte is not continued yet";
  counts.go_to(1, 1);
  EXPECT_EQ(counts.add_page(1), Added::has_room) << "a neighbour's";
  counts.go_to(0, 3);
  EXPECT_EQ(counts.add_page(0), Added::taken) << "its only digit is full";
  EXPECT_EQ(counts.add_page(0), Added::has_room) << "there is a page behind its last digit";
  EXPECT_EQ(counts.pages(), 2U);
}

TEST(Continuations, TheLastPage) {
  using Added = Continuations::Added;
  Counts counts(1, 1, 1);
  counts.go_to(0, (2U << Continuations::kPagesMax) - 1);
  EXPECT_EQ(counts.pages(), Continuations::kPagesMax);
  EXPECT_EQ(counts.add_page(0), Added::too_long);
  counts.expect_all_right();
}

}  // namespace
}  // namespace quire::swap
