// A working set several times as large as RAM: every access may be a fault that reads from swap and reclaims something
// else. What each page holds is known and compared. While all of it is wanted swapoff must say -ENOMEM; after most of
// it has been unmapped it must bring the rest back, under the same accesses.
#include <unistd.h>

#include <algorithm>

#include "base/random.h"
#include "machine/stress/stress.h"

namespace quire::machine {
namespace {

constexpr uint64_t kProbes = 4;  // bytes of a page that are looked at
constexpr unsigned kKeptParts = 2;

class WorkingSet {
 public:
  WorkingSet(Machine& machine, const Settings& settings, unsigned number, uint64_t pages)
      : machine_(machine),
        process_(machine.create_process("working set")),
        random_(settings.seed * 1000 + number),
        pattern_(settings.pattern),
        generations_(pages) {
    base_ = *machine.mmap(process_, 0, pages * kPage, kReadWrite, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  }

  void fill() {
    for (uint64_t page = 0; page < generations_.size(); ++page) write(page);
  }
  /// One page: written every third time, compared otherwise.
  void access() {
    uint64_t page =
        pattern_ == AccessPattern::random ? random_.below(generations_.size()) : next_++ % generations_.size();
    if (random_.below(3) == 0)
      write(page);
    else
      compare(page);
  }
  void compare_all() {
    for (uint64_t page = 0; page < generations_.size(); ++page) compare(page);
  }
  /// The first `pages` stay.
  void unmap_after(uint64_t pages) {
    if (machine_.munmap(process_, base_ + pages * kPage, (generations_.size() - pages) * kPage) != Errno::ok)
      ++mismatches_;
    generations_.resize(pages);
  }

  [[nodiscard]] uint64_t accesses() const { return accesses_; }
  [[nodiscard]] uint64_t mismatches() const { return mismatches_; }
  [[nodiscard]] uint64_t no_memory() const { return no_memory_; }

 private:
  [[nodiscard]] uint64_t address(uint64_t page, uint64_t probe) const {
    return base_ + page * kPage + (probe * 1361 + page) % kPage;
  }
  [[nodiscard]] std::byte wanted(uint64_t page, uint64_t probe) const {
    uint64_t mixed = (page * 0x9e37'79b9'7f4a'7c15 + generations_[page]) * (2 * probe + 1);
    return static_cast<std::byte>(mixed >> 40);
  }

  // Its page may be half written when there is no memory; then all of it is written again.
  void write(uint64_t page) {
    ++generations_[page];
    ++accesses_;
    for (uint64_t probe = 0; probe < kProbes; ++probe)
      while (!machine_.store(process_, address(page, probe), wanted(page, probe)).none()) ++no_memory_;
  }
  void compare(uint64_t page) {
    ++accesses_;
    for (uint64_t probe = 0; probe < kProbes; ++probe) {
      mm::Loaded seen = machine_.load(process_, address(page, probe));
      while (seen.signal.number == mm::SignalNumber::sigbus && seen.signal.code == 0) {
        ++no_memory_;
        seen = machine_.load(process_, address(page, probe));
      }
      if (seen.signal.none() && seen.value == wanted(page, probe)) continue;
      if (++mismatches_ <= 10)
        fmt::print(stderr, "MISMATCH: page {} has {:#x}, not {:#x}\n", page, static_cast<int>(seen.value),
                   static_cast<int>(wanted(page, probe)));
    }
  }

  Machine& machine_;
  Process& process_;
  base::Random random_;
  const AccessPattern pattern_;
  uint64_t base_ = 0;
  uint64_t next_ = 0;
  uint64_t accesses_ = 0;
  uint64_t mismatches_ = 0;
  uint64_t no_memory_ = 0;
  sync::Vector<uint32_t> generations_;  ///< of each page: how often it was written
};

class WorkingSetStress {
 public:
  explicit WorkingSetStress(const Settings& settings) : settings_(settings), machine_(options(settings)) {
    for (unsigned i = 0; i < settings.threads; ++i)
      sets_.push_back(sync::make_box<WorkingSet>(machine_, settings, i, pages_each(settings)));
  }

  int run() {
    if (!areas_are_on(machine_)) return kCannot;
    run_threads(settings_.threads + 1, settings_.seconds, stop_, [this](unsigned n) { want_all(n); });
    stop_.store(0);
    for (auto& set : sets_) set->unmap_after(settings_.ram / kKeptParts / settings_.threads);
    run_threads(settings_.threads + 1, std::max(1.0, settings_.seconds / 4), stop_,
                [this](unsigned n) { want_some(n); });
    return report();
  }

 private:
  static uint64_t pages_each(const Settings& s) { return static_cast<uint64_t>(s.ratio * double(s.ram)) / s.threads; }
  static MachineOptions options(const Settings& s) {
    MachineOptions options;
    options.cpus = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.ram = PageCount(s.ram);
    options.slot_cache = s.slot_cache;
    options.tlb = s.tlb;
    options.lru = s.lru;
    add_areas(options, s, PageCount(pages_each(s) * s.threads), {"S"});
    return options;
  }
  [[nodiscard]] bool stopped() const { return stop_.load() != 0; }

  void want_all(unsigned number) {
    if (number == settings_.threads) return refuse_swapoff();
    WorkingSet& set = *sets_[number];
    set.fill();
    filled_.add(1);
    while (!stopped()) set.access();
    set.compare_all();
    compared_.add(1);
  }

  // From when all pages are there until a thread ends.
  void refuse_swapoff() {
    if (settings_.swapoff == OnOff::off) return;
    Process& process = machine_.create_process("swapoff");
    while (filled_.load() < settings_.threads) usleep(1000);
    do {
      Errno error = machine_.swapoff(process, "S");
      ++refused_;
      if (error != Errno::enomem) complain("swapoff with a working set that fits nowhere", error);
      usleep(10'000);
    } while (compared_.load() < settings_.threads);
    machine_.exit(process);
  }

  void want_some(unsigned number) {
    if (number == settings_.threads) return turn_swap_off();
    while (!stopped()) sets_[number]->access();
    sets_[number]->compare_all();
  }
  void turn_swap_off() {
    if (settings_.swapoff == OnOff::off) return;
    Process& process = machine_.create_process("swapoff");
    do {
      (void)machine_.reclaim(settings_.ram / 8);
      if (Errno error = machine_.swapoff(process, "S"); error != Errno::ok) complain("swapoff", error);
      ++swapoffs_;
      if (Errno error = machine_.swapon(process, "S"); error != Errno::ok) complain("swapon", error);
    } while (!stopped());
    machine_.exit(process);
  }

  void complain(std::string_view what, Errno error) {
    fmt::print(stderr, "{}: errno {}\n", what, static_cast<int>(error));
    ++wrong_;
  }

  int report() {
    uint64_t accesses = 0;
    uint64_t mismatches = 0;
    uint64_t no_memory = 0;
    for (const auto& set : sets_) {
      accesses += set->accesses();
      mismatches += set->mismatches();
      no_memory += set->no_memory();
    }
    fmt::print("accesses {} swapoffs {} refused {} no memory {} mismatches {} wrong {}\n", accesses, swapoffs_,
               refused_, no_memory, mismatches, wrong_);
    bool was_tested = settings_.swapoff == OnOff::off || (swapoffs_ > 0 && refused_ > 0);
    bool sound = end_soundly(machine_) && mismatches == 0 && wrong_ == 0 && was_tested;
    return sound ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  const Settings settings_;
  Machine machine_;
  sync::Vector<sync::Box<WorkingSet>> sets_;
  StopFlag stop_{0};
  sync::Atomic<uint32_t, "filled"> filled_{0};
  sync::Atomic<uint32_t, "compared"> compared_{0};
  // The swapoff thread's, looked at when it has ended.
  uint64_t swapoffs_ = 0;
  uint64_t refused_ = 0;
  uint64_t wrong_ = 0;
};

}  // namespace

int run_workingset_stress(const Settings& settings) { return sync::make_box<WorkingSetStress>(settings)->run(); }

}  // namespace quire::machine
