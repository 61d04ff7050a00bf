#include "swap/compressed_backend.h"

#include "swap/backend_for_test.h"
#include "swap/slab.h"

namespace quire::swap {
namespace {

constexpr PageCount kPages{257};

class CompressedBackendTest : public testing::TestWithParam<Codec> {
 protected:
  CompressedBackend device_{{"Z", kPages, kTestPayload, GetParam()}};
};

TEST_P(CompressedBackendTest, KeepsPages) {
  keeps_pages(device_);
  keeps_pages(device_, 3);
}

TEST_P(CompressedBackendTest, KeepsPagesOfManyThreads) { keeps_pages_of_threads(device_, 2000); }

TEST_P(CompressedBackendTest, GoesAroundTheSwapCache) { EXPECT_EQ(device_.swap_in_path(), SwapInPath::around_cache); }

TEST_P(CompressedBackendTest, ASlotNeverWrittenIsZeros) {
  TestPage seen;
  seen.fill(1);
  EXPECT_EQ(device_.read_page(SwapOffset(200), seen.bytes()), Errno::ok);
  EXPECT_TRUE(seen == TestPage());
}

TEST_P(CompressedBackendTest, CountsByState) {
  std::mt19937 random(1);
  TestPage page;
  auto write = [&](uint32_t slot, unsigned kind) {
    page.fill_as(kind, random);
    EXPECT_EQ(device_.write_page(SwapOffset(slot), page.bytes()), Errno::ok);
  };
  write(1, 0);
  write(2, 1);
  write(3, 2);
  write(4, 3);
  auto counts = device_.counts();
  EXPECT_EQ(counts.same, 2U);
  EXPECT_EQ(counts.huge, 1U);
  EXPECT_EQ(counts.packed, 1U);
  EXPECT_GT(counts.bytes_stored, kTestPayload);
  EXPECT_LT(counts.bytes_stored, kTestPayload + 1024U);
  EXPECT_GE(counts.bytes_held, counts.bytes_stored);

  for (uint32_t slot = 1; slot <= 4; ++slot) write(slot, 0);
  counts = device_.counts();
  EXPECT_EQ(counts.same, 4U);
  EXPECT_EQ(counts.huge + counts.packed, 0U);
  EXPECT_EQ(counts.bytes_stored, 0U);
  sync::String text;
  device_.describe(text);
  EXPECT_NE(text.find("4 same-filled"), sync::String::npos);
}

INSTANTIATE_TEST_SUITE_P(Codecs, CompressedBackendTest, testing::Values(Codec::lz4, Codec::zstd),
                         [](const auto& codec) { return codec.param == Codec::lz4 ? "lz4" : "zstd"; });

TEST(CompressedBackend, SmallPayloads) {
  CompressedBackend device({"Z", PageCount(9), 64});
  std::array<std::byte, 64> in;
  std::array<std::byte, 64> out{};
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::byte>(i);
  EXPECT_EQ(device.write_page(SwapOffset(8), in), Errno::ok);
  EXPECT_EQ(device.read_page(SwapOffset(8), out), Errno::ok);
  EXPECT_EQ(in, out);
}

TEST(Slab, ObjectsDoNotOverlapAndChunksComeBack) {
  Slab slab;
  std::mt19937 random(1);
  struct Object {
    unsigned char* at;
    uint32_t bytes;
    unsigned char value;
  };
  std::vector<Object> objects;
  auto end = [&](std::size_t which) {
    Object object = objects[which];
    EXPECT_TRUE(std::all_of(object.at, object.at + object.bytes, [&](unsigned char c) { return c == object.value; }));
    slab.free(object.at);
    objects[which] = objects.back();
    objects.pop_back();
  };
  for (unsigned round = 0; round < 20000; ++round) {
    if (objects.size() > 500 || (!objects.empty() && random() % 2 == 0)) {
      end(random() % objects.size());
    } else {
      uint32_t bytes = 1 + random() % Slab::kObjectBytesMax;
      Object object{static_cast<unsigned char*>(slab.allocate(bytes)), bytes, static_cast<unsigned char>(round)};
      std::fill(object.at, object.at + bytes, object.value);
      objects.push_back(object);
    }
    if (round % 1000 == 0) slab.check();
  }
  while (!objects.empty()) end(objects.size() - 1);
  slab.check();
  EXPECT_EQ(slab.bytes_held(), 16384U);  // the spare chunk
}

}  // namespace
}  // namespace quire::swap
