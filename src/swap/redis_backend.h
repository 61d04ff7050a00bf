// RedisBackend: a swap device in the memory of Redis servers, one key for each slot. Native only.
//
// Keys are `quire:NAME:ID:SLOT` with the device's name and 16 random hexadecimal digits that no other device has, so
// nothing else on the servers is read or touched but the hash `quire:owners` (swap/redis_owners.h). Neighbouring slots,
// 16 of them, belong to one server and to one connection of it, by hash, so that the pages of a folio are one command.
//
// States of a slot:
//   empty     never written, or discarded: reads as zeros, without asking anybody
//   written   its key holds the page; if the server says that there is no such key, it lost the page: -EIO
// When the back end ends it deletes the keys of written slots. A program that is killed leaves its keys behind; they
// are deleted when the next device is opened on these servers by this host.
//
// Errors: a server that does not answer in time or answers with an error is -EIO; a lost connection is made again once
// for each command (swap/redis_connection.h says how long that may take). Servers should not evict keys
// (maxmemory-policy noeviction): a page that was evicted is lost.
//
// Locks: a swap_backend_lock for each connection, which also guards whether its slots are written.
//
//   auto device = RedisBackend::open({"R", "10.0.0.1:6379,redis://:secret@10.0.0.2:6379/2", PageCount(1025), 4096});
//   if (!device) return device.error();
//   areas.swapon(**device);
#pragma once

#include <string_view>

#include "swap/backend.h"
#include "swap/redis_connection.h"

namespace quire::swap {

struct RedisSettings {
  const char* name;
  std::string_view servers;  ///< addresses with commas between them
  PageCount pages;           ///< the header included
  uint32_t payload_bytes;    ///< per page
  SwapInPath path = SwapInPath::through_cache;
  unsigned timeout_ms = 1000;  ///< for connecting, and for each reply
};

class RedisBackend final : public SwapBackend {
 public:
  /// -EINVAL: not addresses, or no such database; -ENXIO: one of the servers does not answer; -EACCES: it wants another
  /// password.
  [[nodiscard]] static Result<sync::Box<RedisBackend>> open(const RedisSettings& settings);

  RedisBackend(const RedisSettings& settings, std::span<const RedisAddress> servers);
  ~RedisBackend();

  /// What all its keys begin with.
  [[nodiscard]] const sync::String& prefix() const { return prefix_; }
  void describe(sync::String& out) const override;
  [[nodiscard]] Errno suspend() override { return Errno::eopnotsupp; }

 private:
  static constexpr unsigned kConnectionsPerServer = 4;
  static constexpr uint32_t kSlotsTogether = 16;
  using Words = sync::Vector<std::string_view>;

  Errno read(SwapOffset slot, std::span<std::byte> payload) override { return read_run(slot, PageCount(1), payload); }
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override {
    return write_run(slot, PageCount(1), payload);
  }
  Errno read_run(SwapOffset first, PageCount pages, std::span<std::byte> payload) override;
  Errno write_run(SwapOffset first, PageCount pages, std::span<const std::byte> payload) override;
  void discard_run(SwapOffset first, PageCount pages) override;
  /// The same for slots of one connection.
  [[nodiscard]] Errno read_together(SwapOffset first, std::span<std::byte> payload);
  [[nodiscard]] Errno write_together(SwapOffset first, std::span<const std::byte> payload);
  template <typename Act>
  [[nodiscard]] Errno each_together(SwapOffset first, PageCount pages, Act act);
  [[nodiscard]] Errno greet_servers();
  [[nodiscard]] std::size_t connection_of(SwapOffset slot) const;
  void delete_keys();

  const uint32_t payload_bytes_;
  const std::size_t servers_;
  sync::String prefix_;
  std::size_t owned_ = 0;                                 ///< servers that know of this device
  sync::Vector<sync::Box<RedisConnection>> connections_;  ///< those of a server follow each other
  sync::Vector<uint8_t> written_;                         ///< per slot; maybe written counts
};

}  // namespace quire::swap
