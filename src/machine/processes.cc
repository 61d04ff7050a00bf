// Processes: creation, fork, the end.
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {

Process& Machine::add_process(std::string_view name, mm::AddressSpace* mm) {
  int pid = 0;
  {
    sync::Guard guard(tasklist_lock_);
    task_count_ += 1;
    pid = ++last_pid_;
  }
  auto* process = sync::make_object<Process>(pid, name, mm, unsigned{options_.files_max});
  sync::Guard guard(tasklist_lock_);
  (void)task_count_.mutate();
  process->next_ = tasks_;
  if (tasks_ != nullptr) tasks_->previous_ = process;
  tasks_ = process;
  return *process;
}

Process& Machine::create_process(std::string_view name) {
  // Page 0 stays unmapped, so that address 0 is never a mapping's.
  return add_process(name, sync::make_object<mm::AddressSpace>(env_, base::VirtPage(1)));
}

// Linux: kernel/fork.c copy_process()
Result<Process*> Machine::fork(Process& parent) {
  QUIRE_FUNC();
  uint64_t began = private_data_.now();
  Result<mm::AddressSpace*> mm = parent.mm().fork();
  if (!mm) return mm.error();
  private_data_.fork(parent.mm(), **mm, began);
  Process& child = add_process(parent.name(), *mm);
  child.copy_files(parent);
  child.privileges = parent.privileges.get();
  child.uid = parent.uid.get();
  return &child;
}

void Machine::exec(Process& process) {
  QUIRE_FUNC();
  auto* fresh = sync::make_object<mm::AddressSpace>(env_, base::VirtPage(1));
  private_data_.discard_all(process.mm());
  mm::AddressSpace* before = nullptr;
  {
    sync::Guard guard(tasklist_lock_);
    (void)task_count_.get();
    before = std::exchange(process.mm_, fresh);
  }
  before->mmput();
}

void Machine::end(Process& process) {
  private_data_.discard_all(process.mm());
  process.end();
  sync::destroy_object(&process);
}

// Linux: kernel/exit.c do_exit()
void Machine::exit(Process& process) {
  QUIRE_FUNC();
  {
    sync::Guard guard(tasklist_lock_);
    task_count_ -= 1;
    if (options_.oom == rmap::OomPolicy::kill) exiting_.add(1);
    (process.previous_ != nullptr ? process.previous_->next_ : tasks_) = process.next_;
    if (process.next_ != nullptr) process.next_->previous_ = process.previous_;
  }
  end(process);
  if (options_.oom == rmap::OomPolicy::kill) exiting_.sub(1);
}

void Machine::killall() {
  Process* process = nullptr;
  {
    sync::Guard guard(tasklist_lock_);
    task_count_ = 0;
    std::swap(process, tasks_);
  }
  while (process != nullptr) end(*std::exchange(process, process->next_));
}

Process* Machine::find_process(int pid) {
  sync::Guard guard(tasklist_lock_);
  (void)task_count_.get();
  Process* process = tasks_;
  while (process != nullptr && process->pid() != pid) process = process->next_;
  return process;
}

unsigned Machine::tasks() {
  sync::Guard guard(tasklist_lock_);
  return task_count_;
}

}  // namespace quire::machine
