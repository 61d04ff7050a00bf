// quire_stress: real threads on one machine, every page's contents verified against a model, invariants checked at the
// end.
//
//   quire_stress swap --seconds 30 --threads 6
//   quire_stress memory --seconds 60 --threads 8 --tlb
//   quire_stress workingset --backend zstd --threads 2 --pattern random --ram 2048 --ratio 4
//   quire_stress oom --seconds 10 --ram 1024 --swap 512
//   quire_stress swap --backend redis=10.0.0.1:6379,10.0.0.2:6379
#pragma once

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "machine/machine.h"
#include "sync/task.h"

namespace quire::machine {

inline constexpr uint64_t kPage = 4096;
inline constexpr int kCannot = 3;  ///< exit code: the machine cannot do what was asked
inline constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;

enum class AccessPattern : uint8_t { sequential, random };

struct Settings {
  double seconds = 10;
  unsigned threads = 4;
  uint64_t seed = 1;
  uint64_t ram = 2048;   ///< pages
  uint64_t swap = 4096;  ///< pages of each of two areas
  OnOff slot_cache = OnOff::off;
  OnOff synchronous = OnOff::off;
  OnOff tlb = OnOff::off;
  AccessPattern pattern = AccessPattern::random;  ///< of `workingset`
  double ratio = 4;                               ///< of `workingset` to RAM
  OnOff swapoff = OnOff::off;                     ///< while `workingset` runs
  swap::SwapDiscard discard = swap::SwapDiscard::none;
  uint8_t huge_order = 9;  ///< a huge page has 2^n pages; small ones stay whole more often
  swap::ThpSwap thp_swap = swap::ThpSwap::pte;
  OnOff kswapd = OnOff::on;
  LruPolicy lru = MachineOptions{}.lru;
  SwapBackendKind backend = SwapBackendKind::ram;
  std::string_view servers = {};  ///< of the back end `redis`
  /// Paths of the back end `file`, in the order of the areas: filled by add_areas().
  mutable std::array<sync::String, MachineOptions::kSwapDevices> paths = {};
};

/// LRU policy, watermarks after Linux's rule, and kswapd.
void set_reclaim(MachineOptions& options, const Settings& settings);
/// Tables as long as a huge page of the settings, which may be swapped as one.
void set_huge_pages(MachineOptions& options, const Settings& settings);
/// Swap areas of `pages` pages each, with the back end of the settings. Files are nameless ones in /var/tmp, so that
/// nothing of them is left, whatever ends the program. The settings outlive the machine.
void add_areas(MachineOptions& options, const Settings& settings, PageCount pages,
               std::initializer_list<std::string_view> names = {"S", "T"});
/// Whether all could be opened; says why not.
bool areas_are_on(Machine& machine);

class Counter {
 public:
  void operator++() { value_.add(1); }
  [[nodiscard]] uint64_t load() const { return value_.load(); }

 private:
  sync::Atomic<uint64_t, "counter"> value_{0};
};

using StopFlag = sync::Atomic<uint32_t, "stop">;

/// From now on the program ends with a message and exit code 1 if it still runs in two minutes.
void end_if_hanging();

/// Calls act(number) in `count` threads at once, sets `stop` after `seconds` and returns when all have ended.
template <typename Act>
void run_threads(unsigned count, double seconds, StopFlag& stop, Act act) {
  struct Thread {
    Act* act;
    unsigned number;
  };
  sync::Vector<Thread> threads;
  for (unsigned i = 0; i < count; ++i) threads.push_back({&act, i});
  auto run = [](void* argument) {
    auto [what, number] = *static_cast<Thread*>(argument);
    (*what)(number);
  };
  sync::Vector<sync::Box<sync::Task>> tasks;
  for (Thread& thread : threads) tasks.push_back(sync::make_box<sync::Task>("thread", run, &thread));
  usleep(static_cast<useconds_t>(seconds * 1e6));
  stop.store(1);
  end_if_hanging();
  for (auto& task : tasks) task->join();
}

/// Swap areas, tmpfs and anonymous memory, each page its thread's. Returns the program's exit code.
int run_swap_stress(const Settings& settings);
/// Everything that address spaces can do, by several threads in each, while pages move under them.
int run_memory_stress(const Settings& settings);

/// A working set larger than RAM, its contents compared, and swapoff meanwhile.
int run_workingset_stress(const Settings& settings);
/// Processes that want more than RAM and swap together, and are killed for it.
int run_oom_stress(const Settings& settings);

/// A stacked file system on a read-only tree in little memory, with msync() by two threads.
int run_live_cd_stress(const Settings& settings);

/// No thread runs any more: whether the machine is sound, ends soundly, and has lost nothing.
bool end_soundly(Machine& machine);

}  // namespace quire::machine
