#include "machine/stress/exerciser.h"

#include <csignal>

namespace quire::machine {

bool end_soundly(Machine& machine) {
  machine.stop_kswapd();
  machine.stop_flusher();
  auto check = [&machine](std::string_view when) {
    sync::CheckReport checked;
    machine.check(checked);
    if (!checked.ok()) fmt::print(stderr, "check {}: {}: {}\n", when, name(checked.failure()), checked.message());
    return checked.ok();
  };
  bool sound = check("with all processes");
  machine.killall();
  sound = check("after all processes") && sound;
  uint64_t leaked = machine.folios_leaked();
  if (leaked != 0) fmt::print(stderr, "{} pages leaked\n", leaked);
  return sound && leaked == 0;
}

void end_if_hanging() {
  signal(SIGALRM, [](int) {
    constexpr char kText[] = "quire_stress: a thread has not ended two minutes after it was told to: it hangs\n";
    (void)!write(STDERR_FILENO, kText, sizeof(kText) - 1);
    _exit(EXIT_FAILURE);
  });
  alarm(120);
}

namespace {

int usage() {
  fmt::print(
      stderr,
      "usage: quire_stress swap|memory|workingset|oom|live-cd [--seconds N] [--threads N] [--seed N] [--ram PAGES]\n"
      "                    [--swap PAGES] [--slot-cache] [--synchronous] [--tlb] [--discard]\n"
      "                    [--huge-order 1..9] [--thp-swap pmd|pte|off] [--lru clock|lists] [--no-kswapd]\n"
      "                    [--backend ram|file|lz4|zstd|redis=HOST:PORT[,HOST:PORT]]\n"
      "       workingset:  [--pattern sequential|random] [--ratio N] [--swapoff]\n"
      "       quire_stress fs tmpfs|block|union [--operations N] [--seed N] [--ram PAGES] [--swap PAGES] "
      "[--pages N]\n"
      "                    [--writepage lower|dirty] [--defect ID] [--flusher on] [--readahead PAGES]\n");
  return 2;
}

OnOff* switch_of(Settings& settings, std::string_view option) {
  if (option == "--slot-cache") return &settings.slot_cache;
  if (option == "--synchronous") return &settings.synchronous;
  if (option == "--tlb") return &settings.tlb;
  if (option == "--swapoff") return &settings.swapoff;
  return nullptr;
}

bool set_number(Settings& settings, std::string_view option, double value) {
  if (value <= 0) return false;
  if (option == "--seconds")
    settings.seconds = value;
  else if (option == "--threads")
    settings.threads = static_cast<unsigned>(value);
  else if (option == "--seed")
    settings.seed = static_cast<uint64_t>(value);
  else if (option == "--huge-order" && value >= 1 && value <= 9)
    settings.huge_order = static_cast<uint8_t>(value);
  else if (option == "--ram")
    settings.ram = static_cast<uint64_t>(value);
  else if (option == "--swap")
    settings.swap = static_cast<uint64_t>(value);
  else if (option == "--ratio")
    settings.ratio = value;
  else
    return false;
  return true;
}

bool set_backend(Settings& settings, std::string_view value) {
  auto equals = value.find('=');
  auto kind = swap_backend_kind(value.substr(0, equals));
  bool with_servers = equals != std::string_view::npos;
  if (!kind || with_servers != (kind == SwapBackendKind::redis)) return false;
  settings.backend = *kind;
  if (with_servers) settings.servers = value.substr(equals + 1);
  return true;
}

bool set_pattern(Settings& settings, std::string_view value) {
  settings.pattern = value == "random" ? AccessPattern::random : AccessPattern::sequential;
  return value == "random" || value == "sequential";
}

bool set_thp_swap(Settings& settings, std::string_view value) {
  auto mode = swap::thp_swap(value);
  if (mode) settings.thp_swap = *mode;
  return mode.has_value();
}

bool set_lru(Settings& settings, std::string_view value) {
  settings.lru = value == "lists" ? LruPolicy::lists : LruPolicy::clock;
  return value == "lists" || value == "clock";
}

bool set_value(Settings& settings, std::string_view option, const char* value) {
  if (option == "--thp-swap") return set_thp_swap(settings, value);
  if (option == "--pattern") return set_pattern(settings, value);
  if (option == "--lru") return set_lru(settings, value);
  return option == "--backend" ? set_backend(settings, value) : set_number(settings, option, std::atof(value));
}

// `quire_stress fs tmpfs|block|union`
int exercise(int argc, char** argv) {
  auto on = argc > 2 ? exercise_on(argv[2]) : std::nullopt;
  if (!on) return usage();
  Exercise exercise{.on = *on};
  for (int i = 3; i < argc; i += 2) {
    std::string_view option = argv[i];
    const char* text = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--defect") {
      auto defect = base::find_defect(text);
      if (!defect) return usage();
      exercise.defects.add(*defect);
      continue;
    }
    if (option == "--writepage") {
      exercise.stacked.writepage =
          std::string_view(text) == "dirty" ? fs::UnionWritepage::dirty : fs::UnionWritepage::lower;
      continue;
    }
    if (option == "--flusher" && std::string_view(text) == "on") {
      exercise.flusher = OnOff::on;
      continue;
    }
    uint64_t value = std::strtoull(text, nullptr, 10);
    if (value == 0) return usage();
    if (option == "--operations")
      exercise.operations = value;
    else if (option == "--seed")
      exercise.seed = value;
    else if (option == "--ram" && value >= 16)
      exercise.ram = value;
    else if (option == "--swap")
      exercise.swap = value;
    else if (option == "--readahead" && value <= 1024)
      exercise.readahead = static_cast<uint32_t>(value);
    else if (option == "--pages")
      exercise.pages = value;
    else
      return usage();
  }
  return run_exercise(exercise);
}

int main_of(int argc, char** argv) {
  std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "fs") return exercise(argc, argv);
  if (what != "swap" && what != "memory" && what != "workingset" && what != "oom" && what != "live-cd") return usage();
  Settings settings;
  if (what == "oom") settings.ram = settings.swap = 1024;
  if (what == "live-cd") settings.ram = 256;
  if (what == "memory") settings.ram = settings.swap = 8192;
  // Regions of these are short.
  if (what == "swap" || what == "oom") settings.huge_order = 4;
  for (int i = 2; i < argc; ++i) {
    std::string_view option = argv[i];
    if (option == "--discard") {
      settings.discard = swap::SwapDiscard::both;
      continue;
    }
    if (OnOff* on = switch_of(settings, option)) {
      *on = OnOff::on;
      continue;
    }
    if (option == "--no-kswapd") {
      settings.kswapd = OnOff::off;
      continue;
    }
    if (++i == argc || !set_value(settings, option, argv[i])) return usage();
  }
  if (settings.ram < 16) return usage();
  if (what == "workingset") return settings.ratio > 1 ? run_workingset_stress(settings) : usage();
  if (what == "oom") return run_oom_stress(settings);
  if (what == "live-cd") return run_live_cd_stress(settings);
  return what == "swap" ? run_swap_stress(settings) : run_memory_stress(settings);
}

}  // namespace
}  // namespace quire::machine

int main(int argc, char** argv) { return quire::machine::main_of(argc, argv); }
