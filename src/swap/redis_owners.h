// RedisOwners: which devices have keys on a server, and which of them were left behind by programs that were killed.
//
// The hash `quire:owners` has a field for each device, its prefix, with a record of the process: boot, PID namespace,
// number and start time, and how many pages the device has. A device whose process was of this boot and this namespace
// and is not there any more is nobody's: its keys, which are known from the record, and its field are deleted. What
// another host's programs have left cannot be told from what they use: `HGETALL quire:owners` names it.
//
// Locks: that of the connection is held by the caller.
//
//   RedisOwners(connection).delete_abandoned();
//   RedisOwners(connection).add(prefix, pages);
#pragma once

#include "base/types.h"
#include "swap/redis_connection.h"

namespace quire::swap {

class RedisOwners {
 public:
  explicit RedisOwners(RedisConnection& connection) : connection_(connection) {}

  /// This process owns the keys that begin with `prefix`. false: the server did not do it.
  [[nodiscard]] bool add(std::string_view prefix, base::PageCount pages) QUIRE_REQUIRES(connection_.lock_);
  void remove(std::string_view prefix) QUIRE_REQUIRES(connection_.lock_);
  /// Deletes the keys of devices whose processes have ended.
  void delete_abandoned() QUIRE_REQUIRES(connection_.lock_);
  /// Deletes the keys of the slots from `first` to before `end` for which `wanted(slot)`. false: the server did not do
  /// it.
  template <typename Wanted>
  bool delete_keys(std::string_view prefix, uint64_t first, uint64_t end, Wanted wanted)
      QUIRE_REQUIRES(connection_.lock_) {
    sync::Vector<sync::String> keys;
    for (uint64_t slot = first; slot < end; ++slot) {
      if (wanted(slot)) keys.push_back(key(prefix, slot));
      bool full = keys.size() == kKeysPerDelete || slot + 1 == end;
      if (full && !keys.empty() && !delete_batch(keys)) return false;
      if (full) keys.clear();
    }
    return true;
  }
  [[nodiscard]] static sync::String key(std::string_view prefix, uint64_t slot);

 private:
  static constexpr std::size_t kKeysPerDelete = 256;
  [[nodiscard]] bool delete_batch(const sync::Vector<sync::String>& keys) QUIRE_REQUIRES(connection_.lock_);

  RedisConnection& connection_;
};

}  // namespace quire::swap
