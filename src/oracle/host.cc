#include "oracle/host.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "oracle/kernel/calls.h"
#include "oracle/kernel_facts.h"

namespace quire::oracle {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kAreaPages = 16'384;
// Before 6.15 each CPU takes slots ahead of need, so that more look used than are, but only while there are more free
// ones than 320 for each CPU. Source: mm/swap_slots.c THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE
constexpr std::size_t kAreaPagesOfSlotCaches = 200;

std::size_t area_bytes() {
  KernelFacts kernel;
  kernel.release = Host::kernel_release();
  return (kernel.is_since(6, 15) ? kAreaPages : kAreaPagesOfSlotCaches) * kPage;
}

bool write_file(const std::string& path, std::string_view text) {
  int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

std::string read_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// The header page of a swap area. Source: mkswap(8), include/linux/swap.h union swap_header
bool write_swap_header(const std::string& path, std::size_t bytes) {
  std::array<char, kPage> page{};
  uint32_t version = 1;
  auto last_page = static_cast<uint32_t>(bytes / kPage - 1);
  std::memcpy(page.data() + 1024, &version, sizeof(version));
  std::memcpy(page.data() + 1028, &last_page, sizeof(last_page));
  std::memcpy(page.data() + kPage - 10, "SWAPSPACE2", 10);
  int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = pwrite(fd, page.data(), page.size(), 0) == static_cast<ssize_t>(page.size()) && fsync(fd) == 0;
  close(fd);
  return written;
}

// Again while somebody has it: a process that was killed may still be in its swapoff().
void remove_zram(const std::string& number) {
  constexpr int kAttempts = 600;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    swapoff(fmt::format("/dev/zram{}", number).c_str());
    write_file(fmt::format("/sys/block/zram{}/reset", number), "1");
    if (write_file("/sys/class/zram-control/hot_remove", number)) return;
    usleep(50'000);
  }
}

// What is asked for with "make KIND"; its name, or nothing. Who asks may be killed as soon as it is there.
std::string make(const std::string& kind) {
  if (kind == "zram") return read_line("/sys/class/zram-control/hot_add");
  std::string name = "/var/tmp/quire-XXXXXX";
  return mkdtemp(name.data()) == nullptr ? "" : name;
}

void end_swap_file(const std::string& path) {
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (swapoff(path.c_str()) == 0 || errno == EINVAL || errno == ENOENT) return;
    usleep(50'000);
  }
}

// Again while there is something new in it: processes that play may outlive who started them by a little.
void remove_directory(const std::string& path) {
  constexpr int kAttempts = 600;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::error_code failed;
    std::filesystem::remove_all(path, failed);
    if (!failed) return;
    usleep(10'000);
  }
}

// A line of the guardian: what there is, and is to go.
void clean_up(const std::string& line) {
  std::istringstream words(line);
  std::string kind;
  std::string what;
  words >> kind >> what;
  if (kind == "zram") remove_zram(what);
  if (kind == "file") end_swap_file(what);
  std::string value;
  if (kind == "set" && words >> value) write_file(what, value);
  if (kind == "mount") umount2(what.c_str(), MNT_DETACH);
  if (kind == "dir") remove_directory(what);
}

// Up to the end of a line; nothing when the other end is closed.
std::optional<std::string> next_line(int socket) {
  std::string line;
  for (char c = 0;;) {
    ssize_t n = read(socket, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    if (c == '\n') return line;
    line += c;
  }
}

bool send_line(int socket, std::string line) {
  line += '\n';
  return send(socket, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
}

// Listens until the other end is closed, which the end of the process does too, then cleans up from the last to the
// first.
[[noreturn]] void guard(int socket) {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  std::vector<std::string> lines;
  while (std::optional<std::string> line = next_line(socket)) {
    constexpr std::string_view kMake = "make ";
    if (!line->starts_with(kMake)) {
      lines.push_back(*line);
      continue;
    }
    std::string kind = line->substr(kMake.size());
    std::string name = make(kind);
    if (!name.empty()) lines.push_back(kind + " " + name);
    send_line(socket, name);
  }
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) clean_up(*line);
  _exit(0);
}

}  // namespace

Host::~Host() {
  if (guardian_ < 0) return;
  close(guardian_);
  waitpid(guardian_pid_, nullptr, 0);
  if (lock_ >= 0) close(lock_);
}

std::string Host::start_guardian() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fmt::format("socketpair: {}", std::strerror(errno));
  guardian_pid_ = fork();
  if (guardian_pid_ == 0) {
    close(ends[1]);
    setsid();
    guard(ends[0]);
  }
  close(ends[0]);
  if (guardian_pid_ < 0) {
    close(ends[1]);
    return fmt::format("fork: {}", std::strerror(errno));
  }
  guardian_ = ends[1];
  return {};
}

// Before the change, for this process may be killed at any moment.
void Host::tell_guardian(const std::string& line) const {
  if (!send_line(guardian_, line)) std::abort();
}

std::string Host::made_by_guardian(const std::string& kind) const {
  tell_guardian("make " + kind);
  std::optional<std::string> name = next_line(guardian_);
  if (!name) std::abort();
  return *name;
}

// Swap is the machine's: of two at once each would find its pages in the other's areas. Held by the guardian too, until
// it has cleaned up.
void Host::wait_for_turn() {
  lock_ = open("/var/tmp/quire-oracle.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  while (lock_ >= 0 && flock(lock_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

// A fault is to map the page it is about, and no neighbours that happen to be cached.
void Host::map_one_page_per_fault() {
  std::string debug = directory_ + "/debug";
  tell_guardian("mount " + debug);
  if (mkdir(debug.c_str(), 0700) != 0 || mount("none", debug.c_str(), "debugfs", 0, nullptr) != 0) return;
  std::string around = debug + "/fault_around_bytes";
  std::string before = read_line(around);
  if (before.empty()) return;
  tell_guardian("set " + around + " " + before);
  if (!write_file(around, "4096")) return;
  fault_around_pages_ = 1;
  settings_.emplace_back(around, "4096");
}

// A fault on a swapped page is to read that page, and no neighbours.
void Host::read_one_page_per_swap_fault() {
  const std::string cluster = "/proc/sys/vm/page-cluster";
  std::string before = read_line(cluster);
  if (before.empty()) return;
  tell_guardian("set " + cluster + " " + before);
  if (write_file(cluster, "0")) settings_.emplace_back(cluster, "0");
}

// Other programs may have set the kernel back meanwhile.
void Host::set_again() const {
  for (const auto& [path, value] : settings_) write_file(path, value);
}

std::string Host::set_up(const std::vector<std::string>& areas) {
  if (guardian_ < 0) {
    wait_for_turn();
    if (std::string why = start_guardian(); !why.empty()) return why;
    directory_ = made_by_guardian("dir");
    if (directory_.empty()) return "no directory can be made in /var/tmp";
    map_one_page_per_fault();
    read_one_page_per_swap_fault();
  }
  for (const std::string& area : areas) {
    if (areas_.contains(area)) continue;
    if (!is_root()) return "swap needs root";
    std::string number = made_by_guardian("zram");
    std::string device;
    if (!number.empty()) {
      device = "/dev/zram" + number;
      if (!write_file(fmt::format("/sys/block/zram{}/disksize", number), std::to_string(area_bytes())))
        return device + ": its size could not be set";
    } else {
      device = directory_ + "/swap-" + area;
      tell_guardian("file " + device);
      int fd = open(device.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      bool allocated = fd >= 0 && fallocate(fd, 0, 0, static_cast<off_t>(area_bytes())) == 0;
      if (fd >= 0) close(fd);
      if (!allocated) return device + ": no room for a swap file";
    }
    if (!write_swap_header(device, area_bytes())) return device + ": its header could not be written";
    if (swapon(device.c_str(), 0) != 0) return fmt::format("swapon {}: {}", device, std::strerror(errno));
    areas_[area] = device;
  }
  return {};
}

void Host::use_areas(const std::vector<std::string>& areas) const {
  bool ordered = areas.size() > 1;
  for (const auto& [area, device] : areas_)
    if (ordered || std::find(areas.begin(), areas.end(), area) == areas.end()) (void)swapoff(device.c_str());
  set_again();
  int priority = 100;
  for (const std::string& area : areas) {
    // What an earlier round has left in the swap cache is not this one's.
    if (q_swap_used(device_of(area).c_str()) > 0) (void)swapoff(device_of(area).c_str());
    (void)swapon(device_of(area).c_str(), SWAP_FLAG_PREFER | (priority-- & SWAP_FLAG_PRIO_MASK));
  }
}

void Host::use_fault_around(unsigned pages) {
  for (auto& [path, value] : settings_) {
    if (!path.ends_with("fault_around_bytes")) continue;
    value = std::to_string(pages * kPage);
    write_file(path, value);
  }
}

const std::string& Host::device_of(std::string_view area) const {
  static const std::string kNone;
  auto found = areas_.find(area);
  return found == areas_.end() ? kNone : found->second;
}

bool Host::has_disk() const {
  constexpr long kTmpfsMagic = 0x01021994;
  struct statfs about {};
  return statfs(directory_.c_str(), &about) == 0 && static_cast<long>(about.f_type) != kTmpfsMagic;
}

bool Host::is_root() { return geteuid() == 0; }

unsigned Host::nodes() {
  unsigned nodes = 0;
  while (std::filesystem::exists(fmt::format("/sys/devices/system/node/node{}", nodes))) ++nodes;
  return nodes == 0 ? 1 : nodes;
}

std::string Host::kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "";
}

}  // namespace quire::oracle
