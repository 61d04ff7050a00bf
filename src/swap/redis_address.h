// RedisAddress: where a Redis server listens, and what it wants to know first.
//
//   HOST:PORT, [IPV6]:PORT, /SOCKET
//   redis://[[USER]:PASSWORD@]HOST:PORT[/DATABASE]
//   unix://[[USER]:PASSWORD@]/SOCKET[?db=DATABASE]
//
// In the last two forms %XX stands for a byte, so that a password may have any. Without a password there the
// environment's QUIRE_REDIS_PASSWORD is used, which does not show in the list of processes. There is no TLS.
//
//   auto address = RedisAddress::parse("redis://:secret@10.0.0.1:6379/2");
#pragma once

#include <string_view>

#include "base/result.h"
#include "sync/heap.h"

namespace quire::swap {

struct RedisAddress {
  sync::String host;           ///< a name or number, or the path of a socket if it begins with '/'
  int port = 0;                ///< 0: a socket
  sync::String user = {};      ///< empty: the default one
  sync::String password = {};  ///< empty: none is asked for
  int database = 0;

  /// -EINVAL.
  [[nodiscard]] static base::Result<RedisAddress> parse(std::string_view text);
  /// Several with commas between them.
  [[nodiscard]] static base::Result<sync::Vector<RedisAddress>> parse_list(std::string_view text);
};

}  // namespace quire::swap
