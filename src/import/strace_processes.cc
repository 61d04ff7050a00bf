// Processes and threads of a log: fork, exec, exit.
#include <fmt/core.h>

#include <algorithm>

#include "import/strace_writer.h"

namespace quire::importer {
namespace {

// Of the call's flags, wherever they stand.
bool has_flag(const StraceRecord& r, std::string_view flag) {
  return std::any_of(r.arguments.begin(), r.arguments.end(),
                     [&](const StraceArgument& a) { return a.text.find(flag) != std::string::npos; });
}

}  // namespace

std::string StraceWriter::process_name(std::size_t number) { return {static_cast<char>('A' + number)}; }

void StraceWriter::fork(const StraceRecord& r) {
  if (!r.error.empty()) return skip(r, "it failed");
  int64_t child_pid = strace_number(r.result).value_or(0);
  if (child_pid < 1 || child_pid > INT32_MAX) return complain(r, r.arguments.size(), "a process as the result");
  Task child = task();
  if (has_flag(r, "CLONE_THREAD")) {
    tasks_[static_cast<int>(child_pid)] = child;
    return skip(r, "a thread: it is part of its process");
  }
  if (processes_ == kProcessesMost) return complain(r, 0, fmt::format("at most {} processes", kProcessesMost));
  // Until it starts a program, the child of a vfork shares memory with a parent that waits: a copy looks the same to
  // it.
  child.files = std::make_shared<Descriptors>(*child.files);
  child.memory = std::make_shared<MappedRanges>(*child.memory);
  child.heap = std::make_shared<AddressRange>(*child.heap);
  child.process = process_name(processes_++);
  variables_[task().process + child.process] = true;
  add("fork", {}).as(child.process);
  tasks_[static_cast<int>(child_pid)] = std::move(child);
}

void StraceWriter::execve(const StraceRecord& r) {
  if (!r.error.empty()) return skip(r, "it failed");
  // The program that the log begins with.
  if (builder_.size() == 0) return;
  add("exec", {}).gives(0);
  task().memory = std::make_shared<MappedRanges>();
  task().heap = std::make_shared<AddressRange>();
  std::vector<int> closing;
  for (const auto& [fd, slot] : task().files->slots)
    if (slot.close_on_exec) closing.push_back(fd);
  for (int fd : closing) close_fd(fd);
}

void StraceWriter::end_process() {
  if (task().ended) return;
  const std::string process = task().process;
  add("exit", {}).gives(0);
  for (auto& [pid, other] : tasks_) {
    if (other.process != process) continue;
    other.ended = true;
    other.files = std::make_shared<Descriptors>();
  }
}

void StraceWriter::exit_group(const StraceRecord&) { end_process(); }

// A thread, or the last of its process: killed, or its exit was not traced.
void StraceWriter::task_ended(const StraceRecord& r) {
  auto same = std::count_if(tasks_.begin(), tasks_.end(), [&](const auto& other) {
    return other.second.process == task().process && !other.second.ended;
  });
  if (same <= 1) return end_process();
  tasks_.erase(r.pid);
}

}  // namespace quire::importer
