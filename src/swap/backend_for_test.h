// What every back end has to keep, for the tests of each of them.
//
//   TEST(FileBackend, KeepsPages) { keeps_pages(**device); }
//   TEST(FileBackend, KeepsPagesOfManyThreads) { keeps_pages_of_threads(**device, 4); }
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "swap/backend.h"
#include "sync/task.h"

namespace quire::swap {

inline constexpr uint32_t kTestPayload = 4096;

/// One page, aligned as the payload of a frame is, or off by some bytes.
class TestPage {
 public:
  explicit TestPage(std::size_t misaligned = 0) : memory_(2 * kTestPayload + misaligned) {
    void* start = memory_.data();
    std::size_t space = memory_.size();
    start_ = static_cast<std::byte*>(std::align(kTestPayload, kTestPayload, start, space)) + misaligned;
  }
  TestPage(TestPage&&) = default;  // the memory moves along, so start_ stays right
  [[nodiscard]] std::span<std::byte> bytes() { return {start_, kTestPayload}; }
  [[nodiscard]] bool operator==(const TestPage& other) const {
    return std::equal(start_, start_ + kTestPayload, other.start_);
  }
  void fill(int value) { std::fill(start_, start_ + kTestPayload, static_cast<std::byte>(value)); }
  /// 0: zeros; 1: one byte; 2: random; 3: compresses well; 4: a word repeated but in its last byte.
  void fill_as(unsigned kind, std::mt19937& random) {
    fill(kind == 0 ? 0 : static_cast<int>(random()));
    if (kind == 4) start_[kTestPayload - 1] ^= std::byte{1};
    if (kind == 2 || kind == 3)
      for (std::size_t i = 0; i < kTestPayload; i += kind == 2 ? 1 : 64) start_[i] = static_cast<std::byte>(random());
  }

 private:
  sync::Vector<std::byte> memory_;
  std::byte* start_;
};

/// Zeros, constants, random pages and what lies between, each slot overwritten by every kind.
inline void keeps_pages(SwapBackend& device, std::size_t misaligned = 0) {
  std::mt19937 random(1);
  auto slots = static_cast<uint32_t>(std::min<uint64_t>(device.pages().value(), 16));
  sync::Vector<TestPage> model;
  for (uint32_t slot = 0; slot < slots; ++slot) model.emplace_back(misaligned);
  for (unsigned round = 0; round < 10; ++round) {
    for (uint32_t slot = 1; slot < slots; ++slot) {
      model[slot].fill_as((round + slot) % 5, random);
      ASSERT_EQ(device.write_page(SwapOffset(slot), model[slot].bytes()), Errno::ok);
    }
    for (uint32_t slot = 1; slot < slots; ++slot) {
      TestPage seen(misaligned);
      ASSERT_EQ(device.read_page(SwapOffset(slot), seen.bytes()), Errno::ok);
      ASSERT_TRUE(seen == model[slot]) << "round " << round << " slot " << slot;
    }
  }
}

/// 2 to 24 pages at once, and each of them alone.
inline void keeps_runs(SwapBackend& device, std::size_t misaligned = 0) {
  std::mt19937 random(2);
  for (uint32_t pages : {2U, 16U, 24U}) {
    sync::Vector<std::byte> memory((pages + 1) * kTestPayload + misaligned);
    void* start = memory.data();
    std::size_t space = memory.size();
    auto* at = static_cast<std::byte*>(std::align(kTestPayload, pages * kTestPayload, start, space)) + misaligned;
    std::span<std::byte> run(at, pages * kTestPayload);
    std::generate(run.begin(), run.end(), [&random] { return static_cast<std::byte>(random() % 3); });
    sync::Vector<std::byte> wanted(run.begin(), run.end());
    ASSERT_EQ(device.write_pages(SwapOffset(5), PageCount(pages), run), Errno::ok);
    std::fill(run.begin(), run.end(), std::byte{0xee});
    ASSERT_EQ(device.read_pages(SwapOffset(5), PageCount(pages), run), Errno::ok);
    ASSERT_TRUE(std::equal(run.begin(), run.end(), wanted.begin()));
    TestPage seen;
    ASSERT_EQ(device.read_page(SwapOffset(6), seen.bytes()), Errno::ok);
    ASSERT_TRUE(std::equal(seen.bytes().begin(), seen.bytes().end(), wanted.begin() + kTestPayload));
  }
}

/// Each thread has slots of its own: those that are its number, modulo the number of threads.
class BackendUser {
 public:
  static constexpr uint32_t kThreads = 4;
  BackendUser(SwapBackend& device, uint32_t number, unsigned rounds)
      : device_(device), number_(number), rounds_(rounds), model_(device.pages().value() / kThreads) {}
  static void run(void* user) { static_cast<BackendUser*>(user)->work(); }

 private:
  void work() {
    std::mt19937 random(number_);
    for (unsigned round = 0; round < rounds_; ++round) {
      auto at = static_cast<uint32_t>(random() % model_.size());
      model_[at].fill_as(random() % 5, random);
      write_and_read(at);
    }
    for (uint32_t at = 0; at < model_.size(); ++at) write_and_read(at);
  }
  void write_and_read(uint32_t at) {
    auto slot = SwapOffset(at * kThreads + number_);
    TestPage seen;
    ASSERT_EQ(device_.write_page(slot, model_[at].bytes()), Errno::ok);
    ASSERT_EQ(device_.read_page(slot, seen.bytes()), Errno::ok);
    ASSERT_TRUE(seen == model_[at]);
  }

  SwapBackend& device_;
  const uint32_t number_;
  const unsigned rounds_;
  sync::Vector<TestPage> model_;
};

inline void keeps_pages_of_threads(SwapBackend& device, unsigned rounds) {
  sync::Vector<sync::Box<BackendUser>> users;
  for (uint32_t i = 0; i < BackendUser::kThreads; ++i) users.push_back(sync::make_box<BackendUser>(device, i, rounds));
  sync::Vector<sync::Box<sync::Task>> tasks;
  for (auto& user : users) tasks.push_back(sync::make_box<sync::Task>("user", BackendUser::run, user.get()));
  for (auto& task : tasks) task->join();
}

}  // namespace quire::swap
