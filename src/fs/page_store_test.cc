#include "fs/page_store.h"

#include <gtest/gtest.h>

#include <array>
#include <tuple>
#include <vector>

namespace quire::fs {
namespace {

using base::Errno;
constexpr uint64_t kPage = base::kPageSize;
constexpr uint32_t kStored = 8;

std::array<std::byte, kStored> page_of(char c) {
  std::array<std::byte, kStored> page;
  page.fill(static_cast<std::byte>(c));
  return page;
}
char first_byte(PageStore& store, uint64_t index) {
  auto page = page_of('?');
  EXPECT_EQ(store.read_page(FileIndex(index), page), Errno::ok);
  return static_cast<char>(page[0]);
}

using Parts = std::vector<std::tuple<uint64_t, uint64_t, uint64_t>>;
Parts partial_pages(ByteRange bytes) {
  Parts parts;
  for_each_partial_page(
      bytes, [&](FileIndex index, uint64_t from, uint64_t to) { parts.emplace_back(index.value(), from, to); });
  return parts;
}

TEST(ByteRange, WholePagesAreThoseInside) {
  EXPECT_EQ(whole_pages({0, kPage}), Range<FileIndex>(FileIndex(0), FileIndex(1)));
  EXPECT_EQ(whole_pages({1, 3 * kPage - 1}), Range<FileIndex>(FileIndex(1), FileIndex(2)));
  EXPECT_TRUE(whole_pages({1, kPage + 1}).empty());
  EXPECT_TRUE(whole_pages({5, 9}).empty());
  EXPECT_EQ(whole_pages({kPage + 1}), Range<FileIndex>(FileIndex(2), kNoEnd));
}

TEST(ByteRange, PartialPagesAreTheEnds) {
  EXPECT_EQ(partial_pages({0, 2 * kPage}), Parts{});
  EXPECT_EQ(partial_pages({5, 9}), (Parts{{0, 5, 9}}));
  EXPECT_EQ(partial_pages({5, 5}), Parts{});
  EXPECT_EQ(partial_pages({5, 3 * kPage + 9}), (Parts{{0, 5, kPage}, {3, 0, 9}}));
  EXPECT_EQ(partial_pages({kPage, kPage + 9}), (Parts{{1, 0, 9}}));
  EXPECT_EQ(partial_pages({kPage + 7}), (Parts{{1, 7, kPage}}));
}

TEST(PageStore, HolesReadAsZeros) {
  PageStore store("f", kStored, 2);
  EXPECT_EQ(first_byte(store, 3), 0);
  EXPECT_EQ(store.write_page(FileIndex(3), page_of('a')), Errno::ok);
  EXPECT_EQ(store.write_page(FileIndex(3), page_of('b')), Errno::ok);
  EXPECT_EQ(store.write_page(FileIndex(70), page_of('c')), Errno::ok);
  EXPECT_EQ(store.stored(), 2U);
  EXPECT_EQ(first_byte(store, 3), 'b');
  EXPECT_EQ(first_byte(store, 4), 0);
  EXPECT_EQ(store.peek_page(FileIndex(4)), nullptr);
  ASSERT_NE(store.peek_page(FileIndex(70)), nullptr);
  EXPECT_EQ(*store.peek_page(FileIndex(70)), std::byte{'c'});
}

TEST(PageStore, DiscardRoundsInwardsAndZeroesTheRest) {
  PageStore store("f", kStored, 2);
  for (uint64_t i = 0; i < 4; ++i) EXPECT_EQ(store.write_page(FileIndex(i), page_of('a')), Errno::ok);
  store.discard({2, 2 * kPage + 3});
  EXPECT_EQ(store.stored(), 3U);
  EXPECT_EQ(store.peek_page(FileIndex(1)), nullptr);
  EXPECT_EQ(store.peek_page(FileIndex(0))[1], std::byte{'a'});
  EXPECT_EQ(store.peek_page(FileIndex(0))[2], std::byte{0});
  EXPECT_EQ(store.peek_page(FileIndex(2))[2], std::byte{0});
  EXPECT_EQ(store.peek_page(FileIndex(2))[3], std::byte{'a'});
  store.discard({kPage});
  EXPECT_EQ(store.stored(), 1U);
}

}  // namespace
}  // namespace quire::fs
