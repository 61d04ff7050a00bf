#include "import/fsx_replay.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "machine/machine.h"

namespace quire::importer {
namespace {

namespace abi = machine::abi;
using base::Errno;

constexpr uint64_t kPageSize = 4096;
/// Beside the pages of the file.
constexpr uint64_t kSparePages = 512;

machine::MachineOptions machine_for(const FsxLog& log, const FsxReplayOptions& options) {
  machine::MachineOptions made;
  uint64_t needed = 2 * (fsx_end(log) / kPageSize) + kSparePages;
  made.ram = machine::PageCount(options.ram_pages != 0 ? options.ram_pages : needed);
  if (options.swap_pages != 0) made.add_swap("S", machine::PageCount(options.swap_pages));
  return made;
}

class FsxPlayer {
 public:
  FsxPlayer(const FsxLog& log, const FsxReplayOptions& options)
      : options_(options), machine_(machine_for(log, options)), process_(&machine_.create_process("fsx")) {}

  FsxReplay play(const FsxLog& log) {
    auto begin = std::chrono::steady_clock::now();
    base::Result<int> fd = machine_.memfd_create(*process_);
    if (!fd) return std::move(result_);
    fd_ = *fd;
    for (const FsxOp& op : log) {
      if (failed()) break;
      step(op);
    }
    if (!failed()) at_end(log.back());
    result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool failed() const { return !result_.difference.empty(); }

  void differs(const FsxOp& op, std::string_view what) {
    if (failed()) return;
    result_.difference = fmt::format("{}:{}: operation {}, {} 0x{:x} 0x{:x}: {}", options_.file, op.line, op.number,
                                     fsx_name(op.kind), op.offset, op.length, what);
  }
  void must(const FsxOp& op, std::string_view call, Errno error) {
    if (error != Errno::ok) differs(op, fmt::format("{} failed with errno {}", call, -base::as_syscall(error)));
  }

  void step(const FsxOp& op) {
    if (op.skipped) {
      ++result_.skipped;
      return;
    }
    ++result_.operations;
    if (std::string why = why_not(op, model_.size()); !why.empty()) return differs(op, why);
    carry_out(op);
    if (failed()) return;
    if (writes(op.kind)) result_.bytes_written += op.length;
    if (op.close_open) close_open(op);
    check_size(op);
    result_.swapped_most = std::max(result_.swapped_most, machine_.swap_used("S"));
  }

  static bool writes(FsxKind kind) {
    return kind == FsxKind::write || kind == FsxKind::write_dontcache || kind == FsxKind::write_atomic ||
           kind == FsxKind::mapwrite;
  }

  void carry_out(const FsxOp& op) {
    switch (op.kind) {
      case FsxKind::read:
      case FsxKind::read_dontcache:
        return compare(op, op.offset, read_file(op, op.offset, op.length));
      case FsxKind::mapread:
        return map_read(op);
      case FsxKind::fsync:
        return must(op, "fsync", machine_.fsync(*process_, fd_));
      case FsxKind::dedupe_range:
        return;  // of the same contents: nothing that a read would tell
      default:
        break;
    }
    std::vector<std::byte> data;
    if (writes(op.kind)) data = fsx_data(op);
    change(op, data);
    model_.apply(op, data);
  }

  void change(const FsxOp& op, std::span<const std::byte> data) {
    switch (op.kind) {
      case FsxKind::mapwrite:
        return map_write(op, data);
      case FsxKind::truncate:
        return truncate(op, op.length);
      case FsxKind::fallocate:
        return must(op, "fallocate",
                    machine_.fallocate(*process_, fd_, op.keep_size ? abi::kFallocKeepSize : 0, signed_of(op.offset),
                                       signed_of(op.length)));
      case FsxKind::punch_hole:
        return punch(op);
      case FsxKind::zero_range:
        punch(op);
        if (!op.keep_size && op.offset + op.length > model_.size()) truncate(op, op.offset + op.length);
        return;
      case FsxKind::copy_range:
      case FsxKind::clone_range:
        return write_file(op, op.target, read_file(op, op.offset, op.length));
      case FsxKind::exchange_range: {
        std::vector<std::byte> one = read_file(op, op.offset, op.length);
        std::vector<std::byte> other = read_file(op, op.target, op.length);
        write_file(op, op.target, one);
        return write_file(op, op.offset, other);
      }
      case FsxKind::collapse_range: {
        write_file(op, op.offset, read_file(op, op.offset + op.length, model_.size() - op.offset - op.length));
        return truncate(op, model_.size() - op.length);
      }
      case FsxKind::insert_range: {
        write_file(op, op.offset + op.length, read_file(op, op.offset, model_.size() - op.offset));
        return punch(op);
      }
      default:
        return write_file(op, op.offset, data);
    }
  }

  static int64_t signed_of(uint64_t bytes) { return static_cast<int64_t>(bytes); }

  void truncate(const FsxOp& op, uint64_t size) {
    must(op, "ftruncate", machine_.ftruncate(*process_, fd_, signed_of(size)));
  }
  void punch(const FsxOp& op) {
    must(op, "fallocate",
         machine_.fallocate(*process_, fd_, abi::kFallocPunchHole | abi::kFallocKeepSize, signed_of(op.offset),
                            signed_of(op.length)));
  }

  std::vector<std::byte> read_file(const FsxOp& op, uint64_t offset, uint64_t length) {
    std::vector<std::byte> data(length);
    base::Result<uint64_t> got = machine_.pread(*process_, fd_, data, signed_of(offset));
    if (!got) {
      must(op, "pread", got.error());
    } else if (*got != length) {
      differs(op, fmt::format("a read of 0x{:x} bytes got 0x{:x}", length, *got));
    }
    return data;
  }
  void write_file(const FsxOp& op, uint64_t offset, std::span<const std::byte> data) {
    if (failed() || data.empty()) return;
    base::Result<uint64_t> put = machine_.pwrite(*process_, fd_, data, signed_of(offset));
    if (!put) {
      must(op, "pwrite", put.error());
    } else if (*put != data.size()) {
      differs(op, fmt::format("a write of 0x{:x} bytes wrote 0x{:x}", data.size(), *put));
    }
  }

  // The pages that hold the bytes, from the start of the first.
  uint64_t map(const FsxOp& op, int prot) {
    uint64_t lead = op.offset % kPageSize;
    base::Result<uint64_t> start =
        machine_.mmap(*process_, 0, lead + op.length, prot, abi::kMapShared, fd_, op.offset - lead);
    if (start) return *start;
    must(op, "mmap", start.error());
    return 0;
  }
  void unmap(const FsxOp& op, uint64_t start) {
    must(op, "munmap", machine_.munmap(*process_, start, op.offset % kPageSize + op.length));
  }

  void map_read(const FsxOp& op) {
    uint64_t start = map(op, abi::kProtRead);
    if (failed()) return;
    std::vector<std::byte> data(op.length);
    if (!machine_.load(*process_, start + op.offset % kPageSize, data).none())
      differs(op, "a load from the mapping ended with a signal");
    compare(op, op.offset, data);
    check_behind_end(op, start, model_.size());
    unmap(op, start);
  }

  void map_write(const FsxOp& op, std::span<const std::byte> data) {
    uint64_t size = std::max(model_.size(), op.offset + op.length);
    if (size > model_.size()) truncate(op, size);
    uint64_t start = failed() ? 0 : map(op, abi::kProtRead | abi::kProtWrite);
    if (failed()) return;
    uint64_t lead = op.offset % kPageSize;
    if (!machine_.store(*process_, start + lead, data).none())
      differs(op, "a store to the mapping ended with a signal");
    must(op, "msync", machine_.msync(*process_, start, lead + op.length, abi::kMsSync));
    check_behind_end(op, start, size);
    unmap(op, start);
  }

  // What is mapped of the last page behind the end of the file reads as zeros.
  void check_behind_end(const FsxOp& op, uint64_t start, uint64_t size) {
    uint64_t mapped_end = op.offset + op.length;
    if (failed() || size % kPageSize == 0 || mapped_end <= size - size % kPageSize) return;
    std::vector<std::byte> rest(kPageSize - size % kPageSize);
    uint64_t first = op.offset - op.offset % kPageSize;
    if (!machine_.load(*process_, start + (size - first), rest).none())
      return differs(op, "a load behind the end of the file, in its last page, ended with a signal");
    if (std::any_of(rest.begin(), rest.end(), [](std::byte b) { return b != std::byte{0}; }))
      differs(op, "the last page is not zero behind the end of the file");
  }

  void compare(const FsxOp& op, uint64_t offset, std::span<const std::byte> data) {
    if (failed()) return;
    std::span<const std::byte> right = model_.read(offset, data.size());
    auto [at, good] = std::mismatch(data.begin(), data.end(), right.begin(), right.end());
    if (at != data.end())
      return differs(op, fmt::format("the byte at 0x{:x} is 0x{:02x}, {}",
                                     offset + static_cast<uint64_t>(at - data.begin()), static_cast<unsigned>(*at),
                                     good == right.end() ? "behind the end of the file"
                                                         : fmt::format("not 0x{:02x}", static_cast<unsigned>(*good))));
    ++result_.reads;
    result_.bytes_read += data.size();
    compare_sum(op, op.number, data);
  }

  void compare_sum(const FsxOp& op, uint64_t number, std::span<const std::byte> data) {
    while (next_sum_ < options_.sums.size() && options_.sums[next_sum_].operation < number) ++next_sum_;
    if (next_sum_ == options_.sums.size() || options_.sums[next_sum_].operation != number) return;
    if (options_.sums[next_sum_].sum != contents_sum(data))
      return differs(op, "what was read is not what the recording read");
    ++result_.sums_compared;
  }

  void check_size(const FsxOp& op) {
    base::Result<machine::Stat> stat = machine_.fstat(*process_, fd_);
    if (!stat) return must(op, "fstat", stat.error());
    if (stat->st_size != model_.size())
      differs(op, fmt::format("the file has 0x{:x} bytes, not 0x{:x}", stat->st_size, model_.size()));
  }

  // The file of a memfd goes with its last descriptor: a child keeps it open, closes it, and has it again from there.
  void close_open(const FsxOp& op) {
    base::Result<machine::Process*> child = machine_.fork(*process_);
    if (!child) return must(op, "fork", child.error());
    must(op, "close", machine_.close(*process_, fd_));
    machine_.exit(*process_);
    process_ = *child;
  }

  // The whole file once more, and the machine's invariants. The recorder's last sum is of it.
  void at_end(const FsxOp& last) {
    FsxOp whole;
    whole.number = last.number + 1;
    whole.line = last.line;
    whole.length = model_.size();
    compare(whole, 0, read_file(whole, 0, model_.size()));
    sync::CheckReport report;
    machine_.check(report);
    if (!report.ok()) differs(last, fmt::format("the machine is not in order at the end: {}", report.message()));
  }

  const FsxReplayOptions& options_;
  machine::Machine machine_;
  machine::Process* process_;
  int fd_ = -1;
  FsxModel model_;
  std::size_t next_sum_ = 0;
  FsxReplay result_;
};

}  // namespace

FsxReplay replay_fsx(const FsxLog& log, const FsxReplayOptions& options) { return FsxPlayer(log, options).play(log); }

}  // namespace quire::importer
