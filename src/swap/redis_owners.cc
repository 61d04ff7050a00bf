#include "swap/redis_owners.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace quire::swap {
namespace {

constexpr std::string_view kOwners = "quire:owners";

/// What tells a process from every other one of this host, the same number later included.
struct ProcessRecord {
  std::string boot;
  std::string name_space;
  int pid = 0;
  uint64_t start = 0;
  uint64_t pages = 0;

  static ProcessRecord mine(uint64_t pages) {
    std::string boot;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
    std::array<char, 64> link = {};
    ssize_t n = readlink("/proc/self/ns/pid", link.data(), link.size() - 1);
    return {boot, n > 0 ? std::string(link.data()) : "?", getpid(), start_of(getpid()), pages};
  }
  /// false: not a record.
  bool parse(std::string_view text) {
    std::istringstream in{std::string(text)};
    in >> boot >> name_space >> pid >> start >> pages;
    return !in.fail();
  }
  [[nodiscard]] std::string text() const { return fmt::format("{} {} {} {} {}", boot, name_space, pid, start, pages); }

  /// Known for certain.
  [[nodiscard]] bool has_ended(const ProcessRecord& here) const {
    return boot == here.boot && name_space == here.name_space && start_of(pid) != start;
  }
  /// In clock ticks since the host's boot; 0: there is no such process. Field 22 of /proc/PID/stat, after the name.
  static uint64_t start_of(int pid) {
    std::string line;
    std::getline(std::ifstream(fmt::format("/proc/{}/stat", pid)), line);
    auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 22; ++field) fields >> skipped;
    uint64_t start = 0;
    fields >> start;
    return start;
  }
};

}  // namespace

sync::String RedisOwners::key(std::string_view prefix, uint64_t slot) {
  sync::String key(prefix);
  fmt::format_to(std::back_inserter(key), "{}", slot);
  return key;
}

bool RedisOwners::add(std::string_view prefix, base::PageCount pages) {
  std::string record = ProcessRecord::mine(pages.value()).text();
  RedisReply reply = connection_.exchange({"HSET", kOwners, prefix, record});
  return reply != nullptr && reply->type == REDIS_REPLY_INTEGER;
}

void RedisOwners::remove(std::string_view prefix) { (void)connection_.exchange({"HDEL", kOwners, prefix}); }

void RedisOwners::delete_abandoned() {
  RedisReply owners = connection_.exchange({"HGETALL", kOwners});
  if (owners == nullptr || owners->type != REDIS_REPLY_ARRAY) return;
  ProcessRecord here = ProcessRecord::mine(0);
  for (std::size_t i = 0; i + 1 < owners->elements; i += 2) {
    std::string_view prefix(owners->element[i]->str, owners->element[i]->len);
    ProcessRecord record;
    if (!record.parse({owners->element[i + 1]->str, owners->element[i + 1]->len}) || !record.has_ended(here)) continue;
    if (delete_keys(prefix, 0, record.pages, [](uint64_t) { return true; })) remove(prefix);
  }
}

bool RedisOwners::delete_batch(const sync::Vector<sync::String>& keys) {
  sync::Vector<std::string_view> words = {"DEL"};
  for (const sync::String& key : keys) words.emplace_back(key);
  RedisReply reply = connection_.exchange(words);
  return reply != nullptr && reply->type == REDIS_REPLY_INTEGER;
}

}  // namespace quire::swap
