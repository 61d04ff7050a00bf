#include "swap/redis_connection.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <iterator>
#include <utility>

#include "phys/bulk.h"

namespace quire::swap {
namespace {

constexpr int kAttempts = 2;

timeval as_timeval(unsigned milliseconds) {
  return {.tv_sec = static_cast<time_t>(milliseconds / 1000),
          .tv_usec = static_cast<suseconds_t>(milliseconds % 1000 * 1000)};
}

}  // namespace

void FreeRedisReply::operator()(redisReply* reply) const { freeReplyObject(reply); }

RedisReply RedisConnection::exchange(std::initializer_list<std::string_view> words) {
  return exchange(std::span(words.begin(), words.size()));
}

RedisReply RedisConnection::exchange(std::span<const std::string_view> words) {
  command_.clear();
  put_command(command_, words);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (context_ == nullptr && !connect()) return nullptr;
    start_clock();
    if (send_text(command_)) {
      if (RedisReply reply = receive()) return reply;
    }
    close();
  }
  return nullptr;
}

base::Errno RedisConnection::try_out() {
  refused_ = base::Errno::ok;
  RedisReply reply = exchange({"PING"});
  if (reply != nullptr && reply->type == REDIS_REPLY_STATUS) return base::Errno::ok;
  if (reply != nullptr) return base::Errno::eacces;  // -NOAUTH, -NOPERM
  return refused_ == base::Errno::ok ? base::Errno::enxio : refused_;
}

bool RedisConnection::connect() {
  timeval timeout = as_timeval(timeout_ms_);
  context_ = address_.port == 0 ? redisConnectUnixWithTimeout(address_.host.c_str(), timeout)
                                : redisConnectWithTimeout(address_.host.c_str(), address_.port, timeout);
  if (context_ == nullptr) return false;
  if (context_->err == 0 && redisSetTimeout(context_, timeout) == REDIS_OK && greet()) return true;
  close();
  return false;
}

// What is to be said is sent at once.
bool RedisConnection::greet() {
  start_clock();
  sync::String text;
  auto put = [&](std::initializer_list<std::string_view> words) { put_command(text, {words.begin(), words.size()}); };
  bool password = !address_.password.empty();
  if (password && address_.user.empty()) put({"AUTH", address_.password});
  if (password && !address_.user.empty()) put({"AUTH", address_.user, address_.password});
  sync::String database(fmt::format("{}", address_.database));
  if (address_.database != 0) put({"SELECT", database});
  put({"INFO", "server"});
  put({"CLIENT", "ID"});
  if (!send_text(text)) return false;
  if (password && !greeted("AUTH")) return false;
  if (address_.database != 0 && !greeted("SELECT")) return false;
  RedisReply info = receive();
  RedisReply number = receive();
  return info != nullptr && number != nullptr && end_lost_connection(*info, *number);
}

// A server that was started anew has no connection of before, and gives its number to somebody else. Servers before 5.0
// have no numbers, and nothing to end a lost connection by.
bool RedisConnection::end_lost_connection(const redisReply& info, const redisReply& number) {
  Incarnation now;
  if (number.type == REDIS_REPLY_INTEGER) now.connection = number.integer;
  constexpr std::string_view kField = "run_id:";
  std::string_view lines = info.str == nullptr ? std::string_view() : std::string_view(info.str, info.len);
  if (auto at = lines.find(kField); at != std::string_view::npos) {
    lines.remove_prefix(at + kField.size());
    now.run = lines.substr(0, lines.find('\r'));
  }
  if (server_.connection != 0 && !server_.run.empty() && server_.run == now.run) {
    sync::String text;
    sync::String lost(fmt::format("{}", server_.connection));
    std::string_view words[] = {"CLIENT", "KILL", "ID", lost};
    put_command(text, words);
    // Until that is certain the lost one is remembered; this one has done nothing yet.
    if (!send_text(text) || receive() == nullptr) return false;
  }
  server_ = std::move(now);
  return true;
}

bool RedisConnection::greeted(std::string_view command) {
  RedisReply reply = receive();
  if (reply == nullptr) return false;
  if (reply->type == REDIS_REPLY_STATUS) return true;
  bool unknown = std::string_view(reply->str, reply->len).starts_with("ERR") && command == "SELECT";
  refused_ = unknown ? base::Errno::einval : base::Errno::eacces;
  return false;
}

void RedisConnection::close() {
  if (context_ != nullptr) redisFree(context_);
  context_ = nullptr;
}

// Written here and not by hiredis: a page may change while it is copied (phys/bulk.h), and hiredis sends with SIGPIPE.
void RedisConnection::put_command(sync::String& out, std::span<const std::string_view> words) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", words.size());
  for (std::string_view word : words) {
    fmt::format_to(std::back_inserter(out), "${}\r\n", word.size());
    std::size_t at = out.size();
    out.resize(at + word.size());
    phys::copy_contents(reinterpret_cast<std::byte*>(out.data()) + at, reinterpret_cast<const std::byte*>(word.data()),
                        word.size());
    out.append("\r\n");
  }
}

void RedisConnection::start_clock() {
  end_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms_);
}

bool RedisConnection::send_text(std::string_view text) {
  for (std::size_t done = 0; done < text.size();) {
    ssize_t n = send(context_->fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

// The socket's own timeout is for each read, so a server that sends a byte now and then is caught by the clock.
RedisReply RedisConnection::receive() {
  for (;;) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_, &reply) != REDIS_OK) return nullptr;
    if (reply != nullptr) return RedisReply(static_cast<redisReply*>(reply));
    if (std::chrono::steady_clock::now() >= end_) return nullptr;
    if (redisBufferRead(context_) != REDIS_OK) return nullptr;
  }
}

}  // namespace quire::swap
