#include "sync/native_heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

#include "base/random.h"
#include "sync/heap.h"
#include "sync/threads_testing.h"

namespace quire::sync {
namespace {

class NativeHeapTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(NativeHeap::map(), base::Errno::ok);
    NativeHeap::use();
  }
  void TearDown() override { NativeHeap::unmap(); }
};

TEST_F(NativeHeapTest, IsAtItsAddressesAndTheOnlyOne) {
  void* memory = allocate(100, 8);
  EXPECT_TRUE(NativeHeap::contains(memory));
  EXPECT_EQ(NativeHeap::map(), base::Errno::ebusy);
  deallocate(memory, 100, 8);
}

TEST_F(NativeHeapTest, WhatCameFromElsewhereGoesBackThere) {
  NativeHeap::unmap();
  auto* before = make_object<std::pair<int, int>>(1, 2);
  EXPECT_FALSE(NativeHeap::contains(before));
  ASSERT_EQ(NativeHeap::map(), base::Errno::ok);
  NativeHeap::use();
  destroy_object(before);
}

TEST_F(NativeHeapTest, ObjectsAreAlignedApartAndUsedAgain) {
  base::Random random(1);
  struct Object {
    std::byte* memory;
    std::size_t bytes;
    std::size_t align;
  };
  std::vector<Object> objects;
  for (int i = 0; i < 20'000; ++i) {
    if (!objects.empty() && random.below(3) == 0) {
      std::swap(objects[random.below(objects.size())], objects.back());
      Object gone = objects.back();
      objects.pop_back();
      ASSERT_EQ(gone.memory[0], gone.memory[gone.bytes - 1]) << gone.bytes;
      deallocate(gone.memory, gone.bytes, gone.align);
      continue;
    }
    std::size_t bytes = 1 + random.below(random.below(20) == 0 ? 300'000 : 600);
    std::size_t align = std::size_t{1} << random.below(13);
    auto* memory = static_cast<std::byte*>(allocate(bytes, align));
    ASSERT_EQ(reinterpret_cast<uintptr_t>(memory) % align, 0U) << bytes << " " << align;
    std::memset(memory, static_cast<int>(random.below(256)), bytes);
    objects.push_back({memory, bytes, align});
  }
  uintptr_t end = NativeHeap::used_end();
  for (const Object& object : objects) deallocate(object.memory, object.bytes, object.align);
  for (const Object& object : objects) (void)allocate(object.bytes, object.align);
  EXPECT_EQ(NativeHeap::used_end(), end);
}

TEST_F(NativeHeapTest, LargeMemoryGoesBackToTheHost) {
  constexpr std::size_t kBytes = 1 << 20;
  auto* memory = static_cast<std::byte*>(allocate(kBytes, 4096));
  std::memset(memory, 7, kBytes);
  deallocate(memory, kBytes, 4096);
  EXPECT_EQ(memory[kBytes - 1], std::byte{0});
}

TEST_F(NativeHeapTest, ThreadsGetMemoryOfTheirOwn) {
  std::array<std::set<void*>, 4> got;
  run_threads(4, [&](unsigned thread) {
    for (int i = 0; i < 5000; ++i) got[thread].insert(NativeHeap::allocate(40, 8));
  });
  std::set<void*> all;
  for (const auto& one : got) all.insert(one.begin(), one.end());
  EXPECT_EQ(all.size(), 20'000U);
}

}  // namespace
}  // namespace quire::sync
