#include "swap/redis_owners.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace quire::swap {
namespace {

constexpr std::string_view kOwners = "quire:owners";
constexpr uint64_t kPagesMax = uint64_t{1} << 32;  // of a swap device

/// The first 4095 bytes of a file of the host; empty: there is none.
sync::String contents_of(const char* path) {
  std::array<char, 4095> buffer;
  int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  ssize_t n = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
}

/// The next word of `text`, which is taken off it; empty: there is none.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

uint64_t take_number(std::string_view& text) {
  std::string_view word = take_word(text);
  uint64_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

/// What tells a process from every other one of this host, the same number later included.
struct ProcessRecord {
  sync::String boot;
  sync::String name_space;
  uint64_t pid = 0;
  uint64_t start = 0;
  uint64_t pages = 0;

  static ProcessRecord mine(uint64_t pages) {
    sync::String boot = contents_of("/proc/sys/kernel/random/boot_id");
    std::string_view line = boot;
    std::array<char, 64> link = {};
    ssize_t n = readlink("/proc/self/ns/pid", link.data(), link.size() - 1);
    auto pid = static_cast<uint64_t>(getpid());
    return {sync::String(take_word(line)), n > 0 ? link.data() : "?", pid, start_of(pid), pages};
  }
  /// What is not a record is of no boot.
  static ProcessRecord parse(std::string_view text) {
    ProcessRecord record;
    record.boot = take_word(text);
    record.name_space = take_word(text);
    record.pid = take_number(text);
    record.start = take_number(text);
    record.pages = take_number(text);
    return record;
  }
  [[nodiscard]] sync::String text() const {
    return sync::String(
        fmt::format("{} {} {} {} {}", std::string_view(boot), std::string_view(name_space), pid, start, pages));
  }

  /// Known for certain.
  [[nodiscard]] bool has_ended(const ProcessRecord& here) const {
    return !boot.empty() && boot == here.boot && name_space == here.name_space && start_of(pid) != start;
  }
  /// In clock ticks since the host's boot; 0: there is no such process. Field 22 of /proc/PID/stat; the second, its
  /// name, may have spaces.
  static uint64_t start_of(uint64_t pid) {
    sync::String line = contents_of(fmt::format("/proc/{}/stat", pid).c_str());
    auto name_end = line.rfind(')');
    if (name_end == sync::String::npos) return 0;
    std::string_view fields = std::string_view(line).substr(name_end + 1);
    for (int field = 3; field < 22; ++field) (void)take_word(fields);
    return take_number(fields);
  }
};

}  // namespace

sync::String RedisOwners::key(std::string_view prefix, uint64_t slot) {
  sync::String key(prefix);
  fmt::format_to(std::back_inserter(key), "{}", slot);
  return key;
}

bool RedisOwners::add(RedisConnection& connection, std::string_view prefix, base::PageCount pages) {
  sync::String record = ProcessRecord::mine(pages.value()).text();
  RedisReply reply = connection.exchange({"HSET", kOwners, prefix, record});
  return reply != nullptr && reply->type == REDIS_REPLY_INTEGER;
}

void RedisOwners::remove(RedisConnection& connection, std::string_view prefix) {
  (void)connection.exchange({"HDEL", kOwners, prefix});
}

void RedisOwners::delete_abandoned(RedisConnection& connection) {
  RedisReply owners = connection.exchange({"HGETALL", kOwners});
  if (owners == nullptr || owners->type != REDIS_REPLY_ARRAY) return;
  ProcessRecord here = ProcessRecord::mine(0);
  for (std::size_t i = 0; i + 1 < owners->elements; i += 2) {
    std::string_view prefix(owners->element[i]->str, owners->element[i]->len);
    auto record = ProcessRecord::parse({owners->element[i + 1]->str, owners->element[i + 1]->len});
    // Whoever wrote it: no keys but a device's are deleted.
    if (!record.has_ended(here) || !prefix.starts_with("quire:") || record.pages > kPagesMax) continue;
    if (delete_keys(connection, prefix, 0, record.pages, [](uint64_t) { return true; })) remove(connection, prefix);
  }
}

bool RedisOwners::delete_batch(RedisConnection& connection, const sync::Vector<sync::String>& keys) {
  sync::Vector<std::string_view> words = {"DEL"};
  for (const sync::String& key : keys) words.emplace_back(key);
  RedisReply reply = connection.exchange(words);
  return reply != nullptr && reply->type == REDIS_REPLY_INTEGER;
}

}  // namespace quire::swap
