#include "swap/redis_backend.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "swap/backend_for_test.h"
#include "swap/redis_server_for_test.h"

namespace quire::swap {

namespace {

constexpr PageCount kRedisPages{65};
constexpr unsigned kTimeoutMs = 200;
constexpr unsigned kSlackMs = 20'000;  // of a machine that has other work

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
  keeps_runs(**device);
  keeps_pages_of_threads(**device, 300);
}

TEST_F(RedisBackendTest, WhatIsDiscardedIsZerosAndNoKey) {
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  TestPage page;
  page.fill(3);
  for (uint32_t slot = 1; slot <= 40; ++slot)
    ASSERT_EQ((*device)->write_page(SwapOffset(slot), page.bytes()), Errno::ok);
  EXPECT_EQ(server().ask({"DBSIZE"}), "41");
  (*device)->discard(SwapOffset(3), PageCount(30));
  EXPECT_EQ(server().ask({"DBSIZE"}), "11");
  TestPage seen;
  EXPECT_EQ((*device)->read_page(SwapOffset(32), seen.bytes()), Errno::ok);
  EXPECT_TRUE(seen == TestPage());
  EXPECT_EQ((*device)->read_page(SwapOffset(33), seen.bytes()), Errno::ok);
  EXPECT_TRUE(seen == page);
}

TEST_F(RedisBackendTest, PasswordsAndDatabases) {
  RedisServer locked({"--requirepass", "a/b@c"});
  sync::String place = locked.address();
  EXPECT_EQ(open(place).error(), Errno::eacces);
  EXPECT_EQ(open("unix://:wrong@" + place).error(), Errno::eacces);
  {
    auto device = open("unix://:a%2Fb%40c@" + place + "?db=3");
    ASSERT_TRUE(device.ok());
    keeps_pages(**device);
    auto with_user = open("unix://default:a%2Fb%40c@" + place);
    ASSERT_TRUE(with_user.ok());
  }
  ASSERT_EQ(setenv("QUIRE_REDIS_PASSWORD", "a/b@c", 1), 0);
  EXPECT_EQ(open(place).error(), Errno::ok);
  EXPECT_EQ(open("unix://" + place + "?db=999").error(), Errno::einval);
  ASSERT_EQ(unsetenv("QUIRE_REDIS_PASSWORD"), 0);
}

/// A device that another process has, which keeps nothing of its own alive.
class OtherProcess {
 public:
  explicit OtherProcess(const sync::String& address) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      auto device = RedisBackend::open({"R", address, kRedisPages, kTestPayload});
      TestPage page;
      char letter = device.ok() ? 'y' : 'n';
      for (uint32_t slot = 1; slot <= 40 && device.ok(); ++slot)
        if ((*device)->write_page(SwapOffset(slot), page.bytes()) != Errno::ok) letter = 'n';
      (void)!write(ends[1], &letter, 1);
      pause();
      _exit(0);
    }
    char letter = 0;
    EXPECT_EQ(read(ends[0], &letter, 1), 1);
    EXPECT_EQ(letter, 'y');
    close(ends[0]);
    close(ends[1]);
  }
  ~OtherProcess() { end(); }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

TEST_F(RedisBackendTest, WhatAKilledProgramLeftIsDeletedByTheNext) {
  EXPECT_EQ(server().ask({"SET", "other", "mine"}), "OK");
  EXPECT_EQ(server().ask({"HSET", "quire:owners", "quire:X:", "not a record"}), "1");
  OtherProcess living(server().address());
  OtherProcess killed(server().address());
  EXPECT_EQ(server().ask({"DBSIZE"}), "82");
  killed.end();
  EXPECT_EQ(server().ask({"DBSIZE"}), "82");  // and `quire:owners` says whose they are
  EXPECT_EQ(server().ask({"HLEN", "quire:owners"}), "3");
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  EXPECT_EQ(server().ask({"DBSIZE"}), "42");
  EXPECT_EQ(server().ask({"HLEN", "quire:owners"}), "3");
  EXPECT_EQ(server().ask({"GET", "other"}), "mine");
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
    EXPECT_EQ(server().ask({"DBSIZE"}), "18");  // and the owners
  }
  EXPECT_EQ(server().ask({"DBSIZE"}), "1");
  EXPECT_EQ(server().ask({"GET", "quire:R:1"}), "mine");
}

TEST_F(RedisBackendTest, SlotsAreSpreadOverServers) {
  constexpr PageCount kManyPages{1025};
  servers_.push_back(std::make_unique<RedisServer>());
  {
    sync::String both = server().address() + "," + servers_[1]->address();
    auto device = RedisBackend::open({"R", both, kManyPages, kTestPayload, SwapInPath::through_cache, kTimeoutMs});
    ASSERT_TRUE(device.ok());
    keeps_pages_of_threads(**device, 100);
    int first = std::atoi(server().ask({"DBSIZE"}).c_str()) - 1;
    int second = std::atoi(servers_[1]->ask({"DBSIZE"}).c_str()) - 1;
    EXPECT_EQ(first + second, 1024);
    EXPECT_GT(first, 256);
    EXPECT_GT(second, 256);
    // The other server goes on.
    servers_[1]->stop();
    TestPage page;
    int errors = 0;
    for (uint32_t slot = 1; slot < 1024; ++slot)
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
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50 + 8 * kTimeoutMs + kSlackMs));

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
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(4 * kTimeoutMs + kSlackMs));
  server().thaw();
  EXPECT_EQ((*device)->read_page(SwapOffset(1), page.bytes()), Errno::ok);
}

/// Stands between connections and a server, and may keep what they say to itself for a while.
class SlowProxy {
 public:
  explicit SlowProxy(const sync::String& server) : server_(server), path_(server + ".proxy") {
    sockaddr_un address = address_of(path_);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    thread_ = std::thread([this] {
      while (!ending_.load()) turn();
    });
  }
  ~SlowProxy() {
    ending_.store(true);
    thread_.join();
    for (Pair& pair : pairs_) end(pair);
    close(listener_);
  }
  [[nodiscard]] const sync::String& path() const { return path_; }
  /// From now on what the connections that there are say does not get through.
  void hold() { order(Order::hold); }
  /// It does, however late.
  void release() { order(Order::release); }

 private:
  enum class Order : uint8_t { none, hold, release };
  struct Pair {
    int client;
    int server;
    bool held = false;
    std::string late;
  };

  static sockaddr_un address_of(const sync::String& path) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    std::copy(path.begin(), path.end(), address.sun_path);
    return address;
  }
  void order(Order what) {
    order_.store(what);
    while (order_.load() != Order::none) usleep(1000);
  }
  static void end(Pair& pair) {
    for (int* fd : {&pair.client, &pair.server})
      if (*fd >= 0) close(std::exchange(*fd, -1));
  }
  static void say(int fd, std::string_view bytes) { (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  static std::optional<std::string> hear(int fd) {
    char buffer[65536];
    ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n < 0) return std::string();
    return n == 0 ? std::nullopt : std::optional(std::string(buffer, static_cast<std::size_t>(n)));
  }

  void turn() {
    pollfd wanted = {listener_, POLLIN, 0};
    if (poll(&wanted, 1, 1) == 1) {
      sockaddr_un address = address_of(server_);
      pairs_.push_back({accept(listener_, nullptr, nullptr), socket(AF_UNIX, SOCK_STREAM, 0), false, {}});
      EXPECT_EQ(connect(pairs_.back().server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    for (Pair& pair : pairs_) forward(pair);
    for (Pair& pair : pairs_) {
      if (order_.load() == Order::hold) pair.held = true;
      if (order_.load() != Order::release || !pair.held) continue;
      if (pair.server >= 0) say(pair.server, pair.late);
      pair.held = false;
    }
    order_.store(Order::none);
  }
  static void forward(Pair& pair) {
    if (pair.client >= 0) {
      auto said = hear(pair.client);
      if (said && pair.held) pair.late += *said;
      if (said && !pair.held && !said->empty()) say(pair.server, *said);
      if (!said && !pair.held) return end(pair);
      if (!said) close(std::exchange(pair.client, -1));
    }
    if (pair.server < 0) return;
    auto said = hear(pair.server);
    if (!said) return end(pair);
    if (pair.client >= 0 && !said->empty()) say(pair.client, *said);
  }

  const sync::String server_;
  const sync::String path_;
  const int listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
  std::vector<Pair> pairs_;
  std::atomic<Order> order_{Order::none};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

TEST_F(RedisBackendTest, WhatWasGivenUpNeverHappensLater) {
  SlowProxy proxy(server().address());
  RedisConnection connection({proxy.path(), 0}, kTimeoutMs);
  sync::Guard guard(connection.lock_);
  EXPECT_EQ(connection.try_out(), Errno::ok);
  proxy.hold();
  EXPECT_NE(connection.exchange({"SET", "key", "old"}), nullptr);  // the second time, on another connection
  EXPECT_NE(connection.exchange({"SET", "key", "new"}), nullptr);
  proxy.release();
  usleep(100'000);
  EXPECT_EQ(server().ask({"GET", "key"}), "new");
}

// The numbers of connections begin again, and those of others are left alone.
TEST_F(RedisBackendTest, AfterARestartNobodyElsesConnectionIsEnded) {
  for (int i = 0; i < 30; ++i) EXPECT_EQ(server().ask({"PING"}), "PONG");
  RedisConnection connection({server().address(), 0}, kTimeoutMs);
  sync::Guard guard(connection.lock_);
  RedisReply number = connection.exchange({"CLIENT", "ID"});
  ASSERT_NE(number, nullptr);
  server().stop();
  server().start();
  std::vector<std::unique_ptr<RedisConnection>> others;
  for (long long last = 0; last < number->integer;) {
    others.push_back(std::make_unique<RedisConnection>(RedisAddress{server().address(), 0}, kTimeoutMs));
    sync::Guard other_guard(others.back()->lock_);
    RedisReply reply = others.back()->exchange({"CLIENT", "ID"});
    ASSERT_NE(reply, nullptr);
    last = reply->integer;
  }
  EXPECT_EQ(connection.try_out(), Errno::ok);
  sync::String clients = server().ask({"CLIENT", "LIST"});
  auto count = static_cast<std::size_t>(std::count(clients.begin(), clients.end(), '\n'));
  EXPECT_EQ(count, others.size() + 2);  // this one, and that which asks
}

TEST_F(RedisBackendTest, ALostConnectionIsMadeAgain) {
  auto device = open(server().address());
  ASSERT_TRUE(device.ok());
  keeps_pages(**device);
  EXPECT_NE(server().ask({"CLIENT", "KILL", "TYPE", "normal"}), "0");
  keeps_pages(**device);
}

TEST(RedisAddressTest, TheFormsOfAnAddress) {
  auto plain = RedisAddress::parse("[::1]:6379");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->host, "::1");
  EXPECT_EQ(plain->port, 6379);
  auto url = RedisAddress::parse("redis://me:a%20b@10.0.0.1:7/2");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "10.0.0.1");
  EXPECT_EQ(url->port, 7);
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "a b");
  EXPECT_EQ(url->database, 2);
  auto socket = RedisAddress::parse("unix://:x@/run/redis?db=1");
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->host, "/run/redis");
  EXPECT_EQ(socket->port, 0);
  EXPECT_EQ(socket->database, 1);
  auto list = RedisAddress::parse_list("a:1,/b,redis://c:2");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->size(), 3U);
}

TEST(RedisBackend, ErrorsOfOpening) {
  auto error = [](std::string_view addresses) {
    return RedisBackend::open({"R", addresses, kRedisPages, kTestPayload, SwapInPath::through_cache, kTimeoutMs})
        .error();
  };
  for (std::string_view bad :
       {"", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "127.0.0.1:1,", "redis://", "redis:///socket",
        "redis://secret@host:1", "redis://:%2@host:1", "redis://:%zz@host:1", "redis://host:1/x", "redis://host:1/-1",
        "rediss://host:1", "unix://host:1", "unix:///socket?db=x", "host:1/2"})
    EXPECT_EQ(error(bad), Errno::einval) << bad;
  EXPECT_EQ(error("127.0.0.1:1"), Errno::enxio);
  EXPECT_EQ(error("/tmp/quire_no_such_socket"), Errno::enxio);
}

}  // namespace
}  // namespace quire::swap
