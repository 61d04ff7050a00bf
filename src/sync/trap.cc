#include "sync/trap.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string_view>

namespace quire::sync {
namespace {

struct Place {
  std::atomic<uintptr_t> start{0};  ///< 0: free
  std::size_t bytes = 0;
  Trap::Describe describe = nullptr;
  const void* owner = nullptr;
};

constinit std::array<Place, Trap::kTrapsMax> places;
std::mutex places_mutex;
struct sigaction trap_action_before;
std::once_flag trap_installed;

void say(const Place& place, uintptr_t address) {
  std::array<char, 400> text = {};
  constexpr std::string_view kStart = "quire: trap: ";
  std::memcpy(text.data(), kStart.data(), kStart.size());
  place.describe(place.owner, address - place.start.load(),
                 std::span(text).subspan(kStart.size(), text.size() - kStart.size() - 2));
  std::size_t bytes = strnlen(text.data(), text.size() - 1);
  text[bytes] = '\n';
  (void)!write(STDERR_FILENO, text.data(), bytes + 1);
}

void on_trap(int signal, siginfo_t* info, void*) {
  auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  bool ours = false;
  for (const Place& place : places) {
    uintptr_t start = place.start.load();
    if (start == 0 || address - start >= place.bytes) continue;
    say(place, address);
    ours = true;
  }
  // The instruction faults again: for whoever was there before, or for the system.
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  sigaction(signal, ours ? &plain : &trap_action_before, nullptr);
}

void install_trap_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, &trap_action_before);
}

}  // namespace

Trap::Trap(std::span<const std::byte> memory, Describe describe, const void* owner) : place_(kTrapsMax) {
  std::call_once(trap_installed, install_trap_handler);
  std::lock_guard guard(places_mutex);
  for (unsigned i = 0; i < kTrapsMax && place_ == kTrapsMax; ++i) {
    if (places[i].start.load() != 0) continue;
    places[i].bytes = memory.size();
    places[i].describe = describe;
    places[i].owner = owner;
    places[i].start.store(reinterpret_cast<uintptr_t>(memory.data()));
    place_ = i;
  }
}

Trap::~Trap() {
  if (place_ != kTrapsMax) places[place_].start.store(0);
}

}  // namespace quire::sync
