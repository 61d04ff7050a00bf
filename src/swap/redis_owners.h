// RedisOwners: which devices have keys on a server, and which of them were left behind by programs that were killed.
//
// The hash `quire:owners` has a field for each device, its prefix, with a record of the process: boot, PID namespace,
// number and start time, and how many pages the device has. A device whose process was of this boot and this namespace
// and is not there any more is nobody's: its keys, which are known from the record, and its field are deleted. What
// another host's programs have left cannot be told from what they use: `HGETALL quire:owners` names it.
//
// Locks: that of the connection is held by the caller.
//
//   RedisOwners::delete_abandoned(connection);
//   if (!RedisOwners::add(connection, prefix, pages)) ...
#pragma once

#include "base/types.h"
#include "swap/redis_connection.h"

namespace quire::swap {

class RedisOwners {
 public:
  /// This process owns the keys that begin with `prefix`. false: the server did not do it.
  [[nodiscard]] static bool add(RedisConnection& connection, std::string_view prefix, base::PageCount pages)
      QUIRE_REQUIRES(connection.lock_);
  static void remove(RedisConnection& connection, std::string_view prefix) QUIRE_REQUIRES(connection.lock_);
  /// Deletes the keys of devices whose processes have ended.
  static void delete_abandoned(RedisConnection& connection) QUIRE_REQUIRES(connection.lock_);
  /// Deletes the keys of the slots from `first` to before `end` for which `wanted(slot)`. false: the server did not do
  /// it.
  template <typename Wanted>
  [[nodiscard]] static bool delete_keys(RedisConnection& connection, std::string_view prefix, uint64_t first,
                                        uint64_t end, Wanted wanted) QUIRE_REQUIRES(connection.lock_) {
    sync::Vector<sync::String> keys;
    for (uint64_t slot = first; slot < end; ++slot) {
      if (wanted(slot)) keys.push_back(key(prefix, slot));
      bool full = keys.size() == kKeysPerDelete || slot + 1 == end;
      if (full && !keys.empty() && !delete_batch(connection, keys)) return false;
      if (full) keys.clear();
    }
    return true;
  }
  [[nodiscard]] static sync::String key(std::string_view prefix, uint64_t slot);

 private:
  static constexpr std::size_t kKeysPerDelete = 256;
  [[nodiscard]] static bool delete_batch(RedisConnection& connection, const sync::Vector<sync::String>& keys)
      QUIRE_REQUIRES(connection.lock_);
};

}  // namespace quire::swap
