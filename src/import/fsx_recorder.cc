#include "import/fsx_recorder.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/random.h"

namespace quire::importer {
namespace {

constexpr uint64_t kRealPage = 4096;

class FsxRecorder {
 public:
  FsxRecorder(const std::string& path, const FsxRecordOptions& options)
      : path_(path), options_(options), random_(options.seed) {}
  FsxRecorder(const FsxRecorder&) = delete;
  FsxRecorder& operator=(const FsxRecorder&) = delete;
  ~FsxRecorder() {
    if (fd_ >= 0) close(fd_);
    unlink(path_.c_str());
  }

  FsxRecording record() {
    reopen(O_RDWR | O_CREAT | O_TRUNC);
    for (uint64_t number = 1; number <= options_.operations && result_.trouble.empty(); ++number) {
      FsxOp op = draw(number);
      op.close_open = options_.close_open_one_in != 0 && random_.below(options_.close_open_one_in) == 0;
      if (!op.skipped) carry_out(op);
      result_.skipped += op.skipped ? 1 : 0;
      result_.log += fsx_line(op);
      if (op.close_open && !op.skipped) reopen(O_RDWR);
    }
    if (result_.trouble.empty()) keep_sum(options_.operations + 1, read_real(0, model_.size()));
    return std::move(result_);
  }

 private:
  void trouble(const FsxOp& op, std::string_view what) {
    if (result_.trouble.empty())
      result_.trouble = fmt::format("{}: operation {}, {}: {}", path_, op.number, fsx_name(op.kind), what);
  }
  void must(const FsxOp& op, bool good) {
    if (!good) trouble(op, std::strerror(errno));
  }

  void reopen(int flags) {
    if (fd_ >= 0) close(fd_);
    fd_ = open(path_.c_str(), flags | O_CLOEXEC, 0600);
    if (fd_ < 0) result_.trouble = fmt::format("{}: {}", path_, std::strerror(errno));
  }

  FsxOp draw(uint64_t number) {
    constexpr std::array kKinds = {FsxKind::read,       FsxKind::write,     FsxKind::mapread,    FsxKind::mapwrite,
                                   FsxKind::truncate,   FsxKind::fallocate, FsxKind::punch_hole, FsxKind::copy_range,
                                   FsxKind::zero_range, FsxKind::fsync};
    FsxOp op;
    op.number = number;
    op.kind = kKinds[random_.below(kKinds.size())];
    op.size_before = model_.size();
    op.offset = random_.below(options_.file_bytes);
    op.length = std::min(random_.below(options_.op_bytes + 1), options_.file_bytes - op.offset);
    if (op.kind == FsxKind::truncate || op.kind == FsxKind::fsync) op.offset = 0;
    if (op.kind == FsxKind::truncate) op.length = random_.below(options_.file_bytes);
    if (op.kind == FsxKind::fsync) op.length = 0;
    if (op.kind == FsxKind::fallocate) op.keep_size = random_.below(2) == 0;
    if (looks_inside(op.kind)) trim(op);
    if (op.kind == FsxKind::copy_range) op.target = random_.below(options_.file_bytes);
    op.skipped = skips(op);
    return op;
  }

  static bool looks_inside(FsxKind kind) {
    return kind == FsxKind::read || kind == FsxKind::mapread || kind == FsxKind::punch_hole ||
           kind == FsxKind::copy_range;
  }
  void trim(FsxOp& op) const {
    op.offset = model_.size() == 0 ? 0 : op.offset % model_.size();
    op.length = std::min(op.length, model_.size() - op.offset);
  }
  // tmpfs has no FALLOC_FL_ZERO_RANGE: fsx finds that out at its start, and skips the operation from then on.
  [[nodiscard]] bool skips(const FsxOp& op) const {
    if (op.kind == FsxKind::zero_range) return true;
    if (op.kind == FsxKind::truncate || op.kind == FsxKind::fsync) return false;
    if (op.length == 0) return true;
    uint64_t apart = op.target > op.offset ? op.target - op.offset : op.offset - op.target;
    return op.kind == FsxKind::copy_range && (apart < op.length || op.target + op.length > options_.file_bytes);
  }

  void carry_out(const FsxOp& op) {
    std::vector<std::byte> data;
    if (op.kind == FsxKind::write || op.kind == FsxKind::mapwrite) data = fsx_data(op);
    auto offset = static_cast<off_t>(op.offset);
    auto length = static_cast<off_t>(op.length);
    switch (op.kind) {
      case FsxKind::read:
        return compare(op, read_real(op.offset, op.length));
      case FsxKind::mapread:
        return map_read(op);
      case FsxKind::write:
        must(op, pwrite(fd_, data.data(), data.size(), offset) == length);
        break;
      case FsxKind::mapwrite:
        map_write(op, data);
        break;
      case FsxKind::truncate:
        must(op, ftruncate(fd_, length) == 0);
        break;
      case FsxKind::fallocate:
        must(op, fallocate(fd_, op.keep_size ? FALLOC_FL_KEEP_SIZE : 0, offset, length) == 0);
        break;
      case FsxKind::punch_hole:
        must(op, fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length) == 0);
        break;
      case FsxKind::copy_range:
        copy(op);
        break;
      default:
        must(op, fsync(fd_) == 0);
        break;
    }
    model_.apply(op, data);
  }

  std::vector<std::byte> read_real(uint64_t offset, uint64_t length) {
    std::vector<std::byte> data(length);
    if (pread(fd_, data.data(), length, static_cast<off_t>(offset)) != static_cast<ssize_t>(length))
      result_.trouble = fmt::format("{}: a short read at 0x{:x}", path_, offset);
    return data;
  }

  std::byte* map(const FsxOp& op, int prot) {
    uint64_t lead = op.offset % kRealPage;
    void* start = mmap(nullptr, lead + op.length, prot, MAP_SHARED, fd_, static_cast<off_t>(op.offset - lead));
    must(op, start != MAP_FAILED);
    return start == MAP_FAILED ? nullptr : static_cast<std::byte*>(start);
  }

  void map_read(const FsxOp& op) {
    std::byte* start = map(op, PROT_READ);
    if (start == nullptr) return;
    uint64_t lead = op.offset % kRealPage;
    std::vector<std::byte> data(start + lead, start + lead + op.length);
    munmap(start, lead + op.length);
    compare(op, data);
  }

  void map_write(const FsxOp& op, std::span<const std::byte> data) {
    uint64_t end = op.offset + op.length;
    if (end > model_.size()) must(op, ftruncate(fd_, static_cast<off_t>(end)) == 0);
    std::byte* start = result_.trouble.empty() ? map(op, PROT_READ | PROT_WRITE) : nullptr;
    if (start == nullptr) return;
    uint64_t lead = op.offset % kRealPage;
    std::copy(data.begin(), data.end(), start + lead);
    must(op, msync(start, lead + op.length, MS_SYNC) == 0);
    munmap(start, lead + op.length);
  }

  void copy(const FsxOp& op) {
    auto from = static_cast<off_t>(op.offset);
    auto to = static_cast<off_t>(op.target);
    for (uint64_t left = op.length; left != 0;) {
      ssize_t done = copy_file_range(fd_, &from, fd_, &to, left, 0);
      if (done <= 0) return must(op, false);
      left -= static_cast<uint64_t>(done);
    }
  }

  void compare(const FsxOp& op, std::span<const std::byte> data) {
    std::span<const std::byte> right = model_.read(op.offset, op.length);
    if (!std::equal(data.begin(), data.end(), right.begin(), right.end())) trouble(op, "the file system reads wrongly");
    keep_sum(op.number, data);
  }
  void keep_sum(uint64_t number, std::span<const std::byte> data) {
    result_.sums += fmt::format("{} 0x{:016x}\n", number, contents_sum(data));
  }

  const std::string& path_;
  const FsxRecordOptions& options_;
  base::Random random_;
  FsxModel model_;
  int fd_ = -1;
  FsxRecording result_;
};

}  // namespace

FsxRecording record_fsx(const std::string& path, const FsxRecordOptions& options) {
  return FsxRecorder(path, options).record();
}

}  // namespace quire::importer
