// What the kernel does by itself, or for a device: pages moved, made huge, given up, lent.
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {
namespace {

using base::VirtAddr;

constexpr uint32_t kBusMceerrAo = 5;  // Linux: BUS_MCEERR_AO

}  // namespace

Result<int> Machine::move_pages(Process& process, uint64_t address, int node) {
  QUIRE_FUNC();
  if (node < 0) return Errno::enodev;
  return mover_.move_pages(process.mm(), VirtAddr(address), static_cast<unsigned>(node));
}

uint64_t Machine::compact() {
  QUIRE_FUNC();
  return mover_.compact().value();
}

Errno Machine::collapse(Process& process, uint64_t address) {
  return khugepaged_.collapse(process.mm(), VirtAddr(address));
}

Errno Machine::migrate_to_device(Process& process, uint64_t address) {
  return device_memory_.migrate_to_device(process.mm(), VirtAddr(address));
}

Errno Machine::make_device_exclusive(Process& process, uint64_t address) {
  return device_memory_.make_device_exclusive(process.mm(), VirtAddr(address));
}

// Linux: mm/madvise.c madvise_inject_error()
Errno Machine::poison(Process& process, uint64_t address) {
  QUIRE_FUNC();
  if (!process.mm().load(VirtAddr(address)).signal.none()) return Errno::efault;
  cache::FolioRef folio;
  base::Pfn pfn;
  Errno error = Errno::efault;
  {
    sync::SharedGuard guard(process.mm().mmap_lock);
    error = process.mm().with_entry(base::page_of(VirtAddr(address)), [&](pgtable::Pte pte) {
      if (!pte.is_present()) return Errno::efault;
      pfn = pte.pfn();
      folio = cache::FolioRef::of(folios_.of(pfn));
      return Errno::ok;
    });
  }
  if (error != Errno::ok) return error;
  sync::Vector<const rmap::MappedSpace*> victims;
  error = memory_failure_.memory_failure(std::move(folio), pfn, victims);
  tell_victims(victims);
  return error;
}

// Linux: mm/memory-failure.c kill_procs(), task_early_kill()
void Machine::tell_victims(const sync::Vector<const rmap::MappedSpace*>& victims) {
  sync::Guard guard(tasklist_lock_);
  (void)task_count_.get();
  for (Process* process = tasks_; process != nullptr; process = process->next_)
    for (const rmap::MappedSpace* space : victims)
      if (&process->mm() == space && process->mce_kill_early.load() != 0) process->sigbus_code.store(kBusMceerrAo);
}

mm::Signal Machine::take_signal(Process& process) {
  uint32_t code = process.sigbus_code.exchange(0);
  if (code == 0) return {};
  return {mm::SignalNumber::sigbus, static_cast<uint8_t>(code)};
}

}  // namespace quire::machine
