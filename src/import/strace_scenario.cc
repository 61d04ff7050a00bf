#include <fmt/core.h>

#include <array>

#include "import/strace_writer.h"
#include "scenario/constants.h"

namespace quire::importer {
namespace {

constexpr uint64_t kStracePage = 4096;
/// What one table of 8 entries over tables of 512 reaches.
constexpr uint64_t kSmallSpace = uint64_t{16} << 20;
constexpr uint64_t kRamMax = uint64_t{1} << 16;
/// A heap that seems to grow more at once is that of another program.
constexpr uint64_t kHeapMost = uint64_t{128} << 20;
constexpr uint64_t kCallsMost = 10'000;
/// Captured results of one scenario.
constexpr std::size_t kVariablesMost = 32;

int64_t number_or_0(std::string_view text) { return strace_number(text).value_or(0); }

// Memory that a call maps, whoever makes it.
std::optional<AddressRange> mapped_by(const StraceRecord& r) {
  if (!r.error.empty() || r.arguments.size() < 2) return std::nullopt;
  std::size_t length = r.name == "mremap" ? 2 : 1;
  if (r.name != "mmap" && r.name != "mremap") return std::nullopt;
  auto start = static_cast<uint64_t>(number_or_0(r.result));
  if (r.arguments.size() <= length || start == 0) return std::nullopt;
  auto bytes = static_cast<uint64_t>(number_or_0(r.arguments[length].text));
  return AddressRange{start, start + (bytes + kStracePage - 1) / kStracePage * kStracePage};
}

std::vector<AddressRange> all_mapped(const StraceLog& log) {
  std::vector<AddressRange> all;
  std::map<int, AddressRange> heaps;
  for (const StraceRecord& r : log.records) {
    if (auto range = mapped_by(r)) all.push_back(*range);
    if (r.name != "brk") continue;
    auto end = static_cast<uint64_t>(number_or_0(r.result));
    AddressRange& heap = heaps[r.pid];
    if (heap.start == 0 || end < heap.start || end - heap.start > kHeapMost) heap = {end, end};
    heap.end = std::max(heap.end, end);
    all.push_back(heap);
  }
  return all;
}

}  // namespace

StraceWriter::StraceWriter(const StraceLog& log, std::string_view file)
    : log_(log),
      file_(file),
      addresses_(all_mapped(log)),
      builder_(scenario_name(file), fmt::format("{} calls recorded by strace", log.records.size()), 0) {}

const StraceWriter::Entry* StraceWriter::find_handler(std::string_view name) {
  using W = StraceWriter;
  static constexpr std::array kHandlers = {
      Entry{"fork", &W::fork, 0},
      Entry{"vfork", &W::fork, 0},
      Entry{"clone", &W::fork, 0},
      Entry{"clone3", &W::fork, 0},
      Entry{"execve", &W::execve, 0},
      Entry{"execveat", &W::execve, 0},
      Entry{"exit_group", &W::exit_group, 0},
      Entry{"brk", &W::brk, 1},
      Entry{"mmap", &W::mmap, 6},
      Entry{"munmap", &W::munmap, 2},
      Entry{"mprotect", &W::mprotect, 3},
      Entry{"mremap", &W::mremap, 4},
      Entry{"madvise", &W::madvise, 3},
      Entry{"msync", &W::msync, 3},
      Entry{"mlock", &W::mlock, 2},
      Entry{"mlock2", &W::mlock, 2},
      Entry{"munlock", &W::mlock, 2},
      Entry{"mlockall", &W::mlockall, 1},
      Entry{"munlockall", &W::munlockall, 0},
      Entry{"open", &W::open, 2},
      Entry{"openat", &W::open_at, 3},
      Entry{"creat", &W::creat, 1},
      Entry{"memfd_create", &W::memfd_create, 2},
      Entry{"close", &W::close, 1},
      Entry{"close_range", &W::close_range, 2},
      Entry{"dup", &W::dup, 1},
      Entry{"dup2", &W::dup, 2},
      Entry{"dup3", &W::dup, 2},
      Entry{"fcntl", &W::fcntl, 2},
      Entry{"read", &W::read, 3},
      Entry{"pread64", &W::pread, 4},
      Entry{"write", &W::write_call, 3},
      Entry{"pwrite64", &W::pwrite, 4},
      Entry{"lseek", &W::lseek, 3},
      Entry{"ftruncate", &W::ftruncate, 2},
      Entry{"fallocate", &W::fallocate, 4},
      Entry{"fsync", &W::fsync, 1},
      Entry{"fdatasync", &W::fsync, 1},
      Entry{"fstat", &W::fstat, 2},
      Entry{"newfstatat", &W::fstat, 3},
      Entry{"writev", &W::changes_file, 1},
      Entry{"pwritev", &W::changes_file, 1},
      Entry{"pwritev2", &W::changes_file, 1},
      Entry{"sendfile", &W::changes_file, 1},
      Entry{"readv", &W::changes_file, 1},
  };
  for (const Entry& entry : kHandlers)
    if (entry.name == name) return &entry;
  return nullptr;
}

ImportResult StraceWriter::write() {
  for (const StraceRecord& r : log_.records) {
    record(r);
    if (!complaint_ && builder_.size() > kCallsMost)
      complaint_ = complaint(file_, r.line, r.column, fmt::format("expected a log of at most {} calls", kCallsMost));
    if (!complaint_ && variables_.size() > kVariablesMost)
      complaint_ = complaint(file_, r.line, r.column,
                             fmt::format("expected at most {} names for descriptors that are open at once and for "
                                         "processes; a shorter log is easier",
                                         kVariablesMost));
    if (complaint_) return *complaint_;
  }
  if (builder_.size() == 0)
    return complaint(file_, 1, 1, "expected calls on memory or files that the log explains, found none");
  builder_.add(call("killall", {})).gives(0);
  builder_.add(call("folios_leaked", {})).gives(0);
  uint64_t pages = std::min(kRamMax, bytes_needed_ / kStracePage + 256);
  builder_.machine(pages, addresses_.end() > kSmallSpace ? Builder::Space::real : Builder::Space::small);
  if (swaps_) builder_.swap("S", pages);
  Imported imported;
  imported.calls = builder_.size();
  imported.document = builder_.document();
  for (const auto& [what, count] : skipped_) imported.skipped.push_back(fmt::format("{} x {}", count, what));
  if (log_.signals != 0) imported.skipped.push_back(fmt::format("{} x signal", log_.signals));
  if (log_.unfinished != 0) imported.skipped.push_back(fmt::format("{} x call that never returned", log_.unfinished));
  return imported;
}

void StraceWriter::record(const StraceRecord& r) {
  // Without -o, strace names no process before there is a second.
  if (r.pid != 0 && processes_ == 1 && tasks_.count(0) != 0 && tasks_.count(r.pid) == 0) {
    tasks_[r.pid] = tasks_[0];
    tasks_.erase(0);
  }
  Task& task = tasks_[r.pid];
  task_ = &task;
  // The one that the log begins with, or one whose fork was not traced.
  if (task.process.empty()) {
    if (processes_ == kProcessesMost) return complain(r, 0, fmt::format("at most {} processes", kProcessesMost));
    task.process = process_name(processes_++);
  }
  if (r.kind == StraceRecord::Kind::ended) return task_ended(r);
  if (task.ended) return skip(r, "of a process that has ended");
  const Entry* entry = find_handler(r.name);
  if (entry == nullptr) return skip(r, "no operation of the engine");
  if (r.arguments.size() < entry->arguments)
    return complain(r, r.arguments.size(), fmt::format("{} arguments of {}()", entry->arguments, r.name));
  (this->*entry->handler)(r);
}

void StraceWriter::skip(const StraceRecord& r, std::string_view why) {
  ++skipped_[r.name.empty() ? std::string(why) : fmt::format("{}(): {}", r.name, why)];
}

Line StraceWriter::add(std::string_view operation, std::vector<Expr> operands) {
  return builder_.add(call(operation, std::move(operands))).in(task().process);
}

void StraceWriter::expect(Line line, const StraceRecord& r, int64_t success) {
  if (r.error.empty()) {
    line.gives(success);
  } else if (scenario::errno_number(r.error)) {
    line.fails(r.error);
  } else {
    line.anything();  // ERESTARTSYS and the like: a signal was in the way
  }
}

void StraceWriter::complain(const StraceRecord& r, std::size_t argument, std::string_view wanted) {
  if (complaint_) return;
  bool there = argument < r.arguments.size();
  complaint_ = complaint(file_, r.line, there ? r.arguments[argument].column : r.column,
                         fmt::format("expected {}, found {}", wanted,
                                     there ? quoted(r.arguments[argument].text) : "the end of the arguments"));
}

int64_t StraceWriter::number(const StraceRecord& r, std::size_t argument, bool& good) {
  std::optional<int64_t> value;
  if (argument < r.arguments.size()) value = strace_number(r.arguments[argument].text);
  if (!value) {
    complain(r, argument, "a number");
    good = false;
  }
  return value.value_or(0);
}

std::vector<std::string> StraceWriter::known_flags(const StraceRecord& r, std::size_t argument, bool& good) {
  std::vector<std::string> result;
  for (std::string& flag : strace_flags(r.arguments[argument].text)) {
    if (scenario::constant_value(flag)) {
      result.push_back(std::move(flag));
    } else if (good) {
      skip(r, fmt::format("no flag of the engine: {}", flag));
      good = false;
    }
  }
  return result;
}

uint64_t StraceWriter::place(uint64_t address) const { return addresses_.place(address).value_or(address); }

ImportResult import_strace(std::string_view text, const ImportOptions& options) {
  auto read = read_strace_log(text, options.file);
  if (auto* bad = std::get_if<Diagnostic>(&read)) return *bad;
  return StraceWriter(std::get<StraceLog>(read), options.file).write();
}

}  // namespace quire::importer
