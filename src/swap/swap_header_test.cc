#include "swap/swap_header.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace quire::swap {
namespace {

class SwapHeaderTest : public testing::Test {
 protected:
  static constexpr PageCount kDevice{65};

  void SetUp() override { ASSERT_EQ(write_swap_header(page_, {64, {SwapOffset(7), SwapOffset(64)}}), Errno::ok); }
  void put(std::size_t at, uint32_t word) { std::memcpy(page_.data() + at, &word, sizeof(word)); }
  [[nodiscard]] std::string reason(PageCount device = kDevice) const {
    ReadHeader read = read_swap_header(page_, device);
    EXPECT_EQ(read.error, *read.reason == '\0' ? Errno::ok : Errno::einval);
    return read.reason;
  }

  std::array<std::byte, SwapHeader::kBytes> page_;
};

TEST_F(SwapHeaderTest, KeepsWhatIsWritten) {
  ReadHeader read = read_swap_header(page_, kDevice);
  ASSERT_EQ(read.error, Errno::ok);
  EXPECT_EQ(read.header.last_page, 64U);
  ASSERT_EQ(read.header.bad_pages.size(), 2U);
  EXPECT_EQ(read.header.bad_pages[0], SwapOffset(7));
}

TEST_F(SwapHeaderTest, TheOtherByteOrderIsReadToo) {
  for (std::size_t at : {1024, 1028, 1032, 1536, 1540}) {
    uint32_t word = 0;
    std::memcpy(&word, page_.data() + at, sizeof(word));
    put(at, __builtin_bswap32(word));
  }
  ReadHeader read = read_swap_header(page_, kDevice);
  ASSERT_EQ(read.error, Errno::ok);
  EXPECT_EQ(read.header.last_page, 64U);
  EXPECT_EQ(read.header.bad_pages[1], SwapOffset(64));
}

TEST_F(SwapHeaderTest, EachThingThatIsWrongHasAReason) {
  EXPECT_EQ(reason(), "");
  EXPECT_EQ(reason(PageCount(64)), "the device is shorter than its header says");
  put(1536, 0);
  EXPECT_EQ(reason(), "a bad page is none of the device's");
  put(1536, 65);
  EXPECT_EQ(reason(), "a bad page is none of the device's");
  put(1032, SwapHeader::kBadPagesMax + 1);
  EXPECT_EQ(reason(), "more bad pages than fit into a header");
  put(1032, ~uint32_t{0});
  EXPECT_EQ(reason(), "more bad pages than fit into a header");
  put(1032, 0);
  EXPECT_EQ(reason(), "");
  put(1028, 0);
  EXPECT_EQ(reason(), "a device without pages");
  put(1028, ~uint32_t{0});
  EXPECT_EQ(reason(), "the device is shorter than its header says");
  put(1024, 0);
  EXPECT_EQ(reason(), "a header of another version");
  page_[4095] = std::byte{'1'};  // SWAPSPACE1
  EXPECT_EQ(reason(), "no swap signature");
}

TEST_F(SwapHeaderTest, EveryPageBad) {
  put(1028, 2);
  put(1536, 1);
  put(1540, 1);
  EXPECT_EQ(reason(), "");  // one of them twice
  put(1540, 2);
  EXPECT_EQ(reason(), "every page is bad");
}

TEST_F(SwapHeaderTest, WhatWouldBeRefusedIsNotWritten) {
  EXPECT_EQ(write_swap_header(page_, {0, {}}), Errno::einval);
  EXPECT_EQ(write_swap_header(page_, {3, {SwapOffset(4)}}), Errno::einval);
  EXPECT_EQ(write_swap_header(page_, {1, {SwapOffset(1)}}), Errno::einval);
  SwapHeader many{2000, {}};
  for (uint32_t i = 1; i <= SwapHeader::kBadPagesMax + 1; ++i) many.bad_pages.emplace_back(i);
  EXPECT_EQ(write_swap_header(page_, many), Errno::einval);
  many.bad_pages.pop_back();
  EXPECT_EQ(write_swap_header(page_, many), Errno::ok);
  EXPECT_EQ(read_swap_header(page_, PageCount(2001)).header.bad_pages.size(), SwapHeader::kBadPagesMax);
}

}  // namespace
}  // namespace quire::swap
