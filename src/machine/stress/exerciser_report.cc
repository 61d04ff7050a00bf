// What the exerciser has found: made small, and printed.
#include <algorithm>

#include "base/clock.h"
#include "machine/stress/exerciser.h"

namespace quire::machine {
namespace {

using Kind = FileOperation::Kind;

double seconds_now() {
  base::Timestamp now = base::Clock(base::Clock::Kind::real).now();
  return static_cast<double>(now.seconds) + now.nanoseconds * 1e-9;
}

constexpr std::array<std::string_view, 3> kNames = {"tmpfs", "block", "union"};

/// A place in the mapping: `p[3]`, `p[3]+8`.
sync::String place(uint64_t offset) {
  sync::String text;
  fmt::format_to(std::back_inserter(text), "p[{}]", offset / kPage);
  if (offset % kPage != 0) fmt::format_to(std::back_inserter(text), "+{}", offset % kPage);
  return text;
}

void append(sync::String& out, const FileOperation& op) {
  auto to = std::back_inserter(out);
  uint64_t page = op.offset / kPage;
  uint64_t pages = (op.offset % kPage + op.length + kPage - 1) / kPage;
  switch (op.kind) {
    case Kind::write:
      fmt::format_to(to, "pwrite(fd, fill('{}', {}), {})", op.value, op.length, op.offset);
      break;
    case Kind::read:
      fmt::format_to(to, "pread(fd, {})", op.offset);
      break;
    case Kind::truncate:
      fmt::format_to(to, "ftruncate(fd, {}) = 0", op.offset);
      break;
    case Kind::punch:
      fmt::format_to(to, "fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, {}, {}) = 0", op.offset, op.length);
      break;
    case Kind::allocate:
      fmt::format_to(to, "fallocate(fd, 0, {}, {}) = 0", op.offset, op.length);
      break;
    case Kind::allocate_keep_size:
      fmt::format_to(to, "fallocate(fd, FALLOC_FL_KEEP_SIZE, {}, {}) = 0", op.offset, op.length);
      break;
    case Kind::store:
      fmt::format_to(to, "store({}, '{}')", place(op.offset), op.value);
      break;
    case Kind::load:
      fmt::format_to(to, "load({})", place(op.offset));
      break;
    case Kind::msync:
      fmt::format_to(to, "msync(p[{}], {}, MS_SYNC) = 0", page, op.length);
      break;
    case Kind::fsync:
      fmt::format_to(to, "fsync(fd) = 0");
      break;
    case Kind::pageout:
      fmt::format_to(to, "madvise(p[{}:{}], MADV_PAGEOUT) = 0", page, pages);
      break;
    case Kind::reclaim:
      fmt::format_to(to, "reclaim({})", op.length);
      break;
    case Kind::remap:
      fmt::format_to(to, "munmap(p) = 0");
      break;
    case Kind::look_below:
      fmt::format_to(to, "fsync(fd) = 0");
      break;
  }
}

}  // namespace

FileOperations shrink(const Exercise& exercise, FileOperations operations, double seconds) {
  double end = seconds_now() + seconds;
  for (std::size_t chunk = operations.size() / 2; chunk != 0 && seconds_now() < end; chunk /= 2) {
    for (std::size_t at = 0; at < operations.size() && seconds_now() < end;) {
      FileOperations fewer(operations.begin(), operations.begin() + static_cast<std::ptrdiff_t>(at));
      std::size_t rest = std::min(operations.size(), at + chunk);
      fewer.insert(fewer.end(), operations.begin() + static_cast<std::ptrdiff_t>(rest), operations.end());
      if (auto found = fewer.empty() ? std::nullopt : run(exercise, fewer)) {
        fewer.resize(found->operation + 1);
        operations = std::move(fewer);
      } else {
        at += chunk;
      }
    }
  }
  return operations;
}

sync::String scenario_of(const Exercise& exercise, const FileOperations& operations, const Mismatch& mismatch) {
  sync::String out;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "# {}\nscenario exercise-{} \"{} operations from seed {} that the file does not survive\"\n",
                 mismatch.what.c_str(), exercise.seed, operations.size(), exercise.seed);
  fmt::format_to(to, "machine  real cpus=1 ram={} swap=S:{}", exercise.ram, exercise.swap);
  if (exercise.on == ExerciseOn::block)
    fmt::format_to(to, " disk={} disk_alloc={}", exercise.pages + 8, exercise.seed % 2 == 0 ? "write" : "writeback");
  fmt::format_to(to, "\n\ncpu 0 as A {{\n  fd = {}\n",
                 exercise.on == ExerciseOn::tmpfs ? "memfd_create(\"f\", 0)" : "open(\"f\", O_RDWR|O_CREAT)");
  fmt::format_to(to, "  p = mmap(0, {}*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)\n", exercise.pages);
  for (const FileOperation& op : operations) {
    out += "  ";
    append(out, op);
    out += "\n";
  }
  out += "}\n\nexpect { never check }\n";
  return out;
}

int run_exercise(const Exercise& exercise) {
  FileOperations operations = operations_of(exercise);
  double begun = seconds_now();
  auto mismatch = run(exercise, operations);
  auto name = kNames[static_cast<unsigned>(exercise.on)];
  if (!mismatch) {
    double seconds = seconds_now() - begun;
    fmt::print("{}: {} operations from seed {}, no mismatch, {:.1f} s\n", name, operations.size(), exercise.seed,
               seconds);
    return EXIT_SUCCESS;
  }
  fmt::print(stderr, "{}: MISMATCH at operation {} from seed {}: {}\n", name, mismatch->operation, exercise.seed,
             mismatch->what.c_str());
  constexpr double kSeconds = 60;
  operations.resize(mismatch->operation + 1);
  operations = shrink(exercise, std::move(operations), kSeconds);
  mismatch = run(exercise, operations);
  fmt::print(stderr, "{} operations are enough:\n\n{}", operations.size(),
             scenario_of(exercise, operations, *mismatch).c_str());
  return EXIT_FAILURE;
}

}  // namespace quire::machine
