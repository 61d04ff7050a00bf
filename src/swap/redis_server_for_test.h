// RedisServer: a redis-server of the test's own, on a socket in a temporary folder. It ends with the test, whatever
// ends the test.
//
//   if (!RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed";
//   RedisServer server;                                  // or RedisServer server({"--requirepass", "secret"});
//   RedisBackend::open({"R", server.address(), ...});
#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "swap/redis_connection.h"

namespace quire::swap {

class RedisServer {
 public:
  [[nodiscard]] static bool installed() { return std::system("command -v redis-server >/dev/null 2>&1") == 0; }

  explicit RedisServer(sync::Vector<sync::String> options = {}) : options_(std::move(options)) {
    char pattern[] = "/tmp/quire_redis_XXXXXX";
    EXPECT_NE(mkdtemp(pattern), nullptr);
    folder_ = pattern;
    address_ = folder_ + "/socket";
    start();
  }
  ~RedisServer() {
    stop();
    std::filesystem::remove_all(folder_);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// Returns when it answers. What it knew before is gone.
  void start() {
    pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      int null = open("/dev/null", O_RDWR);
      dup2(null, STDOUT_FILENO);
      sync::Vector<const char*> words = {
          "redis-server", "--port", "0",     "--unixsocket", address_.c_str(), "--save", "",
          "--appendonly", "no",     "--dir", folder_.c_str()};
      for (const sync::String& option : options_) words.push_back(option.c_str());
      words.push_back(nullptr);
      execvp("redis-server", const_cast<char**>(words.data()));
      _exit(1);
    }
    for (unsigned tries = 0; tries < 500; ++tries, usleep(10'000))
      if (answers(ask({"PING"}))) return;
    ADD_FAILURE() << "redis-server does not start";
  }
  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// It is there and does not answer.
  void freeze() const { kill(pid_, SIGSTOP); }
  void thaw() const { kill(pid_, SIGCONT); }

  [[nodiscard]] const sync::String& address() const { return address_; }
  /// The reply as text or, if it is one, as a number; "nothing" without one.
  [[nodiscard]] sync::String ask(std::initializer_list<std::string_view> words) const {
    RedisConnection connection({address_, 0}, 1000);
    sync::Guard guard(connection.lock_);
    RedisReply reply = connection.exchange(words);
    if (reply == nullptr) return "nothing";
    if (reply->type == REDIS_REPLY_INTEGER) return sync::String(fmt::format("{}", reply->integer));
    return reply->type == REDIS_REPLY_NIL ? "nil" : sync::String(reply->str, reply->len);
  }

 private:
  // One with a password says at least that it wants it.
  static bool answers(const sync::String& reply) { return reply == "PONG" || reply.starts_with("NOAUTH"); }

  const sync::Vector<sync::String> options_;
  sync::String folder_;
  sync::String address_;
  pid_t pid_ = -1;
};

}  // namespace quire::swap
