#include "explore/crash.h"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <mutex>

#include <ucontext.h>

#include "explore/executor.h"

namespace quire::explore {
namespace {

thread_local constinit Executor* guarded = nullptr;
thread_local constinit void* fault_address = nullptr;
struct sigaction action_before[2];
constexpr std::size_t kSignalStackBytes = 64U << 10;

// Runs on the faulting fiber's stack, as if it had been called at the faulting instruction.
[[noreturn]] void on_fault() { guarded->memory_fault(fault_address); }

void handle(int signal, siginfo_t* info, void* context) {
  auto* state = static_cast<ucontext_t*>(context);
  auto sp = static_cast<uintptr_t>(state->uc_mcontext.gregs[REG_RSP]);
  if (guarded == nullptr || !guarded->on_fiber_stack(reinterpret_cast<void*>(sp), info->si_addr)) {
    sigaction(signal, &action_before[signal == SIGSEGV ? 0 : 1], nullptr);
    return;  // the instruction faults again, for whoever was there before
  }
  fault_address = info->si_addr;
  if (guarded->in_guard(info->si_addr)) sp = reinterpret_cast<uintptr_t>(guarded->stack_top_of_running());
  constexpr uintptr_t kRedZone = 256;
  state->uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(((sp - kRedZone) & ~uintptr_t{15}) - 8);
  state->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&on_fault);
}

void install_handlers() {
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, &action_before[0]);
  sigaction(SIGBUS, &action, &action_before[1]);
}

void use_signal_stack() {
  thread_local char* memory = nullptr;
  if (memory != nullptr) return;
  memory = static_cast<char*>(std::malloc(kSignalStackBytes));
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kSignalStackBytes;
  sigaltstack(&stack, nullptr);
}

std::once_flag installed;

}  // namespace

CrashGuard::CrashGuard(Executor* executor) : before_(guarded) {
  std::call_once(installed, install_handlers);
  use_signal_stack();
  guarded = executor;
}

CrashGuard::~CrashGuard() { guarded = before_; }

}  // namespace quire::explore
