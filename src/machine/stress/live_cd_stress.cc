// The live CD: a stacked file system of a read-only tree over tmpfs, with a quarter of the memory that its data needs,
// and swap. Threads store at random through a mapping and call msync(), while pages are reclaimed and swap areas come
// and go. What was stored is read again, through the mapping and below; msync() says 0, or what went wrong, and never a
// number of the file system's own.
#include <unistd.h>

#include <algorithm>

#include "base/random.h"
#include "machine/stress/stress.h"

namespace quire::machine {
namespace {

class LiveCdStress {
 public:
  explicit LiveCdStress(const Settings& settings)
      : settings_(settings),
        pages_(4 * settings.ram / kWriters),
        machine_(options(settings)),
        process_(machine_.create_process("A")),
        model_(kWriters * pages_) {}

  int run() {
    if (!areas_are_on(machine_)) return kCannot;
    for (unsigned writer = 0; writer < kWriters; ++writer) make_file(writer);
    run_threads(kWriters + 2, settings_.seconds, stop_, [this](unsigned number) {
      if (number < kWriters)
        write(number);
      else if (number == kWriters)
        reclaim();
      else
        swap_off_and_on();
    });
    return report();
  }

 private:
  static constexpr unsigned kWriters = 2;

  static MachineOptions options(const Settings& s) {
    MachineOptions options;
    options.cpus = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.ram = PageCount(s.ram);
    options.unions = 1;
    options.stacked.writepage = s.seed % 2 == 0 ? fs::UnionWritepage::lower : fs::UnionWritepage::dirty;
    set_huge_pages(options, s);
    set_reclaim(options, s);
    add_areas(options, s, PageCount(12 * s.ram));
    return options;
  }

  /// What page `page` of the writer's file on the CD has.
  [[nodiscard]] static unsigned char original(unsigned writer, uint64_t page) {
    return static_cast<unsigned char>(1 + (page * 7 + writer * 13) % 250);
  }
  [[nodiscard]] unsigned char& model(unsigned writer, uint64_t page) { return model_[writer * pages_ + page]; }
  [[nodiscard]] static uint64_t place(uint64_t page) { return page * kPage + page % kPage; }

  void make_file(unsigned writer) {
    const char* below = writer == 0 ? "/lower/0" : "/lower/1";
    int fd = *machine_.open(process_, below, abi::kORdwr | abi::kOCreat);
    for (uint64_t page = 0; page < pages_; ++page) {
      model(writer, page) = original(writer, page);
      std::byte byte{model(writer, page)};
      if (!machine_.pwrite(process_, fd, {&byte, 1}, static_cast<int64_t>(place(page)))) ++failures_;
    }
    if (machine_.ftruncate(process_, fd, static_cast<int64_t>(pages_ * kPage)) != Errno::ok) ++failures_;
    (void)machine_.close(process_, fd);
    fds_[writer] = *machine_.open(process_, writer == 0 ? "/union/0" : "/union/1", abi::kORdwr);
    maps_[writer] = *machine_.mmap(process_, 0, pages_ * kPage, kReadWrite, abi::kMapShared, fds_[writer], 0);
  }

  // No memory for a page is a signal here, and no mismatch.
  void write(unsigned writer) {
    base::Random random(settings_.seed * 100 + writer);
    while (stop_.load() == 0) {
      uint64_t page = random.below(pages_);
      uint64_t address = maps_[writer] + place(page);
      if (random.below(64) == 0) {
        synchronise(writer, page);
      } else if (random.below(2) == 0) {
        auto byte = static_cast<unsigned char>(1 + random.below(250));
        if (machine_.store(process_, address, std::byte{byte}).none()) model(writer, page) = byte;
        ++stores_;
      } else {
        compare(machine_.load(process_, address), writer, page, "load");
      }
    }
  }

  void synchronise(unsigned writer, uint64_t page) {
    uint64_t bytes = std::min<uint64_t>(16, pages_ - page) * kPage;
    Errno error = machine_.msync(process_, maps_[writer] + page * kPage, bytes, abi::kMsSync);
    ++syncs_;
    // Below 0 is what must never come out.
    if (static_cast<int>(error) < 0 || (error != Errno::ok && error != Errno::enomem)) {
      ++failures_;
      fmt::print(stderr, "msync gave {}\n", -static_cast<int>(error));
    }
  }

  void compare(const mm::Loaded& loaded, unsigned writer, uint64_t page, const char* how) {
    if (!loaded.signal.none()) return (void)++signals_;
    auto seen = static_cast<unsigned char>(loaded.value);
    if (seen == model(writer, page)) return;
    ++mismatches_;
    fmt::print(stderr, "MISMATCH: {} of page {} of file {} gave {:#x}, not {:#x}\n", how, page, writer, seen,
               model(writer, page));
  }

  void reclaim() {
    while (stop_.load() == 0) {
      (void)machine_.reclaim(8);
      usleep(1000);
    }
  }

  void swap_off_and_on() {
    Process& root = machine_.create_process("B");
    for (unsigned turn = 0; stop_.load() == 0; ++turn) {
      const char* area = turn % 2 == 0 ? "S" : "T";
      Errno error = machine_.swapoff(root, area);
      ++swapoffs_;
      // No room for what is in it: it is on again.
      if (error == Errno::ok) error = machine_.swapon(root, area);
      if (error != Errno::ok && error != Errno::enomem) {
        ++failures_;
        fmt::print(stderr, "swapoff and swapon of {} gave {}\n", area, -static_cast<int>(error));
      }
      usleep(5000);
    }
  }

  // All that was stored is there, above and, once it was synchronised, below; the CD is as it was.
  void verify(unsigned writer) {
    for (uint64_t page = 0; page < pages_; ++page)
      compare(machine_.load(process_, maps_[writer] + place(page)), writer, page, "last load");
    Errno error = Errno::enomem;
    for (int tries = 0; tries < 100 && error == Errno::enomem; ++tries) {
      (void)machine_.reclaim(settings_.ram / 4);
      error = machine_.fsync(process_, fds_[writer]);
    }
    if (error != Errno::ok) ++failures_;
    verify_layer(writer, writer == 0 ? "/upper/0" : "/upper/1", false);
    verify_layer(writer, writer == 0 ? "/lower/0" : "/lower/1", true);
  }
  void verify_layer(unsigned writer, const char* path, bool is_cd) {
    int fd = *machine_.open(process_, path, abi::kORdonly);
    for (uint64_t page = 0; page < pages_; ++page) {
      std::byte byte{};
      if (!machine_.pread(process_, fd, {&byte, 1}, static_cast<int64_t>(place(page)))) ++failures_;
      auto wanted = is_cd ? original(writer, page) : model(writer, page);
      if (static_cast<unsigned char>(byte) == wanted) continue;
      ++mismatches_;
      fmt::print(stderr, "MISMATCH: page {} of {} has {:#x}, not {:#x}\n", page, path, static_cast<unsigned>(byte),
                 wanted);
    }
    (void)machine_.close(process_, fd);
  }

  int report() {
    machine_.stop_kswapd();
    for (unsigned writer = 0; writer < kWriters; ++writer) verify(writer);
    bool sound = end_soundly(machine_);
    fmt::print("{} stores, {} msync, {} swapoffs, {} signals, {} failures, {} mismatches\n", stores_.load(),
               syncs_.load(), swapoffs_.load(), signals_.load(), failures_.load(), mismatches_.load());
    bool worked = stores_.load() > 0 && syncs_.load() > 0 && swapoffs_.load() > 0;
    return sound && worked && failures_.load() == 0 && mismatches_.load() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  const Settings& settings_;
  const uint64_t pages_;  ///< of each file
  Machine machine_;
  Process& process_;
  sync::Vector<unsigned char> model_;  ///< each page its writer's
  int fds_[kWriters] = {};
  uint64_t maps_[kWriters] = {};
  StopFlag stop_;
  Counter stores_, syncs_, swapoffs_, signals_, failures_, mismatches_;
};

}  // namespace

int run_live_cd_stress(const Settings& settings) { return LiveCdStress(settings).run(); }

}  // namespace quire::machine
