// More than RAM and swap together: processes fill memory until some are killed, and others take their places. What a
// process that lives has stored must be there, one that is never to be killed lives to the end, and nobody hangs.
#include <unistd.h>

#include <algorithm>

#include "base/random.h"
#include "machine/stress/stress.h"

namespace quire::machine {
namespace {

constexpr mm::Signal kNoMemory{mm::SignalNumber::sigbus, 0};

class OomStress {
 public:
  explicit OomStress(const Settings& settings)
      : settings_(settings),
        machine_(options(settings)),
        pages_max_(2 * (settings.ram + 2 * settings.swap) / settings.threads) {}

  int run() {
    if (!areas_are_on(machine_)) return kCannot;
    run_threads(settings_.threads + 1, settings_.seconds, stop_, [this](unsigned number) {
      if (number == settings_.threads)
        survive();
      else
        fill(number);
    });
    return report();
  }

 private:
  static MachineOptions options(const Settings& s) {
    MachineOptions options;
    options.cpus = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.ram = PageCount(s.ram);
    options.slot_cache = s.slot_cache;
    options.tlb = s.tlb;
    set_huge_pages(options, s);
    options.oom = rmap::OomPolicy::kill;
    set_reclaim(options, s);
    add_areas(options, s, PageCount(s.swap));
    return options;
  }
  [[nodiscard]] bool stopped() const { return stop_.load() != 0; }

  /// A process with memory of its own, and what is in it.
  struct Filler {
    Process& process;
    uint64_t map;
    sync::Vector<int> model;
    bool alive = true;
  };

  void store(Filler& f, uint64_t page, int value) {
    ++stores_;
    mm::Signal signal = machine_.store(f.process, f.map + page * kPage + page % kPage, static_cast<std::byte>(value));
    if (signal.none())
      f.model[page] = value;
    else
      note(f, signal);
  }

  void look(Filler& f, uint64_t page) {
    mm::Loaded loaded = machine_.load(f.process, f.map + page * kPage + page % kPage);
    if (!loaded.signal.none()) return note(f, loaded.signal);
    // An access that needs no fault may come after the kill, before the process hears of it.
    if (Machine::killed(f.process)) return note(f, {mm::SignalNumber::sigkill, 0});
    int seen = static_cast<int>(loaded.value);
    if (seen == f.model[page]) return;
    ++mismatches_;
    fmt::print(stderr, "MISMATCH: page {} has {:#x}, not {:#x}\n", page, seen, f.model[page]);
  }

  void note(Filler& f, mm::Signal signal) {
    if (signal.number == mm::SignalNumber::sigkill) {
      f.alive = false;
    } else if (signal == kNoMemory) {
      ++no_memory_;
    } else {
      ++mismatches_;
      fmt::print(stderr, "a signal {} {}\n", static_cast<int>(signal.number), signal.code);
    }
  }

  Filler start(std::string_view name, uint64_t pages) {
    Process& process = machine_.create_process(name);
    uint64_t map = *machine_.mmap(process, 0, pages * kPage, kReadWrite, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
    return {process, map, sync::Vector<int>(pages, 0)};
  }

  void fill(unsigned number) {
    base::Random random(settings_.seed * 1000 + number);
    while (!stopped()) {
      Filler f = start("filler", 1 + random.below(pages_max_));
      if (random.below(2) == 0) (void)machine_.madvise(f.process, f.map, f.model.size() * kPage, abi::kMadvHugepage);
      for (uint64_t page = 0; page < f.model.size() && f.alive && !stopped(); ++page) {
        store(f, page, static_cast<int>(1 + random.below(255)));
        if (f.alive) look(f, random.below(page + 1));
        if (f.alive && random.below(512) == 0) fork(f, random);
      }
      for (uint64_t page = 0; page < f.model.size() && f.alive; ++page) look(f, page);
      ++(f.alive ? finished_ : deaths_);
      machine_.exit(f.process);
    }
  }

  void fork(Filler& parent, base::Random& random) {
    auto forked = machine_.fork(parent.process);
    if (!forked) {
      if (forked.error() == Errno::eintr) parent.alive = false;
      return;
    }
    Filler child{**forked, parent.map, parent.model};
    for (unsigned i = 0; i < 64 && child.alive; ++i) {
      uint64_t page = random.below(child.model.size());
      if (i % 4 == 0)
        store(child, page, 0xc5);
      else
        look(child, page);
    }
    if (!child.alive) ++deaths_;
    machine_.exit(child.process);
  }

  void survive() {
    base::Random random(settings_.seed * 1000 + 999);
    Filler f = start("survivor", std::min<uint64_t>(64, settings_.ram / 8));
    Machine::set_oom_score_adj(f.process, -1000);
    while (!stopped() && f.alive) {
      store(f, random.below(f.model.size()), static_cast<int>(1 + random.below(255)));
      for (uint64_t page = 0; page < f.model.size() && f.alive; ++page) look(f, page);
      usleep(100);
    }
    if (f.alive) return;
    ++mismatches_;
    fmt::print(stderr, "a process with oom_score_adj -1000 was killed\n");
  }

  int report() {
    fmt::print("stores {} finished {} killed {} of them heard of it {} no memory {} mismatches {}\n", stores_.load(),
               finished_.load(), machine_.peek_oom_kills(), deaths_.load(), no_memory_.load(), mismatches_.load());
    bool sound = end_soundly(machine_) && mismatches_.load() == 0;
    return sound ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  const Settings settings_;
  Machine machine_;
  const uint64_t pages_max_;
  Counter stores_;
  Counter finished_;
  Counter deaths_;
  Counter no_memory_;
  Counter mismatches_;
  StopFlag stop_{0};
};

}  // namespace

int run_oom_stress(const Settings& settings) { return sync::make_box<OomStress>(settings)->run(); }

}  // namespace quire::machine
