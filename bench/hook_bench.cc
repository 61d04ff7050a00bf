// What the explorer's hook costs when nobody explores: the native paths of locks, atomics and faults. Built twice, with
// the hook (preset release) and without (preset nohook); `./q hook` runs the two in turn and prints the ratios.
#include <benchmark/benchmark.h>

#include "machine/machine.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire {
namespace {

void spin_lock_unlock(benchmark::State& state) {
  sync::SpinLock<sync::LockClass::test_a> lock;
  sync::Plain<uint64_t, "counter"> counter{0};
  for (auto _ : state) {
    sync::Guard guard(lock);
    counter += 1;
  }
  benchmark::DoNotOptimize(counter.peek());
}
BENCHMARK(spin_lock_unlock);

void mutex_lock_unlock(benchmark::State& state) {
  sync::Mutex<sync::LockClass::test_sleeping> lock;
  sync::Plain<uint64_t, "counter"> counter{0};
  for (auto _ : state) {
    sync::Guard guard(lock);
    counter += 1;
  }
  benchmark::DoNotOptimize(counter.peek());
}
BENCHMARK(mutex_lock_unlock);

void atomic_add(benchmark::State& state) {
  sync::Atomic<uint64_t, "counter"> counter{0};
  for (auto _ : state) counter.add(1);
  benchmark::DoNotOptimize(counter.peek());
}
BENCHMARK(atomic_add);

machine::MachineOptions native_machine() {
  machine::MachineOptions options;
  options.ram = base::PageCount(8192);
  return options;
}

// Maps 1 MiB, stores to each of its pages for the first time, unmaps it; counted per page.
void anonymous_fault(benchmark::State& state) {
  constexpr int kProtReadWrite = 3;
  constexpr int kMapPrivateAnonymous = 0x22;
  constexpr uint64_t kPages = 256;
  constexpr uint64_t kPageBytes = 4096;
  auto machine = sync::make_box<machine::Machine>(native_machine());
  machine::Process& process = machine->create_process("A");
  for (auto _ : state) {
    uint64_t p = *machine->mmap(process, 0, kPages * kPageBytes, kProtReadWrite, kMapPrivateAnonymous, -1, 0);
    for (uint64_t i = 0; i < kPages; ++i)
      if (!machine->store(process, p + i * kPageBytes, std::byte{1}).none()) state.SkipWithError("a store failed");
    if (machine->munmap(process, p, kPages * kPageBytes) != base::Errno::ok) state.SkipWithError("munmap failed");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kPages));
}
BENCHMARK(anonymous_fault);

}  // namespace
}  // namespace quire
