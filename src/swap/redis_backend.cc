#include "swap/redis_backend.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "phys/bulk.h"

namespace quire::swap {
namespace {

constexpr std::size_t kKeysPerDelete = 256;

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

struct RedisBackend::Key {
  [[nodiscard]] std::string_view text() const { return {letters.data(), length}; }
  std::array<char, 64> letters;
  std::size_t length;
};

Result<sync::Box<RedisBackend>> RedisBackend::open(const RedisSettings& settings) {
  sync::Vector<RedisAddress> servers;
  std::string_view rest = settings.servers;
  for (bool more = true; more;) {
    auto comma = rest.find(',');
    auto address = RedisAddress::parse(rest.substr(0, comma));
    if (!address) return address.error();
    servers.push_back(*address);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  auto device = sync::make_box<RedisBackend>(settings, servers);
  if (!device->all_answer()) return Errno::enxio;
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

void RedisBackend::describe(sync::String& out) const {
  auto written = std::count(written_.begin(), written_.end(), uint8_t{1});
  fmt::format_to(std::back_inserter(out), "    redis: {} keys {}*, {} servers\n", written, std::string_view(prefix_),
                 servers_);
}

Errno RedisBackend::read(SwapOffset slot, std::span<std::byte> payload) {
  QUIRE_ASSERT(payload.size() == payload_bytes_);
  RedisConnection& connection = *connections_[connection_of(slot)];
  sync::Guard guard(connection.lock_);
  if (written_[slot.value()] == 0) {
    std::fill(payload.begin(), payload.end(), std::byte{0});
    return Errno::ok;
  }
  RedisReply reply = connection.exchange({"GET", key_of(slot).text()});
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING || text_of(*reply).size() != payload.size())
    return Errno::eio;
  phys::copy_contents(payload.data(), reinterpret_cast<const std::byte*>(reply->str), payload.size());
  return Errno::ok;
}

Errno RedisBackend::write(SwapOffset slot, std::span<const std::byte> payload) {
  QUIRE_ASSERT(payload.size() == payload_bytes_);
  RedisConnection& connection = *connections_[connection_of(slot)];
  sync::Guard guard(connection.lock_);
  written_[slot.value()] = 1;  // before it is: the key has to be deleted even if the reply is lost
  std::string_view page(reinterpret_cast<const char*>(payload.data()), payload.size());
  RedisReply reply = connection.exchange({"SET", key_of(slot).text(), page});
  if (reply == nullptr || reply->type != REDIS_REPLY_STATUS || text_of(*reply) != "OK") return Errno::eio;
  return Errno::ok;
}

bool RedisBackend::all_answer() {
  for (std::size_t server = 0; server < servers_; ++server) {
    RedisConnection& connection = *connections_[server * kConnectionsPerServer];
    sync::Guard guard(connection.lock_);
    RedisReply reply = connection.exchange({"PING"});
    if (reply == nullptr || reply->type != REDIS_REPLY_STATUS || text_of(*reply) != "PONG") return false;
  }
  return true;
}

RedisBackend::Key RedisBackend::key_of(SwapOffset slot) const {
  Key key;
  key.length =
      fmt::format_to_n(key.letters.data(), key.letters.size(), "{}{}", std::string_view(prefix_), slot.value()).size;
  QUIRE_ASSERT(key.length <= key.letters.size(), "the name of a swap device is too long");
  return key;
}

std::size_t RedisBackend::connection_of(SwapOffset slot) const {
  uint64_t hash = mixed(slot.value());
  return hash % servers_ * kConnectionsPerServer + (hash >> 32) % kConnectionsPerServer;
}

// Nobody else uses the device any more. A server that does not answer keeps its keys, and is asked once.
void RedisBackend::delete_keys() {
  for (std::size_t server = 0; server < servers_; ++server) {
    RedisConnection& connection = *connections_[server * kConnectionsPerServer];
    sync::Guard guard(connection.lock_);
    sync::Vector<Key> keys;
    sync::Vector<std::string_view> words;
    for (uint32_t slot = 0; slot < written_.size();) {
      keys.clear();
      for (; slot < written_.size() && keys.size() < kKeysPerDelete; ++slot)
        if (written_[slot] != 0 && connection_of(SwapOffset(slot)) / kConnectionsPerServer == server)
          keys.push_back(key_of(SwapOffset(slot)));
      if (keys.empty()) break;
      words.assign(1, "DEL");
      for (const Key& key : keys) words.push_back(key.text());
      if (connection.exchange(words) == nullptr) break;
    }
  }
}

}  // namespace quire::swap
