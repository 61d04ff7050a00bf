// A short operation log of fsx as a scenario. A write fills its range with one byte that goes with its number; of a
// read some bytes are looked at, each with the value that it must have.
#include <fmt/core.h>

#include <algorithm>

#include "import/fsx_data.h"
#include "import/importer.h"

namespace quire::importer {
namespace {

constexpr std::size_t kOperationsMax = 1'000;
constexpr std::size_t kLooksMax = 6;
constexpr uint64_t kPageBytes = 4096;

class FsxWriter {
 public:
  FsxWriter(const FsxLog& log, std::string_view file)
      : file_(file),
        builder_(scenario_name(file), fmt::format("{} operations of fsx", log.size()),
                 3 * (fsx_end(log) / kPageBytes) + 128) {}

  ImportResult write(const FsxLog& log) {
    builder_.add(call("memfd_create", {text("f"), integer(0)})).in("A").as("fd");
    for (const FsxOp& op : log) {
      if (op.skipped) {
        ++skipped_;
        continue;
      }
      if (std::string why = why_not(op, model_.size()); !why.empty())
        return complaint(file_, op.line, 1, fmt::format("expected operations that follow each other: {}", why));
      builder_.comment(fmt::format("{}: {}", op.number, fsx_name(op.kind)));
      carry_out(op);
      if (op.close_open) ++reopened_;
    }
    Imported imported;
    imported.calls = builder_.size();
    imported.document = builder_.document();
    if (skipped_ != 0) imported.skipped.push_back(fmt::format("{} x skip: fsx did not do it", skipped_));
    if (reopened_ != 0)
      imported.skipped.push_back(fmt::format("{} x close_open: a memfd goes with its last descriptor", reopened_));
    return imported;
  }

 private:
  Line add(std::string_view operation, std::vector<Expr> operands) {
    return builder_.add(call(operation, std::move(operands))).in("A");
  }
  static Expr at(uint64_t offset) { return bytes(static_cast<int64_t>(offset)); }
  static unsigned char byte_of(const FsxOp& op) { return static_cast<unsigned char>('a' + op.number % 26); }

  void carry_out(const FsxOp& op) {
    switch (op.kind) {
      case FsxKind::read:
      case FsxKind::read_dontcache:
        return look(op, "");
      case FsxKind::mapread:
        map(op, "PROT_READ");
        look(op, "p");
        unmap(op);
        return;
      case FsxKind::fsync:
        add("fsync", {name("fd")}).gives(0);
        return;
      case FsxKind::dedupe_range:
        return;
      default:
        break;
    }
    uint64_t size = model_.size();
    std::vector<std::byte> data(op.length, static_cast<std::byte>(byte_of(op)));
    model_.apply(op, data);
    change(op, size);
  }

  void change(const FsxOp& op, uint64_t size) {
    switch (op.kind) {
      case FsxKind::mapwrite:
        return map_write(op, size);
      case FsxKind::truncate:
        add("ftruncate", {name("fd"), at(op.length)}).gives(0);
        return;
      case FsxKind::fallocate:
        return fallocate(op,
                         op.keep_size ? std::vector<std::string>{"FALLOC_FL_KEEP_SIZE"} : std::vector<std::string>{});
      case FsxKind::punch_hole:
        return fallocate(op, {"FALLOC_FL_PUNCH_HOLE", "FALLOC_FL_KEEP_SIZE"});
      case FsxKind::zero_range:
        fallocate(op, {"FALLOC_FL_PUNCH_HOLE", "FALLOC_FL_KEEP_SIZE"});
        if (model_.size() != size) add("ftruncate", {name("fd"), at(model_.size())}).gives(0);
        return;
      case FsxKind::copy_range:
      case FsxKind::clone_range:
        return rewrite(op.target, op.target + op.length);
      case FsxKind::exchange_range:
        rewrite(op.offset, op.offset + op.length);
        return rewrite(op.target, op.target + op.length);
      case FsxKind::collapse_range:
      case FsxKind::insert_range:
        add("ftruncate", {name("fd"), at(model_.size())}).gives(0);
        return rewrite(op.offset, model_.size());
      default:
        return rewrite(op.offset, op.offset + op.length);
    }
  }

  void fallocate(const FsxOp& op, const std::vector<std::string>& mode) {
    add("fallocate", {name("fd"), flags(mode), at(op.offset), at(op.length)}).gives(0);
  }

  // What the range must hold now, in stretches of the same byte.
  void rewrite(uint64_t from, uint64_t to) {
    std::span<const std::byte> all = model_.all();
    for (uint64_t start = from; start < to;) {
      uint64_t end = start;
      while (end < to && all[end] == all[start]) ++end;
      auto length = static_cast<int64_t>(end - start);
      add("pwrite", {name("fd"), fill(static_cast<unsigned char>(all[start]), length), at(start)}).gives(bytes(length));
      start = end;
    }
  }

  void map(const FsxOp& op, const char* also) {
    uint64_t lead = op.offset % kPageBytes;
    std::vector<std::string> prot = {"PROT_READ"};
    if (std::string_view(also) != "PROT_READ") prot.emplace_back(also);
    add("mmap", {integer(0), at(lead + op.length), flags(prot), name("MAP_SHARED"), name("fd"), at(op.offset - lead)})
        .as("p");
  }
  void unmap(const FsxOp& op) { add("munmap", {name("p"), at(op.offset % kPageBytes + op.length)}).gives(0); }

  // A byte into each page, and the rest by a write: what the mapping shows must be what the file has.
  void map_write(const FsxOp& op, uint64_t size) {
    uint64_t end = op.offset + op.length;
    if (end > size) add("ftruncate", {name("fd"), at(end)}).gives(0);
    rewrite(op.offset, end);
    map(op, "PROT_WRITE");
    uint64_t first = op.offset - op.offset % kPageBytes;
    for (uint64_t page = first; page < end; page += kPageBytes)
      add("store", {inside("p", std::max(page, op.offset) - first), character(byte_of(op))}).gives(0);
    add("msync", {name("p"), at(op.offset % kPageBytes + op.length), name("MS_SYNC")}).gives(0);
    unmap(op);
  }

  // The first byte, the last, and first bytes of pages in between.
  void look(const FsxOp& op, std::string_view mapping) {
    std::vector<uint64_t> where = {op.offset};
    uint64_t pages = op.length / kPageBytes + 1;
    uint64_t step = std::max<uint64_t>(1, pages / kLooksMax) * kPageBytes;
    for (uint64_t o = op.offset - op.offset % kPageBytes + step; o < op.offset + op.length; o += step)
      where.push_back(o);
    if (where.back() != op.offset + op.length - 1) where.push_back(op.offset + op.length - 1);
    uint64_t first = op.offset - op.offset % kPageBytes;
    for (uint64_t o : where) {
      auto value = static_cast<unsigned char>(model_.all()[o]);
      Line line = mapping.empty() ? add("pread", {name("fd"), at(o)}) : add("load", {inside(mapping, o - first)});
      line.gives(character(value));
    }
  }

  std::string_view file_;
  Builder builder_;
  FsxModel model_;
  uint64_t skipped_ = 0;
  uint64_t reopened_ = 0;
};

}  // namespace

ImportResult import_fsx(std::string_view text, const ImportOptions& options) {
  auto read = read_fsx_log(text, options.file);
  if (auto* bad = std::get_if<Diagnostic>(&read)) return *bad;
  const auto& log = std::get<FsxLog>(read);
  if (log.size() > kOperationsMax)
    return complaint(options.file, log[kOperationsMax].line, 1,
                     fmt::format("expected at most {} operations for a scenario, found {}; --replay runs them all",
                                 kOperationsMax, log.size()));
  return FsxWriter(log, options.file).write(log);
}

}  // namespace quire::importer
