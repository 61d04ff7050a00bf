#include "swap/count_byte.h"

#include <gtest/gtest.h>

namespace quire::swap {
namespace {
using base::Errno;

TEST(CountByte, CountsToMaxAndBack) {
  for (unsigned max : {1U, 2U, unsigned{CountByte::kMax}}) {
    CountByte byte(CountByte::kHasCache);
    for (unsigned i = 1; i <= max; ++i) {
      byte = *byte.plus_reference(max);
      EXPECT_EQ(byte.references(), i);
      EXPECT_TRUE(byte.has_cache());
    }
    EXPECT_EQ(byte.plus_reference(max).error(), Errno::enomem) << "the reference after the greatest count";
    byte = *byte.minus_cache();
    for (unsigned i = max; i-- > 0;) {
      byte = *byte.minus_reference();
      EXPECT_EQ(byte.references(), i);
    }
    EXPECT_TRUE(byte.free());
  }
}

TEST(CountByte, LinuxValues) {
  EXPECT_EQ(CountByte(0x40).plus_reference(62)->byte(), 0x41);
  EXPECT_EQ(CountByte(0x7d).plus_reference(62)->byte(), 0x7e);
  EXPECT_EQ(CountByte(0x40).plus_shmem()->byte(), 0xff);
  EXPECT_EQ(CountByte(0xff).minus_cache()->byte(), 0xbf);
  EXPECT_EQ(CountByte(0xff).minus_reference()->byte(), 0x40);
  EXPECT_EQ(CountByte(0xbf).minus_reference()->byte(), 0x00);
  EXPECT_EQ(CountByte(0xbf).references(), 1U);
  EXPECT_EQ(CountByte(0x3f).references(), 0U);
}

TEST(CountByte, RefusesEveryOtherByte) {
  for (unsigned value = 0; value < 256; ++value) {
    CountByte byte(static_cast<uint8_t>(value));
    bool bad_or_free = byte.free() || byte.bad();
    if (bad_or_free) {
      EXPECT_EQ(byte.plus_reference(62).error(), Errno::enoent) << value;
      EXPECT_EQ(byte.plus_cache().error(), Errno::enoent) << value;
      EXPECT_EQ(byte.plus_shmem().error(), Errno::enoent) << value;
    } else if (byte.shmem()) {
      EXPECT_EQ(byte.plus_reference(62).error(), Errno::einval) << "tmpfs's slot is never shared";
    }
    if (!bad_or_free) {
      EXPECT_EQ(byte.plus_cache().error(), byte.has_cache() ? Errno::eexist : Errno::ok) << value;
    }
    EXPECT_EQ(byte.minus_cache().ok(), byte.has_cache()) << value;
    if (byte.count() == 0) {
      EXPECT_EQ(byte.minus_reference().error(), Errno::einval) << "underflow of " << value;
    }
  }
}

}  // namespace
}  // namespace quire::swap
