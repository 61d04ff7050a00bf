#include "swap/redis_connection.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <iterator>

#include "phys/bulk.h"

namespace quire::swap {
namespace {

constexpr int kAttempts = 2;

timeval as_timeval(unsigned milliseconds) {
  return {.tv_sec = static_cast<time_t>(milliseconds / 1000),
          .tv_usec = static_cast<suseconds_t>(milliseconds % 1000 * 1000)};
}

}  // namespace

base::Result<RedisAddress> RedisAddress::parse(std::string_view text) {
  if (text.starts_with('/')) return RedisAddress{sync::String(text), 0};
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return base::Errno::einval;
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  int port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return base::Errno::einval;
  if (host.empty() || port < 1 || port > 65535) return base::Errno::einval;
  return RedisAddress{sync::String(host), port};
}

void FreeRedisReply::operator()(redisReply* reply) const { freeReplyObject(reply); }

RedisReply RedisConnection::exchange(std::initializer_list<std::string_view> words) {
  return exchange(std::span(words.begin(), words.size()));
}

RedisReply RedisConnection::exchange(std::span<const std::string_view> words) {
  put_command(words);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (context_ == nullptr && !connect()) return nullptr;
    if (send_command()) {
      if (RedisReply reply = receive()) return reply;
    }
    close();
  }
  return nullptr;
}

bool RedisConnection::connect() {
  timeval timeout = as_timeval(timeout_ms_);
  context_ = address_.port == 0 ? redisConnectUnixWithTimeout(address_.host.c_str(), timeout)
                                : redisConnectWithTimeout(address_.host.c_str(), address_.port, timeout);
  if (context_ == nullptr) return false;
  if (context_->err == 0 && redisSetTimeout(context_, timeout) == REDIS_OK) return true;
  close();
  return false;
}

void RedisConnection::close() {
  if (context_ != nullptr) redisFree(context_);
  context_ = nullptr;
}

// Written here and not by hiredis: a page may change while it is copied (phys/bulk.h), and hiredis sends with SIGPIPE.
void RedisConnection::put_command(std::span<const std::string_view> words) {
  command_.clear();
  fmt::format_to(std::back_inserter(command_), "*{}\r\n", words.size());
  for (std::string_view word : words) {
    fmt::format_to(std::back_inserter(command_), "${}\r\n", word.size());
    std::size_t at = command_.size();
    command_.resize(at + word.size());
    phys::copy_contents(reinterpret_cast<std::byte*>(command_.data()) + at,
                        reinterpret_cast<const std::byte*>(word.data()), word.size());
    command_.append("\r\n");
  }
}

bool RedisConnection::send_command() {
  for (std::size_t done = 0; done < command_.size();) {
    ssize_t n = send(context_->fd, command_.data() + done, command_.size() - done, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

// The socket's own timeout is for each read, so a server that sends a byte now and then is caught by the clock.
RedisReply RedisConnection::receive() {
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms_);
  for (;;) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_, &reply) != REDIS_OK) return nullptr;
    if (reply != nullptr) return RedisReply(static_cast<redisReply*>(reply));
    if (std::chrono::steady_clock::now() >= end) return nullptr;
    if (redisBufferRead(context_) != REDIS_OK) return nullptr;
  }
}

}  // namespace quire::swap
