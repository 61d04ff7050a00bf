// Writes a log of strace as a scenario: each call by a function of its own, in the order of the log.
//
// What the log does not explain is left out and counted: descriptors and memory from before it began, and calls that
// the engine has no operation for. Addresses are brought together (strace_space.h); an mmap() has its place as a hint,
// so that the engine maps where the kernel did.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "import/importer.h"
#include "import/strace_files.h"
#include "import/strace_log.h"
#include "import/strace_space.h"

namespace quire::importer {

class StraceWriter {
 public:
  StraceWriter(const StraceLog& log, std::string_view file);
  ImportResult write();

 private:
  struct Task {
    std::string process;  ///< its name in the scenario
    std::shared_ptr<Descriptors> files = std::make_shared<Descriptors>();
    std::shared_ptr<MappedRanges> memory = std::make_shared<MappedRanges>();
    std::shared_ptr<AddressRange> heap = std::make_shared<AddressRange>();  ///< between the two ends of brk()
    bool ended = false;
  };
  using Handler = void (StraceWriter::*)(const StraceRecord&);
  struct Entry {
    std::string_view name;
    Handler handler;
    std::size_t arguments;  ///< at least
  };
  static const Entry* find_handler(std::string_view name);
  static constexpr std::size_t kProcessesMost = 16;
  /// A, B, ... in the order of their beginning.
  static std::string process_name(std::size_t number);

  // strace_scenario.cc
  void record(const StraceRecord& r);
  void skip(const StraceRecord& r, std::string_view why);
  Line add(std::string_view operation, std::vector<Expr> operands);
  /// The result as it was recorded; `success` where it was one.
  static void expect(Line line, const StraceRecord& r, int64_t success = 0);
  [[nodiscard]] Task& task() { return *task_; }
  /// The argument as a number; otherwise the call is skipped and `good` false.
  int64_t number(const StraceRecord& r, std::size_t argument, bool& good);
  /// The argument's flags if the language knows them all; otherwise as for number().
  std::vector<std::string> known_flags(const StraceRecord& r, std::size_t argument, bool& good);
  void complain(const StraceRecord& r, std::size_t argument, std::string_view wanted);
  [[nodiscard]] uint64_t place(uint64_t address) const;
  void need(uint64_t bytes) { bytes_needed_ += bytes; }

  // strace_processes.cc
  void fork(const StraceRecord& r);
  void execve(const StraceRecord& r);
  void exit_group(const StraceRecord& r);
  void task_ended(const StraceRecord& r);
  void end_process();

  // strace_memory.cc
  void brk(const StraceRecord& r);
  void mmap(const StraceRecord& r);
  void map_file(const StraceRecord& r, std::vector<Expr>& operands, OpenFile& open, const AddressRange& range);
  void munmap(const StraceRecord& r);
  void mprotect(const StraceRecord& r);
  void mremap(const StraceRecord& r);
  void madvise(const StraceRecord& r);
  void msync(const StraceRecord& r);
  void mlock(const StraceRecord& r);
  void mlockall(const StraceRecord& r);
  void munlockall(const StraceRecord& r);
  void range_call(const StraceRecord& r, std::string_view operation, std::optional<std::vector<std::string>> flags);
  /// The range of the first two arguments, if the log explains it; otherwise the call is skipped.
  std::optional<AddressRange> range_of(const StraceRecord& r);

  // strace_file_calls.cc
  void open(const StraceRecord& r);
  void open_at(const StraceRecord& r);
  void creat(const StraceRecord& r);
  void open_path(const StraceRecord& r, std::size_t path, std::vector<std::string> flags);
  void memfd_create(const StraceRecord& r);
  void close(const StraceRecord& r);
  void close_range(const StraceRecord& r);
  void dup(const StraceRecord& r);
  void fcntl(const StraceRecord& r);
  void read(const StraceRecord& r);
  void pread(const StraceRecord& r);
  void write_call(const StraceRecord& r);
  void pwrite(const StraceRecord& r);
  void lseek(const StraceRecord& r);
  void ftruncate(const StraceRecord& r);
  void fallocate(const StraceRecord& r);
  void fsync(const StraceRecord& r);
  void fstat(const StraceRecord& r);
  void changes_file(const StraceRecord& r);
  void read_at(const StraceRecord& r, OpenFile& open, uint64_t offset);
  void write_at(const StraceRecord& r, OpenFile& open, uint64_t offset);
  uint64_t write_bytes(OpenFile& open, uint64_t offset, std::string_view all);
  static void look(Line line, const OpenFile& open, uint64_t offset, std::string_view shown);
  void install(int fd, std::shared_ptr<OpenFile> open, bool close_on_exec);
  void close_fd(int fd);
  void grow(OpenFile& open, uint64_t bytes);
  /// The descriptor of the first argument, if the log explains it; otherwise the call is skipped.
  OpenFile* descriptor(const StraceRecord& r);
  [[nodiscard]] std::string prefix() const;

  const StraceLog& log_;
  std::string_view file_;
  AddressPlan addresses_;
  Builder builder_;
  DescriptorNames names_;
  std::map<std::string, std::shared_ptr<RecordedFile>> files_;  ///< by path
  std::map<std::string, std::string> file_names_;               ///< path -> name in the scenario
  std::map<int, Task> tasks_;                                   ///< by number
  std::size_t processes_ = 0;
  Task* task_ = nullptr;
  std::map<std::string, uint64_t> skipped_;
  std::map<std::string, bool> variables_;  ///< captured, with the process before it
  uint64_t bytes_needed_ = 0;
  bool swaps_ = false;
  std::optional<Diagnostic> complaint_;
};

}  // namespace quire::importer
