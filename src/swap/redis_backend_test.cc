#include "swap/redis_backend.h"

#include <hiredis/hiredis.h>

#include <chrono>
#include <thread>
#include <vector>

#include "swap/backend_for_test.h"
#include "swap/redis_server_for_test.h"

namespace quire::swap {

sync::String RedisServer::ask(std::initializer_list<std::string_view> words) const {
  RedisConnection connection({address_, 0}, 1000);
  sync::Guard guard(connection.lock_);
  RedisReply reply = connection.exchange(words);
  if (reply == nullptr) return "nothing";
  if (reply->type == REDIS_REPLY_INTEGER) return sync::String(std::to_string(reply->integer));
  return reply->type == REDIS_REPLY_NIL ? "nil" : sync::String(reply->str, reply->len);
}

namespace {

constexpr PageCount kRedisPages{65};
constexpr unsigned kTimeoutMs = 200;

class RedisBackendTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
    servers_.push_back(std::make_unique<RedisServer>());
  }
  RedisServer& server() { return *servers_.front(); }
  static Result<sync::Box<RedisBackend>> open(std::string_view addresses) {
    return RedisBackend::open({"R", addresses, kRedisPages, kTestPayload, SwapInPath::through_cache, kTimeoutMs});
  }

  std::vector<std::unique_ptr<RedisServer>> servers_;
};

TEST_F(RedisBackendTest, KeepsPages) {
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  keeps_pages(**device);
  keeps_pages_of_threads(**device, 300);
}

TEST_F(RedisBackendTest, ASlotNeverWrittenIsZeros) {
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  TestPage seen;
  seen.fill(1);
  EXPECT_EQ((*device)->read_page(SwapOffset(5), seen.bytes()), Errno::ok);
  EXPECT_TRUE(seen == TestPage());
}

TEST_F(RedisBackendTest, OtherKeysAreLeftAlone) {
  EXPECT_EQ(server().ask({"SET", "quire:R:1", "mine"}), "OK");
  {
    auto one = open(server().address());
    auto two = open(server().address());
    ASSERT_TRUE(one.ok());
    ASSERT_TRUE(two.ok());
    keeps_pages(**one);
    TestPage page;
    EXPECT_EQ((*two)->write_page(SwapOffset(3), page.bytes()), Errno::ok);
    EXPECT_EQ(server().ask({"DBSIZE"}), "17");
  }
  EXPECT_EQ(server().ask({"DBSIZE"}), "1");
  EXPECT_EQ(server().ask({"GET", "quire:R:1"}), "mine");
}

TEST_F(RedisBackendTest, SlotsAreSpreadOverServers) {
  servers_.push_back(std::make_unique<RedisServer>());
  {
    auto device = open(server().address() + "," + servers_[1]->address());
    ASSERT_TRUE(device.ok());
    keeps_pages_of_threads(**device, 100);
    int first = std::atoi(server().ask({"DBSIZE"}).c_str());
    int second = std::atoi(servers_[1]->ask({"DBSIZE"}).c_str());
    EXPECT_EQ(first + second, 64);
    EXPECT_GT(first, 16);
    EXPECT_GT(second, 16);
    // The other server goes on.
    servers_[1]->stop();
    TestPage page;
    int errors = 0;
    for (uint32_t slot = 1; slot < 64; ++slot)
      errors += (*device)->read_page(SwapOffset(slot), page.bytes()) != Errno::ok;
    EXPECT_GE(errors, second - 1);
    EXPECT_LE(errors, second);
  }
  EXPECT_EQ(server().ask({"DBSIZE"}), "0");
}

TEST_F(RedisBackendTest, AServerKilledInTheMiddleGivesErrors) {
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  keeps_pages(**device);
  std::thread killer([this] {
    usleep(50'000);
    server().stop();
  });
  TestPage page;
  Errno error = Errno::ok;
  auto start = std::chrono::steady_clock::now();
  while (error == Errno::ok && std::chrono::steady_clock::now() - start < std::chrono::seconds(10))
    error = (*device)->write_page(SwapOffset(1), page.bytes());
  killer.join();
  EXPECT_EQ(error, Errno::eio);
  EXPECT_EQ((*device)->read_page(SwapOffset(2), page.bytes()), Errno::eio);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50 + 8 * kTimeoutMs + 1000));

  // It comes back without what it knew: a page that was there is an error, and never zeros.
  server().start();
  EXPECT_EQ((*device)->read_page(SwapOffset(2), page.bytes()), Errno::eio);
  EXPECT_EQ((*device)->write_page(SwapOffset(2), page.bytes()), Errno::ok);
  EXPECT_EQ((*device)->read_page(SwapOffset(2), page.bytes()), Errno::ok);
}

TEST_F(RedisBackendTest, AServerThatDoesNotAnswerIsNotWaitedForLong) {
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  TestPage page;
  ASSERT_EQ((*device)->write_page(SwapOffset(1), page.bytes()), Errno::ok);
  server().freeze();
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ((*device)->read_page(SwapOffset(1), page.bytes()), Errno::eio);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(4 * kTimeoutMs + 1000));
  server().thaw();
  EXPECT_EQ((*device)->read_page(SwapOffset(1), page.bytes()), Errno::ok);
}

TEST_F(RedisBackendTest, ALostConnectionIsMadeAgain) {
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  keeps_pages(**device);
  EXPECT_NE(server().ask({"CLIENT", "KILL", "TYPE", "normal"}), "0");
  keeps_pages(**device);
}

TEST(RedisBackend, ErrorsOfOpening) {
  auto error = [](std::string_view addresses) {
    return RedisBackend::open({"R", addresses, kRedisPages, kTestPayload, SwapInPath::through_cache, kTimeoutMs})
        .error();
  };
  for (std::string_view bad : {"", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "127.0.0.1:1,"})
    EXPECT_EQ(error(bad), Errno::einval) << bad;
  EXPECT_EQ(error("127.0.0.1:1"), Errno::enxio);
  EXPECT_EQ(error("/tmp/quire_no_such_socket"), Errno::enxio);
}

}  // namespace
}  // namespace quire::swap
