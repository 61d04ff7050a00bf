// Frames with two nodes and a device: each frame is in exactly one place, whichever way it went.
#include "phys/frames.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace quire::phys {
namespace {

constexpr uint64_t kRam = 48;
constexpr uint64_t kDevice = 3;
constexpr uint32_t kPerNode = kRam / 2;

class FramesOfTwoNodes : public ::testing::Test {
 protected:
  static FramesOptions options() {
    FramesOptions options;
    options.ram = PageCount(kRam);
    options.payload_bytes = 8;
    options.nodes = 2;
    options.device = PageCount(kDevice);
    options.pcp_prefill = 2;
    options.pcp_high = 6;
    options.pcp_batch = 3;
    return options;
  }
  struct Block {
    Pfn first;
    Order order;
  };
  void hold(Pfn first, Order order) {
    for (Pfn pfn : Range<Pfn>::of(first, order.pages()))
      ASSERT_TRUE(held_.insert(pfn.value()).second) << "frame " << pfn.value() << " was given out twice";
    blocks_.push_back({first, order});
  }
  void free(std::size_t i) {
    std::swap(blocks_[i], blocks_.back());
    auto [first, order] = blocks_.back();
    blocks_.pop_back();
    for (Pfn pfn : Range<Pfn>::of(first, order.pages())) held_.erase(pfn.value());
    frames_.free_pages(first, order);
  }
  void free_all() {
    while (!blocks_.empty()) free(blocks_.size() - 1);
  }
  [[nodiscard]] uint64_t held_ram() const {
    return static_cast<uint64_t>(std::distance(held_.begin(), held_.lower_bound(kRam)));
  }
  /// What is held and what is free is all of RAM.
  void expect_sound() {
    sync::CheckReport report;
    frames_.check(report);
    ASSERT_TRUE(report.ok()) << report.message();
    ASSERT_EQ(frames_.peek_free().value() + held_ram(), kRam);
  }

  Frames frames_{options()};
  std::set<uint32_t> held_;
  std::vector<Block> blocks_;
};

TEST_F(FramesOfTwoNodes, NodesHaveEqualPartsAndTheDeviceIsBehind) {
  EXPECT_EQ(frames_.nodes(), 2U);
  EXPECT_EQ(frames_.ram().value(), kRam);
  EXPECT_EQ(frames_.frames().value(), kRam + kDevice);
  EXPECT_EQ(frames_.node_of(Pfn(kPerNode - 1)), 0U);
  EXPECT_EQ(frames_.node_of(Pfn(kPerNode)), 1U);
  EXPECT_FALSE(frames_.is_device(Pfn(kRam - 1)));
  EXPECT_TRUE(frames_.is_device(Pfn(kRam)));
  EXPECT_EQ(frames_.peek_free().value(), kRam);
  expect_sound();
}

TEST_F(FramesOfTwoNodes, AllocPagesNodeStaysOnItsNode) {
  for (unsigned node : {1U, 0U}) {
    for (uint32_t i = 0; i < kPerNode; ++i) {
      Result<Pfn> pfn = frames_.alloc_pages_node(Gfp::nowait(), Order(0), node);
      ASSERT_TRUE(pfn.ok()) << "page " << i << " of node " << node;
      EXPECT_EQ(frames_.node_of(*pfn), node);
      hold(*pfn, Order(0));
    }
    EXPECT_EQ(frames_.alloc_pages_node(Gfp::nowait(), Order(0), node).error(), Errno::enomem) << "it has no more";
    expect_sound();
  }
  EXPECT_EQ(frames_.alloc_pages(Gfp::nowait(), Order(0)).error(), Errno::enomem);
  EXPECT_EQ(frames_.peek_free().value(), 0U);
  free_all();
  expect_sound();
}

TEST_F(FramesOfTwoNodes, AnyNodeGivesWhatTheOwnHasNot) {
  std::set<unsigned> nodes;
  for (uint64_t i = 0; i < kRam / 8; ++i) {
    Result<Pfn> pfn = frames_.alloc_pages(Gfp::nowait(), Order(3));
    ASSERT_TRUE(pfn.ok()) << "no block of 8 lies across two nodes, and lists of pages are given back for it";
    EXPECT_EQ(pfn->value() % 8, 0U);
    EXPECT_EQ(frames_.node_of(*pfn), frames_.node_of(*pfn + PageCount(7)));
    nodes.insert(frames_.node_of(*pfn));
    hold(*pfn, Order(3));
  }
  EXPECT_EQ(nodes.size(), 2U);
  EXPECT_EQ(held_.size(), kRam);
  free_all();
  expect_sound();
}

TEST_F(FramesOfTwoNodes, DeviceFramesComeBackAndGoNowhereElse) {
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < kDevice; ++i) {
      Result<Pfn> pfn = frames_.alloc_device_page();
      ASSERT_TRUE(pfn.ok());
      EXPECT_TRUE(frames_.is_device(*pfn));
      hold(*pfn, Order(0));
    }
    EXPECT_EQ(frames_.alloc_device_page().error(), Errno::enomem);
    EXPECT_EQ(frames_.peek_free().value(), kRam) << "no page of RAM was taken for it";
    expect_sound();
    free_all();
    expect_sound();
  }
  for (uint64_t i = 0; i < kRam; ++i) {
    Result<Pfn> pfn = frames_.alloc_pages(Gfp::nowait(), Order(0));
    ASSERT_TRUE(pfn.ok());
    EXPECT_FALSE(frames_.is_device(*pfn));
    hold(*pfn, Order(0));
  }
  EXPECT_EQ(frames_.alloc_pages(Gfp::nowait(), Order(0)).error(), Errno::enomem) << "but the device has pages";
}

TEST_F(FramesOfTwoNodes, TheHighestPageIsAboveAndOnTheNode) {
  frames_.drain_all_pages();
  for (uint32_t expected = kPerNode; expected-- > 10;) {
    Result<Pfn> pfn = frames_.alloc_highest_page(Pfn(9));
    ASSERT_TRUE(pfn.ok());
    EXPECT_EQ(pfn->value(), expected);
    hold(*pfn, Order(0));
  }
  EXPECT_EQ(frames_.alloc_highest_page(Pfn(9)).error(), Errno::enomem) << "node 1 is free, but not asked";
  EXPECT_EQ(*frames_.alloc_highest_page(Pfn(kPerNode + 3)), Pfn(kRam - 1));
  hold(Pfn(kRam - 1), Order(0));
  expect_sound();
}

TEST_F(FramesOfTwoNodes, ContentsStayWithTheFrame) {
  for (uint64_t i = 0; i < kRam; ++i) {
    Pfn pfn = *frames_.alloc_pages(Gfp::nowait(), Order(0));
    frames_.zero(pfn);
    frames_.write_byte(pfn, 3, static_cast<std::byte>(pfn.value()));
    hold(pfn, Order(0));
  }
  Pfn device = *frames_.alloc_device_page();
  frames_.copy(device, Pfn(7));
  EXPECT_EQ(frames_.read_byte(device, 3), std::byte{7});
  for (uint32_t pfn : held_) {
    EXPECT_EQ(frames_.read_byte(Pfn(pfn), 3), static_cast<std::byte>(pfn));
    EXPECT_EQ(frames_.read_byte(Pfn(pfn), 4), std::byte{0});
  }
}

TEST_F(FramesOfTwoNodes, RandomAllocationsNeverOverlap) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    Order order(random() % 4);
    switch (random() % 8) {
      case 0:
      case 1:
        if (Result<Pfn> pfn = frames_.alloc_pages(Gfp::nowait(), order); pfn.ok()) hold(*pfn, order);
        break;
      case 2: {
        unsigned node = random() % 2;
        Result<Pfn> pfn = frames_.alloc_pages_node(Gfp::nowait(), order, node);
        if (!pfn.ok()) break;
        ASSERT_EQ(frames_.node_of(*pfn), node);
        hold(*pfn, order);
        break;
      }
      case 3: {
        Pfn above(static_cast<uint32_t>(random() % kRam));
        Result<Pfn> pfn = frames_.alloc_highest_page(above);
        if (!pfn.ok()) break;
        ASSERT_GT(*pfn, above);
        ASSERT_EQ(frames_.node_of(*pfn), frames_.node_of(above));
        hold(*pfn, Order(0));
        break;
      }
      case 4:
        if (Result<Pfn> pfn = frames_.alloc_device_page(); pfn.ok()) hold(*pfn, Order(0));
        break;
      default:
        if (!blocks_.empty()) free(random() % blocks_.size());
    }
    ASSERT_FALSE(HasFatalFailure());
    expect_sound();
    ASSERT_FALSE(HasFatalFailure());
  }
  free_all();
  frames_.drain_all_pages();
  expect_sound();
  for (uint64_t i = 0; i < kRam / 8; ++i)
    EXPECT_TRUE(frames_.alloc_pages(Gfp::nowait(), Order(3)).ok()) << "all merged";
}

}  // namespace
}  // namespace quire::phys
