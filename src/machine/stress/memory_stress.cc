// Address spaces under threads: two threads share each process, each with regions of its own; two more are the kernel
// and move, collapse, lend and page out whatever there is. The working set is larger than RAM.
#include <unistd.h>

#include <algorithm>

#include "machine/stress/region.h"

namespace quire::machine {
namespace {

constexpr uint64_t kFirstWindow = uint64_t{1} << 30;
constexpr uint64_t kWindowBytes = 4 * Region::kPages * kPage;
constexpr unsigned kRegionsPerThread = 3;
constexpr unsigned kThreadsPerProcess = 2;

class MemoryStress {
 public:
  explicit MemoryStress(const Settings& settings) : settings_(settings), machine_(options(settings)) {
    for (unsigned i = 0; i < settings.threads; i += kThreadsPerProcess)
      processes_.push_back(&machine_.create_process("shared"));
  }

  int run() {
    if (!areas_are_on(machine_)) return kCannot;
    run_threads(settings_.threads + 2, settings_.seconds, stop_, [this](unsigned number) { act(number); });
    return report();
  }

 private:
  void act(unsigned number) {
    if (number < settings_.threads)
      work(number);
    else if (number == settings_.threads)
      move_things();
    else
      swap_areas();
  }

  static MachineOptions options(const Settings& s) {
    MachineOptions options;
    options.cpus = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.nodes = 2;
    options.ram = PageCount(s.ram);
    options.device = PageCount(128);
    set_huge_pages(options, s);
    options.tlb = s.tlb;
    options.slot_cache = s.slot_cache;
    set_reclaim(options, s);
    add_areas(options, s, PageCount(s.swap * 2));
    return options;
  }
  [[nodiscard]] bool stopped() const { return stop_.load() != 0; }
  [[nodiscard]] static uint64_t window(unsigned thread, unsigned region) {
    return kFirstWindow + (thread * kRegionsPerThread + region) * kWindowBytes;
  }

  void work(unsigned thread) {
    Process& process = *processes_[thread / kThreadsPerProcess];
    sync::Vector<sync::Box<Region>> regions;
    for (unsigned i = 0; i < kRegionsPerThread; ++i)
      regions.push_back(sync::make_box<Region>(machine_, process, static_cast<RegionKind>(i), window(thread, i),
                                               settings_.seed * 1000 + thread * 10 + i, counts_));
    for (unsigned round = 0; !stopped(); ++round) {
      regions[round % kRegionsPerThread]->step();
      if (round % 300 == 299) regions[round / 300 % kRegionsPerThread]->verify("all of a region");
    }
    for (auto& region : regions) region->verify("a region at the end");
  }

  // Any page of any process, whatever it is at the moment.
  void move_things() {
    base::Random random(settings_.seed * 1000 + 777);
    while (!stopped()) {
      unsigned thread = static_cast<unsigned>(random.below(settings_.threads));
      int pid = processes_[thread / kThreadsPerProcess]->pid();
      uint64_t at = window(thread, static_cast<unsigned>(random.below(kRegionsPerThread))) +
                    random.below(kWindowBytes / kPage) * kPage;
      switch (random.below(8)) {
        case 0:
          if (machine_.collapse(pid, at) == Errno::ok) ++counts_.collapses;
          break;
        case 1:
          if (machine_.migrate_to_device(pid, at) == Errno::ok) ++counts_.device;
          break;
        case 2:
          if (machine_.make_device_exclusive(pid, at) == Errno::ok) ++counts_.device;
          break;
        case 3:
          if (random.below(64) == 0) (void)machine_.compact();
          break;
        default:
          if (machine_.move_pages(pid, at, static_cast<int>(random.below(2)))) ++counts_.moves;
      }
    }
  }

  void swap_areas() {
    base::Random random(settings_.seed * 1000 + 778);
    Process& process = machine_.create_process("swapoff");
    for (unsigned round = 0; !stopped(); ++round) {
      (void)machine_.reclaim(1 + random.below(256));
      if (round % 8 != 0) continue;
      std::string_view name = round % 16 == 0 ? "S" : "T";
      Errno error = machine_.swapoff(process, name);
      if (error == Errno::enomem) continue;
      ++counts_.swapoffs;
      if (error == Errno::ok && machine_.swapon(process, name) == Errno::ok) continue;
      fmt::print(stderr, "swapoff or swapon of {} failed: {}\n", name, static_cast<int>(error));
      ++counts_.mismatches;
    }
  }

  int report() {
    fmt::print(
        "stores {} loads {} operations {} forks {} poisons {} collapses {} moves {} device {} swapoffs {} no memory {} "
        "mismatches {}\n",
        counts_.stores.load(), counts_.loads.load(), counts_.operations.load(), counts_.forks.load(),
        counts_.poisons.load(), counts_.collapses.load(), counts_.moves.load(), counts_.device.load(),
        counts_.swapoffs.load(), counts_.no_memory.load(), counts_.mismatches.load());
    bool sound = end_soundly(machine_) && counts_.mismatches.load() == 0;
    return sound ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  const Settings settings_;
  Machine machine_;
  MemoryCounts counts_;
  sync::Vector<Process*> processes_;
  StopFlag stop_{0};
};

}  // namespace

int run_memory_stress(const Settings& settings) { return sync::make_box<MemoryStress>(settings)->run(); }

}  // namespace quire::machine
