// Swap under threads. Thread 0 turns swap areas off and on. The others are processes: even ones fill a tmpfs file, page
// it out, punch and truncate it; odd ones store to anonymous memory, page it out, fork, and look at what parent and
// child see.
#include <unistd.h>

#include <algorithm>

#include "base/random.h"
#include "machine/stress/stress.h"

namespace quire::machine {
namespace {

struct Counts {
  Counter stores;
  Counter loads;
  Counter pageouts;
  Counter punches;
  Counter truncates;
  Counter collapses;
  Counter forks;
  Counter swapoffs;
  Counter swapoffs_without_memory;
  Counter no_memory;
  Counter mismatches;
};

class SwapStress {
 public:
  explicit SwapStress(const Settings& settings) : settings_(settings), machine_(options(settings)) {}

  int run() {
    if (!areas_are_on(machine_)) return kCannot;
    run_threads(settings_.threads, settings_.seconds, stop_, [this](unsigned number) { act(number); });
    return report();
  }

 private:
  void act(unsigned number) {
    if (number == 0)
      swap_areas();
    else if (number % 2 == 0)
      files(number);
    else
      anonymous(number);
  }

  static MachineOptions options(const Settings& s) {
    MachineOptions options;
    options.cpus = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.ram = PageCount(s.ram);
    options.slot_cache = s.slot_cache;
    options.tlb = s.tlb;
    set_huge_pages(options, s);
    set_reclaim(options, s);
    add_areas(options, s, PageCount(s.swap));
    return options;
  }

  void mismatch(std::string_view what, uint64_t page, int seen, int wanted) {
    ++counts_.mismatches;
    if (counts_.mismatches.load() <= 10)
      fmt::print(stderr, "MISMATCH in {}: page {} has {:#x}, not {:#x}\n", what, page, seen, wanted);
  }

  /// -1: not enough memory just now.
  int load(Process& process, uint64_t address) {
    ++counts_.loads;
    mm::Loaded loaded = machine_.load(process, address);
    if (loaded.signal.none()) return static_cast<int>(loaded.value);
    if (loaded.signal.number == mm::SignalNumber::sigbus && loaded.signal.code == 0) {
      ++counts_.no_memory;
      return -1;
    }
    return 0x1000 + static_cast<int>(loaded.signal.number) * 0x100 + loaded.signal.code;
  }
  bool store(Process& process, uint64_t address, int value) {
    ++counts_.stores;
    mm::Signal signal = machine_.store(process, address, static_cast<std::byte>(value));
    if (signal.none()) return true;
    ++counts_.no_memory;
    return false;
  }
  void expect(std::string_view what, Process& process, uint64_t base, uint64_t page, uint64_t offset, int wanted) {
    int seen = load(process, base + page * kPage + offset);
    if (seen >= 0 && seen != wanted) mismatch(what, page, seen, wanted);
  }

  void swap_areas() {
    Process& process = machine_.create_process("swapoff");
    for (unsigned round = 0; !stopped(); ++round) {
      std::string_view name = round % 2 == 0 ? "S" : "T";
      (void)machine_.discard(name);
      Errno error = machine_.swapoff(process, name);
      if (error == Errno::enomem) {
        ++counts_.swapoffs_without_memory;
        continue;
      }
      if (error != Errno::ok || machine_.swapon(process, name) != Errno::ok) {
        fmt::print(stderr, "swapoff or swapon of {} failed: {}\n", name, static_cast<int>(error));
        ++counts_.mismatches;
      }
      ++counts_.swapoffs;
    }
  }

  static constexpr uint64_t kFilePages = 64;
  static constexpr uint64_t kAligned = uint64_t{1} << 30;  ///< an address where huge pages can be mapped

  // What byte 5 of each page of the file has to be; the file is only this thread's.
  void files(unsigned seed) {
    base::Random random(settings_.seed * 1000 + seed);
    Process& process = machine_.create_process("file");
    int fd = *machine_.memfd_create(process);
    must(machine_.ftruncate(process, fd, kFilePages * kPage));
    uint64_t map = *machine_.mmap(process, kAligned, kFilePages * kPage, kReadWrite, abi::kMapShared, fd, 0);
    sync::Vector<int> model(kFilePages, 0);
    sync::Vector<std::byte> buffer(kPage);
    while (!stopped()) {
      uint64_t first = random.below(kFilePages);
      uint64_t pages = 1 + random.below(kFilePages - first);
      for (uint64_t i = first; i < first + pages; ++i) {
        int value = static_cast<int>(1 + random.below(255));
        if (store(process, map + i * kPage + 5, value)) model[i] = value;
      }
      if (random.below(2) == 0 && machine_.collapse(process.pid(), map + first * kPage) == Errno::ok)
        ++counts_.collapses;
      must(machine_.madvise(process, map + first * kPage, pages * kPage, abi::kMadvPageout,
                            random.below(2) == 0 ? PageoutKeep::nothing : PageoutKeep::swapcache));
      ++counts_.pageouts;
      change_file(process, fd, random, model);
      uint64_t page = random.below(kFilePages);
      auto got = machine_.pread(process, fd, buffer, static_cast<int64_t>(page * kPage));
      if (got && *got == kPage && static_cast<int>(buffer[5]) != model[page])
        mismatch("pread", page, static_cast<int>(buffer[5]), model[page]);
      for (uint64_t i = 0; i < kFilePages; ++i) expect("file", process, map, i, 5, model[i]);
    }
    for (uint64_t i = 0; i < kFilePages; ++i) expect("file at the end", process, map, i, 5, model[i]);
  }

  void change_file(Process& process, int fd, base::Random& random, sync::Vector<int>& model) {
    uint64_t first = random.below(kFilePages);
    uint64_t pages = 1 + random.below(kFilePages - first);
    auto begin = model.begin() + static_cast<std::ptrdiff_t>(first);
    switch (random.below(3)) {
      case 0:
        must(machine_.fallocate(process, fd, abi::kFallocPunchHole | abi::kFallocKeepSize,
                                static_cast<int64_t>(first * kPage), static_cast<int64_t>(pages * kPage)));
        std::fill(begin, begin + static_cast<std::ptrdiff_t>(pages), 0);
        ++counts_.punches;
        break;
      case 1:
        must(machine_.ftruncate(process, fd, static_cast<int64_t>(first * kPage)));
        must(machine_.ftruncate(process, fd, kFilePages * kPage));
        std::fill(begin, model.end(), 0);
        ++counts_.truncates;
        break;
      default: {
        std::byte value{static_cast<unsigned char>(1 + random.below(255))};
        if (machine_.pwrite(process, fd, {&value, 1}, static_cast<int64_t>(first * kPage + 5)))
          *begin = static_cast<int>(value);
        else
          ++counts_.no_memory;
      }
    }
  }

  static constexpr uint64_t kAnonymousPages = 64;

  void anonymous(unsigned seed) {
    base::Random random(settings_.seed * 1000 + seed);
    while (!stopped()) {
      Process& process = machine_.create_process("anonymous");
      uint64_t map = *machine_.mmap(process, kAligned, kAnonymousPages * kPage, kReadWrite,
                                    abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
      if (random.below(2) == 0) must(machine_.madvise(process, map, kAnonymousPages * kPage, abi::kMadvHugepage));
      sync::Vector<int> model(kAnonymousPages, 0);
      for (unsigned round = 0; round < 20 && !stopped(); ++round) {
        write_and_page_out(process, map, model, random);
        if (random.below(3) == 0) fork_and_compare(process, map, model, random);
        for (uint64_t i = 0; i < kAnonymousPages; ++i) expect("anonymous", process, map, i, i, model[i]);
        if (random.below(8) == 0) {
          uint64_t page = random.below(kAnonymousPages);
          must(machine_.madvise(process, map + page * kPage, kPage, abi::kMadvDontneed));
          model[page] = 0;
        }
      }
      machine_.exit(process);
    }
  }

  void write_and_page_out(Process& process, uint64_t map, sync::Vector<int>& model, base::Random& random) {
    uint64_t first = random.below(kAnonymousPages);
    uint64_t pages = 1 + random.below(kAnonymousPages - first);
    for (uint64_t i = first; i < first + pages; ++i) {
      int value = static_cast<int>(1 + random.below(255));
      if (store(process, map + i * kPage + i, value)) model[i] = value;
    }
    must(machine_.madvise(process, map + first * kPage, pages * kPage, abi::kMadvPageout,
                          random.below(2) == 0 ? PageoutKeep::nothing : PageoutKeep::swapcache));
    ++counts_.pageouts;
  }

  void fork_and_compare(Process& process, uint64_t map, const sync::Vector<int>& model, base::Random& random) {
    auto forked = machine_.fork(process);
    if (!forked) {
      ++counts_.no_memory;
      return;
    }
    ++counts_.forks;
    Process& child = **forked;
    sync::Vector<int> seen = model;
    for (uint64_t i = random.below(4); i < kAnonymousPages; i += 1 + random.below(8))
      if (store(child, map + i * kPage + i, 0xc5)) seen[i] = 0xc5;
    must(machine_.madvise(child, map, kAnonymousPages * kPage / 2, abi::kMadvPageout));
    for (uint64_t i = 0; i < kAnonymousPages; ++i) expect("child", child, map, i, i, seen[i]);
    if (random.below(2) == 0) must(machine_.munmap(child, map, kAnonymousPages * kPage / 2));
    machine_.exit(child);
  }

  [[nodiscard]] bool stopped() const { return stop_.load() != 0; }

  void must(Errno error) {
    if (error == Errno::ok) return;
    fmt::print(stderr, "a call that must not fail: errno {}\n", static_cast<int>(error));
    ++counts_.mismatches;
  }

  int report() {
    fmt::print(
        "stores {} loads {} pageouts {} punches {} truncates {} collapses {} forks {} swapoffs {} (without memory {}) "
        "no memory {} mismatches {}\n",
        counts_.stores.load(), counts_.loads.load(), counts_.pageouts.load(), counts_.punches.load(),
        counts_.truncates.load(), counts_.collapses.load(), counts_.forks.load(), counts_.swapoffs.load(),
        counts_.swapoffs_without_memory.load(), counts_.no_memory.load(), counts_.mismatches.load());
    bool sound = end_soundly(machine_) && counts_.mismatches.load() == 0;
    return sound ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  const Settings settings_;
  Machine machine_;
  Counts counts_;
  StopFlag stop_{0};
};

}  // namespace

int run_swap_stress(const Settings& settings) { return sync::make_box<SwapStress>(settings)->run(); }

}  // namespace quire::machine
