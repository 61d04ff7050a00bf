// What swap costs: a slot taken and given back; a page swapped out and in again through the engine, on each back end;
// and, where this is root, the same by the kernel of the host, in turn with the engine. Medians of several rounds.
//
//   swap_bench [--pages N] [--rounds N] [--only NAME]
//   tools/with_redis env QUIRE_REDIS={} build/release/bench/swap_bench
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "host_swap.h"
#include "machine/machine.h"
#include "swap/areas.h"

namespace quire::bench {
namespace {

using base::Errno;
using base::PageCount;

constexpr uint64_t kPageBytes = 4096;
constexpr unsigned kThreadsMax = 2;

uint64_t pages_each = 2048;
unsigned rounds = 7;
std::string_view only;

/// Nanoseconds for each page, of one thread.
struct Times {
  double out = 0;
  double in = 0;
};

/// A third of its bytes when compressed: every 16th is random.
const std::vector<std::byte>& contents() {
  static const std::vector<std::byte> page = [] {
    std::vector<std::byte> bytes(kPageBytes);
    std::mt19937 random(1);
    for (std::size_t i = 0; i < kPageBytes; ++i) bytes[i] = static_cast<std::byte>(i % 16 == 0 ? random() : i / 256);
    return bytes;
  }();
  return page;
}

/// Runs act(number) in `threads` threads at once and returns the nanoseconds until the last has ended.
double time_threads(unsigned threads, const std::function<void(unsigned)>& act) {
  using Clock = std::chrono::steady_clock;
  std::atomic<unsigned> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i)
    running.emplace_back([&, i] {
      ready.fetch_add(1);
      while (!go.load()) {
      }
      act(i);
    });
  while (ready.load() < threads) {
  }
  auto start = Clock::now();
  go.store(true);
  for (std::thread& thread : running) thread.join();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

/// Somebody who swaps: the engine or the kernel.
class Swapper {
 public:
  virtual ~Swapper() = default;
  /// Makes every page of a thread dirty.
  virtual void dirty(unsigned thread) = 0;
  virtual void page_out(unsigned thread) = 0;
  virtual void touch(unsigned thread) = 0;
  /// Whether the pages of all threads are in swap.
  [[nodiscard]] virtual bool is_out() = 0;

  [[nodiscard]] std::optional<Times> round(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) dirty(i);
    Times times;
    times.out = time_threads(threads, [this](unsigned i) { page_out(i); }) / static_cast<double>(pages_each);
    if (!is_out()) return std::nullopt;
    times.in = time_threads(threads, [this](unsigned i) { touch(i); }) / static_cast<double>(pages_each);
    return times;
  }
};

class Engine final : public Swapper {
 public:
  Engine(machine::SwapBackendKind kind, std::string_view location, unsigned threads)
      : threads_(threads), machine_(options(kind, location, threads)), process_(machine_.create_process("bench")) {
    for (unsigned i = 0; i < threads; ++i) {
      base_[i] =
          *machine_.mmap(process_, 0, pages_each * kPageBytes, machine::abi::kProtRead | machine::abi::kProtWrite,
                         machine::abi::kMapPrivate | machine::abi::kMapAnonymous, -1, 0);
      for (uint64_t at = 0; at < pages_each * kPageBytes; ++at)
        if (contents()[at % kPageBytes] != std::byte{0}) store(base_[i] + at, contents()[at % kPageBytes]);
    }
  }
  [[nodiscard]] bool ready() { return machine_.swapon(process_, "S") == Errno::ebusy; }

  void dirty(unsigned thread) override {
    for (uint64_t page = 0; page < pages_each; ++page) store(base_[thread] + page * kPageBytes, contents()[0]);
  }
  void page_out(unsigned thread) override {
    if (machine_.madvise(process_, base_[thread], pages_each * kPageBytes, machine::abi::kMadvPageout) != Errno::ok)
      std::abort();
  }
  void touch(unsigned thread) override {
    for (uint64_t page = 0; page < pages_each; ++page)
      if (machine_.load(process_, base_[thread] + page * kPageBytes).value != contents()[0]) std::abort();
  }
  // All but a few that were in the batch of another CPU on their way to the LRU lists.
  [[nodiscard]] bool is_out() override { return machine_.swap_used("S") * 20 > pages_each * threads_ * 19; }

 private:
  static machine::MachineOptions options(machine::SwapBackendKind kind, std::string_view location, unsigned threads) {
    machine::MachineOptions options;
    options.cpus = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.ram = PageCount(threads * pages_each + 1024);
    machine::SwapDevice& device = options.add_swap("S", PageCount(threads * pages_each + 64));
    device.backend = kind;
    device.location = location;
    return options;
  }
  void store(uint64_t address, std::byte value) {
    if (!machine_.store(process_, address, value).none()) std::abort();
  }

  const unsigned threads_;
  machine::Machine machine_;
  machine::Process& process_;
  std::array<uint64_t, kThreadsMax> base_ = {};
};

/// The kernel, with whatever swap the host has on.
class Kernel final : public Swapper {
 public:
  /// `cgroup`: the folder of the memory cgroup that the process is in alone, or empty.
  explicit Kernel(unsigned threads, std::string cgroup = {})
      : bytes_(threads * pages_each * kPageBytes), cgroup_(std::move(cgroup)) {
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
    if (memory_ == MAP_FAILED) std::abort();
    madvise(memory_, bytes_, MADV_NOHUGEPAGE);
    for (uint64_t at = 0; at < bytes_; at += kPageBytes) std::copy(contents().begin(), contents().end(), memory_ + at);
  }
  ~Kernel() override { munmap(memory_, bytes_); }

  void dirty(unsigned thread) override {
    for (uint64_t page = 0; page < pages_each; ++page) *place(thread, page) = contents()[0];
  }
  // What is written to a file stays in the swap cache until somebody looks for memory: the cgroup is told to.
  void page_out(unsigned thread) override {
    for (unsigned tries = 0; tries < kTriesMax; ++tries) {
      madvise(place(thread, 0), pages_each * kPageBytes, MADV_PAGEOUT);
      if (is_out(place(thread, 0), pages_each)) return;
      if (!cgroup_.empty()) HostSwap::write_line(cgroup_ + "/memory.force_empty", "0");
    }
  }
  void touch(unsigned thread) override {
    for (uint64_t page = 0; page < pages_each; ++page)
      if (*static_cast<volatile std::byte*>(place(thread, page)) != contents()[0]) std::abort();
  }
  [[nodiscard]] bool is_out() override { return is_out(memory_, bytes_ / kPageBytes); }

 private:
  static constexpr unsigned kTriesMax = 20;

  // All but a few that something else has held at that moment.
  [[nodiscard]] static bool is_out(std::byte* at, uint64_t pages) {
    std::vector<unsigned char> resident(pages);
    if (mincore(at, pages * kPageBytes, resident.data()) != 0) return false;
    auto in =
        static_cast<std::size_t>(std::count_if(resident.begin(), resident.end(), [](auto r) { return (r & 1) != 0; }));
    return in * 20 < resident.size();
  }

  [[nodiscard]] std::byte* place(unsigned thread, uint64_t page) const {
    return memory_ + (thread * pages_each + page) * kPageBytes;
  }

  const std::size_t bytes_;
  const std::string cgroup_;
  std::byte* memory_;
};

/// The kernel's rounds in a process of their own, which is in a memory cgroup alone.
std::vector<Times> rounds_in_cgroup(const HostSwap& host, unsigned threads) {
  std::vector<Times> all(rounds);
  std::string cgroup = host.memory_cgroup();
  int ends[2];
  if (cgroup.empty() || pipe(ends) != 0) return {};
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!HostSwap::write_line(cgroup + "/cgroup.procs", std::to_string(getpid()))) _exit(1);
    Kernel kernel(threads, cgroup);
    for (unsigned round = 0; round < rounds; ++round)
      if (auto times = kernel.round(threads)) (void)!write(ends[1], &*times, sizeof(*times));
    _exit(0);
  }
  close(ends[1]);
  std::size_t count = 0;
  while (count < all.size() && read(ends[0], &all[count], sizeof(Times)) == sizeof(Times)) ++count;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  all.resize(count);
  return all;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

struct Row {
  std::string name;
  machine::SwapBackendKind kind;
  std::string location;
  /// Turns the kernel's counterpart on; empty: it is.
  std::function<std::string(HostSwap&)> host;
  bool in_cgroup = false;  ///< what goes out stays in the host's swap cache otherwise
};

Times median_of(const std::vector<Times>& all) {
  std::vector<double> out;
  std::vector<double> in;
  for (const Times& times : all) {
    out.push_back(times.out);
    in.push_back(times.in);
  }
  return {median(out), median(in)};
}

/// Both in turn, so that what else the machine does is the same for both.
void measure(const Row& row, unsigned threads) {
  Engine engine(row.kind, row.location, threads);
  if (!engine.ready()) return fmt::print("{:<6} {}        cannot be opened\n", row.name, threads);
  HostSwap host;
  std::string why_not = row.host == nullptr ? "-" : geteuid() != 0 ? "needs root" : row.host(host);
  std::optional<Kernel> kernel;
  if (why_not.empty() && !row.in_cgroup) kernel.emplace(threads);
  std::vector<Times> of_engine;
  std::vector<Times> of_kernel;
  for (unsigned round = 0; round < rounds; ++round) {
    if (auto times = engine.round(threads)) of_engine.push_back(*times);
    if (!kernel) continue;
    if (auto times = kernel->round(threads)) of_kernel.push_back(*times);
  }
  kernel.reset();
  if (why_not.empty() && row.in_cgroup) of_kernel = rounds_in_cgroup(host, threads);
  if (of_engine.empty()) return fmt::print("{:<6} {}        the engine's pages do not go out\n", row.name, threads);
  Times engine_times = median_of(of_engine);
  fmt::print("{:<6} {} {:>11.0f} {:>11.0f}", row.name, threads, engine_times.out, engine_times.in);
  if (why_not.empty() && of_kernel.empty()) why_not = "the host's pages do not go out";
  if (!why_not.empty()) return fmt::print("   {}\n", why_not);
  Times host_times = median_of(of_kernel);
  fmt::print(" {:>11.0f} {:>11.0f} {:>9.2f} {:>9.2f}\n", host_times.out, host_times.in,
             host_times.out / engine_times.out, host_times.in / engine_times.in);
}

/// Nanoseconds to take a slot and give it back, each thread for itself.
double time_slots(unsigned threads) {
  constexpr uint64_t kTimes = 200'000;
  phys::Frames frames({.ram = PageCount(64), .cpus = kThreadsMax});
  cache::Folios folios(frames);
  base::DefectSet defects;
  swap::SwapAreas areas({.cluster_shift = 9}, folios, defects);
  swap::RamBackend device("S", PageCount(8193), 8);
  if (areas.swapon(device) != Errno::ok) std::abort();
  std::vector<double> all;
  for (unsigned round = 0; round < rounds; ++round)
    all.push_back(time_threads(threads,
                               [&](unsigned) {
                                 auto folio = folios.alloc(phys::Gfp::kernel(), base::Order(0));
                                 for (uint64_t i = 0; i < kTimes; ++i) {
                                   auto entry = areas.folio_alloc_swap(**folio);
                                   if (!entry) std::abort();
                                   areas.put_swap_folio(**folio, *entry);
                                 }
                               }) /
                  double{kTimes});
  return median(all);
}

int usage() {
  fmt::print(stderr, "usage: swap_bench [--pages N] [--rounds N] [--only ram|lz4|zstd|file|redis]\n");
  return 2;
}

std::string temporary(std::string_view what) { return fmt::format("/var/tmp/quire_swap_bench_{}_{}", getpid(), what); }

int main_of(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    std::string_view option = argv[i];
    if (option.starts_with("--benchmark_")) {  // meant for the other programs
      --i;
      continue;
    }
    if (i + 1 == argc) return usage();
    long value = std::atol(argv[i + 1]);
    if (option == "--only") {
      only = argv[i + 1];
      continue;
    }
    if (value <= 0) return usage();
    if (option == "--pages")
      pages_each = static_cast<uint64_t>(value);
    else if (option == "--rounds")
      rounds = static_cast<unsigned>(value);
    else
      return usage();
  }
  using Kind = machine::SwapBackendKind;
  uint64_t pages = kThreadsMax * pages_each + 1024;
  auto zram = [pages](const char* codec) {
    return [pages, codec](HostSwap& host) { return host.zram(codec, pages * kPageBytes); };
  };
  auto host_file = [pages](HostSwap& host) { return host.file(temporary("host"), pages); };
  // A file without a name is left by nobody, whatever ends this.
  std::string file = temporary("file");
  if (swap::FileBackend::mkswap(file, {.pages = PageCount(pages)}) != Errno::ok) return 1;
  int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
  unlink(file.c_str());
  std::vector<Row> rows = {{"ram", Kind::ram, "", nullptr},
                           {"lz4", Kind::lz4, "", zram("lz4")},
                           {"zstd", Kind::zstd, "", zram("zstd")},
                           {"file", Kind::file, fmt::format("/proc/self/fd/{}", fd), host_file, true}};
  if (const char* servers = std::getenv("QUIRE_REDIS")) rows.push_back({"redis", Kind::redis, servers, nullptr});

  for (unsigned threads = 1; threads <= kThreadsMax; ++threads)
    fmt::print("a slot taken and given back, {} thread{}: {:.0f} ns\n", threads, threads == 1 ? "" : "s",
               time_slots(threads));
  fmt::print("\nnanoseconds for each page of a thread, medians of {} rounds of {} pages; kernel / engine\n\n", rounds,
             pages_each);
  fmt::print("{:<8} {:>11} {:>11} {:>11} {:>11} {:>9} {:>9}\n", "threads", "engine out", "engine in", "kernel out",
             "kernel in", "out", "in");
  for (const Row& row : rows) {
    if (!only.empty() && only != row.name) continue;
    for (unsigned threads = 1; threads <= kThreadsMax; ++threads) measure(row, threads);
  }
  return 0;
}

}  // namespace
}  // namespace quire::bench

int main(int argc, char** argv) { return quire::bench::main_of(argc, argv); }
