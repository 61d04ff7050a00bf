// What files of tmpfs cost: names made and removed, and bytes written and read, through the engine and, where this is
// root, by the kernel of the host, in turn with the engine. Medians of several rounds, and kernel / engine.
//
//   tmpfs_bench [--rounds N] [--names N] [--mib N]
#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "machine/machine.h"

namespace quire::bench {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLarge = std::size_t{1} << 20;

struct Settings {
  unsigned rounds = 9;
  unsigned names = 4096;
  std::size_t bytes = 16 * kLarge;
};

/// Somebody with a tmpfs. What fails ends the program: there is nothing to measure then.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// An empty file, and its descriptor.
  [[nodiscard]] virtual int create(const std::string& path) = 0;
  virtual void close(int fd) = 0;
  virtual void unlink(const std::string& path) = 0;
  virtual void write(int fd, std::span<const std::byte> from, std::size_t offset) = 0;
  virtual void read(int fd, std::span<std::byte> to, std::size_t offset) = 0;
};

void must(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "tmpfs_bench: {} failed\n", what);
  std::exit(1);
}

class EngineFiles final : public FileSystem {
 public:
  explicit EngineFiles(const Settings& settings)
      : machine_(options(settings)), process_(machine_.create_process("bench")) {}

  int create(const std::string& path) override {
    auto fd = machine_.open(process_, path, machine::abi::kOCreat | machine::abi::kORdwr, 0600);
    must(static_cast<bool>(fd), "open");
    return *fd;
  }
  void close(int fd) override { must(machine_.close(process_, fd) == base::Errno::ok, "close"); }
  void unlink(const std::string& path) override { must(machine_.unlink(process_, path) == base::Errno::ok, "unlink"); }
  void write(int fd, std::span<const std::byte> from, std::size_t offset) override {
    auto done = machine_.pwrite(process_, fd, from, static_cast<int64_t>(offset));
    must(done && *done == from.size(), "pwrite");
  }
  void read(int fd, std::span<std::byte> to, std::size_t offset) override {
    auto done = machine_.pread(process_, fd, to, static_cast<int64_t>(offset));
    must(done && *done == to.size(), "pread");
  }

 private:
  static machine::MachineOptions options(const Settings& settings) {
    machine::MachineOptions options;
    options.ram = base::PageCount(settings.bytes / kPage * 2 + 4096);
    options.add_tmpfs("tmp", base::PageCount(0));
    return options;
  }

  machine::Machine machine_;
  machine::Process& process_;
};

/// In a mount of this process alone, which ends with it.
class HostFiles final : public FileSystem {
 public:
  /// Empty, or why there is none.
  [[nodiscard]] static std::string mount_tmpfs() {
    if (geteuid() != 0) return "needs root";
    if (unshare(CLONE_NEWNS) != 0) return "no mounts of its own";
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "no private mounts";
    return mount("quire", "/tmp", "tmpfs", 0, "size=50%") == 0 ? "" : "no tmpfs";
  }
  int create(const std::string& path) override {
    int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    must(fd >= 0, "open of the host");
    return fd;
  }
  void close(int fd) override { must(::close(fd) == 0, "close of the host"); }
  void unlink(const std::string& path) override { must(::unlink(path.c_str()) == 0, "unlink of the host"); }
  void write(int fd, std::span<const std::byte> from, std::size_t offset) override {
    ssize_t done = ::pwrite(fd, from.data(), from.size(), static_cast<off_t>(offset));
    must(done == static_cast<ssize_t>(from.size()), "pwrite of the host");
  }
  void read(int fd, std::span<std::byte> to, std::size_t offset) override {
    ssize_t done = ::pread(fd, to.data(), to.size(), static_cast<off_t>(offset));
    must(done == static_cast<ssize_t>(to.size()), "pread of the host");
  }
};

/// Nanoseconds of each of `times` acts.
double time_each(std::size_t times, const std::function<void(std::size_t)>& act) {
  using Clock = std::chrono::steady_clock;
  auto start = Clock::now();
  for (std::size_t i = 0; i < times; ++i) act(i);
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / static_cast<double>(times);
}

constexpr std::array<std::string_view, 8> kRows = {"create",
                                                   "unlink",
                                                   "write 4 KiB, new page",
                                                   "write 4 KiB again",
                                                   "read 4 KiB",
                                                   "write 1 MiB, new pages",
                                                   "write 1 MiB again",
                                                   "read 1 MiB"};
using Times = std::array<double, kRows.size()>;

class Rounds {
 public:
  Rounds(FileSystem& files, const Settings& settings) : files_(files), settings_(settings) {
    for (unsigned i = 0; i < settings.names; ++i) names_.push_back(fmt::format("/tmp/name-{}", i));
    for (std::size_t i = 0; i < settings.bytes / kPage; ++i) pages_.push_back(i * kPage);
    std::shuffle(pages_.begin(), pages_.end(), std::mt19937(1));
    buffer_.assign(kLarge, std::byte{0x51});
  }

  [[nodiscard]] Times round() {
    Times times{};
    times[0] = time_each(names_.size(), [this](std::size_t i) { files_.close(files_.create(names_[i])); });
    times[1] = time_each(names_.size(), [this](std::size_t i) { files_.unlink(names_[i]); });
    std::span<std::byte> all(buffer_);
    std::span<std::byte> page = all.first(kPage);
    int fd = files_.create("/tmp/pages");
    times[2] = time_each(pages_.size(), [&](std::size_t i) { files_.write(fd, page, pages_[i]); });
    times[3] = time_each(pages_.size(), [&](std::size_t i) { files_.write(fd, page, pages_[i]); });
    times[4] = time_each(pages_.size(), [&](std::size_t i) { files_.read(fd, page, pages_[i]); });
    remove(fd, "/tmp/pages");
    fd = files_.create("/tmp/large");
    std::size_t count = settings_.bytes / kLarge;
    times[5] = time_each(count, [&](std::size_t i) { files_.write(fd, all, i * kLarge); });
    times[6] = time_each(count, [&](std::size_t i) { files_.write(fd, all, i * kLarge); });
    times[7] = time_each(count, [&](std::size_t i) { files_.read(fd, all, i * kLarge); });
    must(buffer_.back() == std::byte{0x51}, "what was read");
    remove(fd, "/tmp/large");
    return times;
  }

 private:
  void remove(int fd, const std::string& path) {
    files_.close(fd);
    files_.unlink(path);
  }

  FileSystem& files_;
  const Settings& settings_;
  std::vector<std::string> names_;
  std::vector<std::size_t> pages_;  ///< in an order that is no order
  std::vector<std::byte> buffer_;
};

double median_of(const std::vector<Times>& all, std::size_t row) {
  std::vector<double> values;
  for (const Times& times : all) values.push_back(times[row]);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

int usage() {
  fmt::print(stderr, "usage: tmpfs_bench [--rounds N] [--names N] [--mib N]\n");
  return 2;
}

int main_of(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; i += 2) {
    std::string_view option = argv[i];
    if (option.starts_with("--benchmark_")) {  // meant for the other programs
      --i;
      continue;
    }
    long value = i + 1 < argc ? std::atol(argv[i + 1]) : 0;
    if (value <= 0) return usage();
    if (option == "--rounds")
      settings.rounds = static_cast<unsigned>(value);
    else if (option == "--names")
      settings.names = static_cast<unsigned>(value);
    else if (option == "--mib")
      settings.bytes = static_cast<std::size_t>(value) * kLarge;
    else
      return usage();
  }
  std::string why_not = HostFiles::mount_tmpfs();
  EngineFiles engine(settings);
  HostFiles host;
  Rounds of_engine(engine, settings);
  Rounds of_host(host, settings);
  std::vector<Times> engine_times;
  std::vector<Times> host_times;
  // In turn, so that what else the machine does is the same for both; the first round warms up.
  for (unsigned round = 0; round <= settings.rounds; ++round) {
    Times engine_round = of_engine.round();
    Times host_round = why_not.empty() ? of_host.round() : Times{};
    if (round == 0) continue;
    engine_times.push_back(engine_round);
    host_times.push_back(host_round);
  }
  fmt::print("nanoseconds for each, medians of {} rounds of {} names and {} MiB\n\n", settings.rounds, settings.names,
             settings.bytes / kLarge);
  fmt::print("{:<24} {:>10} {:>10} {:>16}\n", "tmpfs", "engine", "kernel", "kernel / engine");
  for (std::size_t row = 0; row < kRows.size(); ++row) {
    double ours = median_of(engine_times, row);
    if (why_not.empty())
      fmt::print("{:<24} {:>10.0f} {:>10.0f} {:>16.2f}\n", kRows[row], ours, median_of(host_times, row),
                 median_of(host_times, row) / ours);
    else
      fmt::print("{:<24} {:>10.0f}   {}\n", kRows[row], ours, why_not);
  }
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::main_of(argc, argv); }
