// RedisConnection: one connection to a Redis server, made when it is first wanted and made again when it was lost.
//
// States: closed (no context) and open. exchange() sends one command and waits for its reply; when the connection
// breaks or the time is up it is closed, and the command is sent once more on a new one. A command may therefore happen
// twice: only SET, GET, DEL and PING are sent, where that makes no difference.
//
// Time: connecting and waiting for a reply each take `timeout_ms` at most, so exchange() ends within four of them (a
// name that has to be looked up takes what the resolver takes; addresses in numbers and sockets take nothing).
// No signal: a server that went away is an error of send(), not SIGPIPE.
//
// Locks: lock_ is held around exchange() and as long as its reply is looked at.
//
//   RedisConnection connection({.host = "127.0.0.1", .port = 6379});
//   sync::Guard guard(connection.lock_);
//   RedisReply reply = connection.exchange({"GET", key});   // nullptr: it could not be done
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "sync/heap.h"
#include "sync/lock.h"

struct redisContext;
struct redisReply;

namespace quire::swap {

struct RedisAddress {
  sync::String host;  ///< a name or number, or the path of a socket if it begins with '/'
  int port = 0;       ///< 0: a socket

  /// `HOST:PORT`, `[IPV6]:PORT` or `/PATH`. -EINVAL.
  [[nodiscard]] static base::Result<RedisAddress> parse(std::string_view text);
};

struct FreeRedisReply {
  void operator()(redisReply* reply) const;
};
using RedisReply = std::unique_ptr<redisReply, FreeRedisReply>;

class RedisConnection {
 public:
  RedisConnection(const RedisAddress& address, unsigned timeout_ms) : address_(address), timeout_ms_(timeout_ms) {}
  ~RedisConnection() { close(); }
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  /// The words of a command may have any bytes in them. nullptr: not done, also on a second connection; an error that
  /// the server tells is a reply.
  [[nodiscard]] RedisReply exchange(std::initializer_list<std::string_view> words) QUIRE_REQUIRES(lock_);
  [[nodiscard]] RedisReply exchange(std::span<const std::string_view> words) QUIRE_REQUIRES(lock_);

  sync::Mutex<sync::LockClass::swap_backend_lock> lock_;

 private:
  [[nodiscard]] bool connect();
  void close();
  void put_command(std::span<const std::string_view> words);
  [[nodiscard]] bool send_command();
  [[nodiscard]] RedisReply receive();

  const RedisAddress address_;
  const unsigned timeout_ms_;
  redisContext* context_ = nullptr;
  sync::String command_;  ///< as it is sent
};

}  // namespace quire::swap
