#include "swap/redis_backend.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "phys/bulk.h"
#include "swap/redis_owners.h"

namespace quire::swap {
namespace {

/// Neighbouring slots are far from each other. MurmurHash3's last step.
uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51'afd7'ed55'8ccd;
  value = (value ^ (value >> 33)) * 0xc4ce'b9fe'1a85'ec53;
  return value ^ (value >> 33);
}

sync::String unique_prefix(const char* name) {
  uint64_t id = 0;
  ssize_t n = getrandom(&id, sizeof(id), 0);
  QUIRE_ASSERT(n == static_cast<ssize_t>(sizeof(id)), "no random bytes for a name of its own");
  sync::String prefix;
  fmt::format_to(std::back_inserter(prefix), "quire:{}:{:016x}:", name, id);
  return prefix;
}

std::string_view text_of(const redisReply& reply) { return {reply.str, reply.len}; }

}  // namespace

Result<sync::Box<RedisBackend>> RedisBackend::open(const RedisSettings& settings) {
  auto servers = RedisAddress::parse_list(settings.servers);
  if (!servers) return servers.error();
  auto device = sync::make_box<RedisBackend>(settings, *servers);
  Errno error = device->greet_servers();
  if (error != Errno::ok) return error;
  return device;
}

RedisBackend::RedisBackend(const RedisSettings& settings, std::span<const RedisAddress> servers)
    : SwapBackend(settings.name, settings.pages, settings.path),
      payload_bytes_(settings.payload_bytes),
      servers_(servers.size()),
      prefix_(unique_prefix(settings.name)),
      written_(settings.pages.value()) {
  for (const RedisAddress& server : servers)
    for (unsigned i = 0; i < kConnectionsPerServer; ++i)
      connections_.push_back(sync::make_box<RedisConnection>(server, settings.timeout_ms));
}

RedisBackend::~RedisBackend() { delete_keys(); }

// All of them answer before anything is written to one.
Errno RedisBackend::greet_servers() {
  for (std::size_t server = 0; server < servers_; ++server) {
    RedisConnection& connection = *connections_[server * kConnectionsPerServer];
    sync::Guard guard(connection.lock_);
    if (Errno error = connection.try_out(); error != Errno::ok) return error;
  }
  for (std::size_t server = 0; server < servers_; ++server) {
    RedisConnection& connection = *connections_[server * kConnectionsPerServer];
    sync::Guard guard(connection.lock_);
    RedisOwners::delete_abandoned(connection);
    if (!RedisOwners::add(connection, prefix_, pages())) return Errno::eacces;
    ++owned_;
  }
  return Errno::ok;
}

void RedisBackend::describe(sync::String& out) const {
  auto written = std::count(written_.begin(), written_.end(), uint8_t{1});
  fmt::format_to(std::back_inserter(out), "    redis: {} keys {}*, {} servers\n", written, std::string_view(prefix_),
                 servers_);
}

/// Calls act(first, count, pages before it) for each stretch of slots that one connection has.
template <typename Act>
Errno RedisBackend::each_together(SwapOffset first, PageCount pages, Act act) {
  for (uint64_t done = 0; done < pages.value();) {
    SwapOffset slot = first + PageCount(done);
    uint64_t count = std::min<uint64_t>(pages.value() - done, kSlotsTogether - slot.value() % kSlotsTogether);
    Errno error = act(slot, count, done);
    if (error != Errno::ok) return error;
    done += count;
  }
  return Errno::ok;
}

Errno RedisBackend::read_run(SwapOffset first, PageCount pages, std::span<std::byte> payload) {
  QUIRE_ASSERT(payload.size() == pages.value() * payload_bytes_);
  return each_together(first, pages, [&](SwapOffset slot, uint64_t count, uint64_t before) {
    return read_together(slot, payload.subspan(before * payload_bytes_, count * payload_bytes_));
  });
}

Errno RedisBackend::write_run(SwapOffset first, PageCount pages, std::span<const std::byte> payload) {
  QUIRE_ASSERT(payload.size() == pages.value() * payload_bytes_);
  return each_together(first, pages, [&](SwapOffset slot, uint64_t count, uint64_t before) {
    return write_together(slot, payload.subspan(before * payload_bytes_, count * payload_bytes_));
  });
}

Errno RedisBackend::read_together(SwapOffset first, std::span<std::byte> payload) {
  RedisConnection& connection = *connections_[connection_of(first)];
  sync::Guard guard(connection.lock_);
  std::array<sync::String, kSlotsTogether> keys;
  std::array<std::span<std::byte>, kSlotsTogether> places;
  Words words = {"MGET"};
  for (std::size_t i = 0; i * payload_bytes_ < payload.size(); ++i) {
    std::span<std::byte> page = payload.subspan(i * payload_bytes_, payload_bytes_);
    if (written_[first.value() + i] == 0) {
      phys::zero_contents(page.data(), page.size());
      continue;
    }
    places[words.size() - 1] = page;
    keys[i] = RedisOwners::key(prefix_, first.value() + i);
    words.emplace_back(keys[i]);
  }
  if (words.size() == 1) return Errno::ok;
  RedisReply reply = connection.exchange(words);
  if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY || reply->elements != words.size() - 1) return Errno::eio;
  for (std::size_t i = 0; i < reply->elements; ++i) {
    const redisReply& page = *reply->element[i];
    if (page.type != REDIS_REPLY_STRING || text_of(page).size() != payload_bytes_) return Errno::eio;
    phys::copy_contents(places[i].data(), reinterpret_cast<const std::byte*>(page.str), payload_bytes_);
  }
  return Errno::ok;
}

Errno RedisBackend::write_together(SwapOffset first, std::span<const std::byte> payload) {
  RedisConnection& connection = *connections_[connection_of(first)];
  sync::Guard guard(connection.lock_);
  std::array<sync::String, kSlotsTogether> keys;
  Words words = {"MSET"};
  for (std::size_t i = 0; i * payload_bytes_ < payload.size(); ++i) {
    written_[first.value() + i] = 1;  // before it is: the key has to be deleted even if the reply is lost
    keys[i] = RedisOwners::key(prefix_, first.value() + i);
    words.emplace_back(keys[i]);
    words.emplace_back(reinterpret_cast<const char*>(payload.data()) + i * payload_bytes_, payload_bytes_);
  }
  RedisReply reply = connection.exchange(words);
  if (reply == nullptr || reply->type != REDIS_REPLY_STATUS || text_of(*reply) != "OK") return Errno::eio;
  return Errno::ok;
}

// What a server does not delete stays written, and is overwritten or deleted later.
void RedisBackend::discard_run(SwapOffset first, PageCount pages) {
  (void)each_together(first, pages, [&](SwapOffset slot, uint64_t count, uint64_t) {
    RedisConnection& connection = *connections_[connection_of(slot)];
    sync::Guard guard(connection.lock_);
    uint64_t end = slot.value() + count;
    auto wanted = [&](uint64_t at) { return at >= slot.value() && written_[at] != 0; };
    if (RedisOwners::delete_keys(connection, prefix_, slot.value(), end, wanted))
      std::fill(written_.begin() + slot.value(), written_.begin() + static_cast<std::ptrdiff_t>(end), uint8_t{0});
    return Errno::ok;
  });
}

std::size_t RedisBackend::connection_of(SwapOffset slot) const {
  uint64_t hash = mixed(slot.value() / kSlotsTogether);
  return hash % servers_ * kConnectionsPerServer + (hash >> 32) % kConnectionsPerServer;
}

// Nobody else uses the device any more. A server that does not answer keeps its keys, and is asked once.
void RedisBackend::delete_keys() {
  for (std::size_t server = 0; server < owned_; ++server) {
    RedisConnection& connection = *connections_[server * kConnectionsPerServer];
    sync::Guard guard(connection.lock_);
    auto wanted = [&](uint64_t slot) {
      return written_[slot] != 0 &&
             connection_of(SwapOffset(static_cast<uint32_t>(slot))) / kConnectionsPerServer == server;
    };
    if (RedisOwners::delete_keys(connection, prefix_, 0, written_.size(), wanted))
      RedisOwners::remove(connection, prefix_);
  }
}

}  // namespace quire::swap
