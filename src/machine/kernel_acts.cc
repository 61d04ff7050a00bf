// What the kernel does by itself, or for a device: pages moved, made huge, given up, lent.
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {
namespace {

using base::VirtAddr;

constexpr uint32_t kBusMceerrAo = 5;  // Linux: BUS_MCEERR_AO

}  // namespace

/// The address space of a process that may end, as one of its users; empty if it has ended.
class Machine::TaskMm {
 public:
  explicit TaskMm(mm::AddressSpace* mm) : mm_(mm) {}
  ~TaskMm() {
    if (mm_ != nullptr) mm_->mmput();
  }
  TaskMm(const TaskMm&) = delete;
  TaskMm& operator=(const TaskMm&) = delete;
  explicit operator bool() const { return mm_ != nullptr; }
  [[nodiscard]] mm::AddressSpace& operator*() const { return *mm_; }
  [[nodiscard]] mm::AddressSpace* operator->() const { return mm_; }

 private:
  mm::AddressSpace* mm_;
};

// Linux: kernel/fork.c get_task_mm()
Machine::TaskMm Machine::get_task_mm(int pid) {
  sync::Guard guard(tasklist_lock_);
  (void)task_count_.get();
  for (Process* process = tasks_; process != nullptr; process = process->next_)
    if (process->pid() == pid) return TaskMm(process->mm().mmget_not_zero() ? &process->mm() : nullptr);
  return TaskMm(nullptr);
}

Result<int> Machine::move_pages(int pid, uint64_t address, int node) {
  QUIRE_FUNC();
  if (node < 0) return Errno::enodev;
  TaskMm mm = get_task_mm(pid);
  if (!mm) return Errno::esrch;
  return mover_.move_pages(*mm, VirtAddr(address), static_cast<unsigned>(node));
}

uint64_t Machine::compact() {
  QUIRE_FUNC();
  return mover_.compact().value();
}

Errno Machine::collapse(int pid, uint64_t address) {
  TaskMm mm = get_task_mm(pid);
  return mm ? khugepaged_.collapse(*mm, VirtAddr(address)) : Errno::esrch;
}

// Every huge page that the range has all of. Linux: mm/khugepaged.c madvise_collapse()
Errno Machine::madvise_collapse(Process& process, uint64_t address, uint64_t bytes) {
  uint64_t size = options_.page_table.entries().value() * base::kPageSize;
  if (address % base::kPageSize != 0 || address + bytes < address) return Errno::einval;
  Errno error = Errno::ok;
  for (uint64_t at = (address + size - 1) / size * size; at + size <= address + bytes; at += size) {
    Errno one = khugepaged_.collapse(process.mm(), VirtAddr(at));
    if (one != Errno::ok) error = one;
  }
  return error;
}

// Linux: mm/madvise.c madvise_inject_error()
Errno Machine::madvise_hwpoison(Process& process, uint64_t address, uint64_t bytes) {
  if (address % base::kPageSize != 0 || address + bytes < address) return Errno::einval;
  for (uint64_t at = address; at < address + bytes; at += base::kPageSize) {
    Errno error = poison(process.pid(), at);
    if (error != Errno::ok && error != Errno::ehwpoison) return error;
  }
  return Errno::ok;
}

Errno Machine::migrate_to_device(int pid, uint64_t address) {
  TaskMm mm = get_task_mm(pid);
  return mm ? device_memory_.migrate_to_device(*mm, VirtAddr(address)) : Errno::esrch;
}

Errno Machine::make_device_exclusive(int pid, uint64_t address) {
  TaskMm mm = get_task_mm(pid);
  return mm ? device_memory_.make_device_exclusive(*mm, VirtAddr(address)) : Errno::esrch;
}

// Linux: mm/madvise.c madvise_inject_error()
Errno Machine::poison(int pid, uint64_t address) {
  QUIRE_FUNC();
  TaskMm mm = get_task_mm(pid);
  if (!mm) return Errno::esrch;
  if (!mm->load(VirtAddr(address)).signal.none()) return Errno::efault;
  cache::FolioRef folio;
  base::Pfn pfn;
  Errno error = Errno::efault;
  {
    sync::SharedGuard guard(mm->mmap_lock);
    error = mm->with_entry(base::page_of(VirtAddr(address)), [&](pgtable::Pte pte) {
      if (!pte.is_present()) return Errno::efault;
      pfn = pte.pfn();
      folio = cache::FolioRef::of(folios_.of(pfn));
      return Errno::ok;
    });
  }
  if (error != Errno::ok) return error;
  uint64_t began = private_data_.now();
  sync::Vector<const rmap::MappedSpace*> victims;
  error = memory_failure_.memory_failure(std::move(folio), pfn, victims);
  private_data_.poisoned(began);
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
