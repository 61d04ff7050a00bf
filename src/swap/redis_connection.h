// RedisConnection: one connection to a Redis server, made when it is first wanted and made again when it was lost.
//
// States: closed (no context) and open. exchange() sends one command and waits for its reply; when the connection
// breaks or the time is up it is closed, and the command is sent once more on a new one. A command may therefore happen
// twice: only those are sent where that makes no difference. A new connection says who it is, chooses its database, and
// has the server end the one that was lost: so a command that was given up never happens after a later one.
//
// Time: connecting, the greeting and waiting for a reply each take `timeout_ms` at most, so exchange() ends within six
// of them (a name that has to be looked up takes what the resolver takes; addresses in numbers and sockets take
// nothing). No signal: a server that went away is an error of send(), not SIGPIPE.
//
// Locks: lock_ is held around exchange() and as long as its reply is looked at.
//
//   RedisConnection connection({.host = "127.0.0.1", .port = 6379});
//   sync::Guard guard(connection.lock_);
//   RedisReply reply = connection.exchange({"GET", key});   // nullptr: it could not be done
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "swap/redis_address.h"
#include "sync/heap.h"
#include "sync/lock.h"

struct redisContext;
struct redisReply;

namespace quire::swap {

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
  /// Whether the server answers as one that may be used. -ENXIO: it does not; -EACCES: it wants another password, or
  /// forbids what is needed; -EINVAL: it has no such database.
  [[nodiscard]] base::Errno try_out() QUIRE_REQUIRES(lock_);

  sync::Mutex<sync::LockClass::swap_backend_lock> lock_;

 private:
  /// A connection as a run of the server knows it.
  struct Incarnation {
    sync::String run;
    long long connection = 0;  ///< 0: unknown
  };
  [[nodiscard]] bool connect();
  [[nodiscard]] bool greet();
  [[nodiscard]] bool greeted(std::string_view command);
  [[nodiscard]] bool end_lost_connection(const redisReply& info, const redisReply& number);
  void close();
  void start_clock();
  void put_command(sync::String& out, std::span<const std::string_view> words);
  [[nodiscard]] bool send_text(std::string_view text);
  [[nodiscard]] RedisReply receive();

  const RedisAddress address_;
  const unsigned timeout_ms_;
  redisContext* context_ = nullptr;
  std::chrono::steady_clock::time_point end_;  ///< of the greeting or the exchange that is going on
  Incarnation server_;                         ///< of the connection, or of the one that was lost
  base::Errno refused_ = base::Errno::ok;      ///< why the last greeting was not answered well
  sync::String command_;                       ///< as it is sent
};

}  // namespace quire::swap
