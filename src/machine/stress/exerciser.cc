#include "machine/stress/exerciser.h"

#include <algorithm>
#include <array>

#include "base/random.h"

namespace quire::machine {
namespace {

using Kind = FileOperation::Kind;

/// How often each kind comes, in hundredths.
constexpr std::array<std::pair<Kind, unsigned>, 14> kWeights = {{{Kind::write, 18},
                                                                 {Kind::read, 16},
                                                                 {Kind::truncate, 5},
                                                                 {Kind::punch, 6},
                                                                 {Kind::allocate, 2},
                                                                 {Kind::allocate_keep_size, 2},
                                                                 {Kind::store, 18},
                                                                 {Kind::load, 14},
                                                                 {Kind::msync, 5},
                                                                 {Kind::fsync, 3},
                                                                 {Kind::pageout, 4},
                                                                 {Kind::reclaim, 4},
                                                                 {Kind::remap, 1},
                                                                 {Kind::look_below, 2}}};

Kind random_kind(base::Random& random) {
  uint64_t at = random.below(100);
  for (auto [kind, weight] : kWeights) {
    if (at < weight) return kind;
    at -= weight;
  }
  return Kind::read;
}

/// A file, its mapping, and what they should have.
class Exerciser {
 public:
  explicit Exerciser(const Exercise& exercise)
      : exercise_(exercise),
        machine_(options(exercise)),
        process_(machine_.create_process("A")),
        model_(exercise.pages * kPage) {
    fd_ = open_file();
    map();
  }

  /// What is wrong after it; empty: nothing.
  sync::String operator()(const FileOperation& op) {
    wrong_.clear();
    switch (op.kind) {
      case Kind::write:
        return write(op), std::move(wrong_);
      case Kind::read:
        return read(fd_, op.offset, op.length), std::move(wrong_);
      case Kind::truncate:
        return truncate(op), std::move(wrong_);
      case Kind::punch:
        return punch(op), std::move(wrong_);
      case Kind::allocate:
      case Kind::allocate_keep_size:
        return allocate(op), std::move(wrong_);
      case Kind::store:
        return store(op), std::move(wrong_);
      case Kind::load:
        return load(op), std::move(wrong_);
      case Kind::msync: {
        uint64_t start = op.offset / kPage * kPage;
        synchronise([&] { return machine_.msync(process_, at_ + start, op.length, abi::kMsSync); }, "msync");
        break;
      }
      case Kind::fsync:
        synchronise([&] { return machine_.fsync(process_, fd_); }, "fsync");
        break;
      case Kind::pageout: {
        uint64_t start = op.offset / kPage * kPage;
        expect(machine_.madvise(process_, at_ + start, std::min(op.length, model_.size() - start), abi::kMadvPageout),
               "madvise");
        break;
      }
      case Kind::reclaim:
        (void)machine_.reclaim(op.length);
        break;
      case Kind::remap:
        expect(machine_.munmap(process_, at_, model_.size()), "munmap");
        map();
        break;
      case Kind::look_below:
        look_below();
        break;
    }
    return std::move(wrong_);
  }

  /// Everything, in both ways; and the machine's invariants.
  sync::String all() {
    wrong_.clear();
    read(fd_, 0, model_.size());
    for (uint64_t page = 0; page < size_; page += kPage) load({Kind::load, page, kPage, 0});
    sync::CheckReport report;
    machine_.stop_flusher();
    machine_.check(report);
    machine_.start_flusher();
    if (!report.ok() && wrong_.empty()) wrong_ = sync::String(report.message());
    return std::move(wrong_);
  }

 private:
  static MachineOptions options(const Exercise& e) {
    MachineOptions options;
    options.cpus = 1;
    options.ram = PageCount(e.ram);
    options.page_cluster = e.seed % 4;
    options.lru = e.lru;
    options.defects = e.defects;
    options.readahead_pages = e.readahead;
    options.flusher = e.flusher;
    if (e.flusher == OnOff::on) options.dirty = {.dirty_ratio = 60, .dirty_background_ratio = 20};
    options.add_swap("S", PageCount(e.swap));
    if (e.on == ExerciseOn::block) {
      options.disk.pages = PageCount(e.pages + 8);
      options.disk.allocation = e.seed % 2 == 0 ? fs::BlockAllocation::write : fs::BlockAllocation::writeback;
    }
    if (e.on == ExerciseOn::stacked) {
      options.unions = 1;
      options.stacked = e.stacked;
    }
    return options;
  }
  int open_file() {
    if (exercise_.on == ExerciseOn::tmpfs) return *machine_.memfd_create(process_);
    const char* name = exercise_.on == ExerciseOn::stacked ? "/union/f" : "f";
    return *machine_.open(process_, name, abi::kORdwr | abi::kOCreat);
  }
  void map() { at_ = *machine_.mmap(process_, 0, model_.size(), kReadWrite, abi::kMapShared, fd_, 0); }

  template <typename... Args>
  void say(fmt::format_string<Args...> text, const Args&... args) {
    if (wrong_.empty()) fmt::vformat_to(std::back_inserter(wrong_), text, fmt::make_format_args(args...));
  }
  void expect(Errno error, const char* call) {
    if (error != Errno::ok) say("{} gave {}", call, static_cast<int>(error));
  }
  // A stacked file system may find no memory for the page below, since file systems must not be entered for it: all
  // stays dirty, and there is another try.
  template <typename Call>
  void synchronise(Call call, const char* name) {
    Errno error = call();
    for (int tries = 0; tries < 4 && error == Errno::enomem; ++tries) {
      (void)machine_.reclaim(exercise_.ram / 4);
      error = call();
    }
    expect(error, name);
  }
  void expect_byte(std::byte seen, uint64_t offset, const char* how) {
    if (static_cast<char>(seen) != model_[offset])
      say("{} of byte {} of page {} gave {:#x}, not {:#x}", how, offset % kPage, offset / kPage,
          static_cast<unsigned>(seen), static_cast<unsigned>(static_cast<unsigned char>(model_[offset])));
  }

  void write(const FileOperation& op) {
    sync::Vector<std::byte> bytes(op.length, static_cast<std::byte>(op.value));
    Result<uint64_t> n = machine_.pwrite(process_, fd_, bytes, static_cast<int64_t>(op.offset));
    if (!n || *n != op.length) return say("pwrite gave {}", n ? static_cast<int>(*n) : -static_cast<int>(n.error()));
    std::fill_n(model_.begin() + static_cast<std::ptrdiff_t>(op.offset), op.length, op.value);
    size_ = std::max(size_, op.offset + op.length);
  }
  void read(int fd, uint64_t offset, uint64_t length) {
    sync::Vector<std::byte> bytes(length);
    Result<uint64_t> n = machine_.pread(process_, fd, bytes, static_cast<int64_t>(offset));
    uint64_t there = offset < size_ ? std::min(length, size_ - offset) : 0;
    if (!n || *n != there) return say("pread gave {}", n ? static_cast<int>(*n) : -static_cast<int>(n.error()));
    for (uint64_t i = 0; i < there; ++i) expect_byte(bytes[i], offset + i, "pread");
  }
  void forget(uint64_t from, uint64_t to) {
    if (from < to)
      std::fill(model_.begin() + static_cast<std::ptrdiff_t>(from), model_.begin() + static_cast<std::ptrdiff_t>(to),
                '\0');
  }
  void truncate(const FileOperation& op) {
    expect(machine_.ftruncate(process_, fd_, static_cast<int64_t>(op.offset)), "ftruncate");
    forget(op.offset, model_.size());
    size_ = op.offset;
  }
  void punch(const FileOperation& op) {
    expect(machine_.fallocate(process_, fd_, abi::kFallocPunchHole | abi::kFallocKeepSize,
                              static_cast<int64_t>(op.offset), static_cast<int64_t>(op.length)),
           "fallocate");
    forget(op.offset, std::min<uint64_t>(op.offset + op.length, model_.size()));
  }
  void allocate(const FileOperation& op) {
    bool keep = op.kind == Kind::allocate_keep_size;
    expect(machine_.fallocate(process_, fd_, keep ? abi::kFallocKeepSize : 0, static_cast<int64_t>(op.offset),
                              static_cast<int64_t>(op.length)),
           "fallocate");
    if (!keep) size_ = std::max(size_, op.offset + op.length);
  }
  // What lies behind the last page of the file is no memory; what lies behind its end in that page is nobody's
  // business.
  void store(const FileOperation& op) {
    bool mapped = op.offset / kPage < (size_ + kPage - 1) / kPage;
    if (mapped && op.offset >= size_) return;
    mm::Signal signal = machine_.store(process_, at_ + op.offset, static_cast<std::byte>(op.value));
    if (signal.none() != mapped) return say("a store to page {} gave signal {}", op.offset / kPage, !signal.none());
    if (mapped) model_[op.offset] = op.value;
  }
  void load(const FileOperation& op) {
    uint64_t end = std::min(op.offset + std::min(op.length, kPage), size_);
    if (op.offset >= end) return;
    sync::Vector<std::byte> bytes(end - op.offset);
    mm::Signal signal = machine_.load(process_, at_ + op.offset, bytes);
    if (!signal.none()) return say("a load from page {} gave a signal", op.offset / kPage);
    for (uint64_t i = 0; i < bytes.size(); ++i) expect_byte(bytes[i], op.offset + i, "load");
  }
  // What was written through the stack can be read from the layer once it was synchronised.
  void look_below() {
    if (exercise_.on != ExerciseOn::stacked) return;
    synchronise([&] { return machine_.fsync(process_, fd_); }, "fsync");
    int below = *machine_.open(process_, "/upper/f", abi::kORdonly);
    read(below, 0, model_.size());
    expect(machine_.close(process_, below), "close");
  }

  const Exercise exercise_;
  Machine machine_;
  Process& process_;
  sync::Vector<char> model_;
  uint64_t size_ = 0;
  int fd_ = -1;
  uint64_t at_ = 0;
  sync::String wrong_;
};

constexpr std::size_t kLookEvery = 2000;

}  // namespace

std::optional<ExerciseOn> exercise_on(std::string_view word) {
  if (word == "tmpfs") return ExerciseOn::tmpfs;
  if (word == "block") return ExerciseOn::block;
  return word == "union" ? std::optional(ExerciseOn::stacked) : std::nullopt;
}

FileOperations operations_of(const Exercise& exercise) {
  base::Random random(exercise.seed);
  FileOperations operations;
  operations.reserve(exercise.operations);
  const uint64_t bytes = exercise.pages * kPage;
  for (uint64_t i = 0; i < exercise.operations; ++i) {
    FileOperation op{random_kind(random), random.below(bytes), 0, static_cast<char>('a' + random.below(26))};
    // Short ones and whole pages, and sometimes many pages.
    uint64_t shape = random.below(8);
    if (shape == 0) op.offset = op.offset / kPage * kPage;
    uint64_t length = shape < 2 ? kPage : shape < 6 ? 1 + random.below(200) : 1 + random.below(6 * kPage);
    op.length = op.kind == Kind::reclaim ? 1 + random.below(8) : std::min(length, bytes - op.offset);
    operations.push_back(op);
  }
  return operations;
}

std::optional<Mismatch> run(const Exercise& exercise, const FileOperations& operations) {
  Exerciser act(exercise);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    sync::String wrong = act(operations[i]);
    if (wrong.empty() && (i + 1) % kLookEvery == 0) wrong = act.all();
    if (!wrong.empty()) return Mismatch{i, std::move(wrong)};
  }
  sync::String wrong = act.all();
  if (!wrong.empty()) return Mismatch{operations.size() - 1, std::move(wrong)};
  return std::nullopt;
}

}  // namespace quire::machine
