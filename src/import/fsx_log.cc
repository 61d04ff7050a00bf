#include "import/fsx_log.h"

#include <fmt/core.h>

#include <algorithm>

#include "scenario/vocabulary.h"

namespace quire::importer {
namespace {

constexpr std::array<std::string_view, 18> kFsxNames = {
    "read",         "read_dontcache", "write",        "write_dontcache", "write_atomic", "mapread",
    "mapwrite",     "truncate",       "fallocate",    "punch_hole",      "zero_range",   "collapse_range",
    "insert_range", "clone_range",    "dedupe_range", "copy_range",      "fsync",        "exchange_range"};

// Copies and exchanges have a second offset.
bool has_target(FsxKind kind) {
  return kind == FsxKind::clone_range || kind == FsxKind::dedupe_range || kind == FsxKind::copy_range ||
         kind == FsxKind::exchange_range;
}

class FsxReader {
 public:
  FsxReader(std::string_view file, const TextLine& line) : file_(file), line_(line), words_(words_of(line.text)) {}

  [[nodiscard]] bool empty() const { return words_.empty() || words_[0].text[0] == '#'; }

  std::variant<FsxOp, Diagnostic> read() {
    FsxOp op;
    op.line = line_.number;
    op.skipped = accept("skip");
    kind(op);
    offset(op.offset, "an offset");
    offset(op.length, "a length");
    // What fsx skips it logs without the second offset, in some versions.
    bool short_form = op.skipped && words_.size() - next_ < 2;
    if (has_target(op.kind) && !short_form) offset(op.target, "a second offset");
    offset(op.size_before, "the file's size");
    while (!complaint_ && next_ < words_.size()) flag(op);
    if (complaint_) return *complaint_;
    return op;
  }

 private:
  [[nodiscard]] int column() const {
    return next_ < words_.size() ? words_[next_].column : static_cast<int>(line_.text.size()) + 1;
  }
  void fail(std::string_view wanted, std::string_view suggestion = {}) {
    if (complaint_) return;
    std::string found = next_ < words_.size() ? quoted(words_[next_].text) : "the end of the line";
    std::string meant = suggestion.empty() ? "" : fmt::format(" (did you mean '{}'?)", suggestion);
    complaint_ = complaint(file_, line_.number, column(), fmt::format("expected {}, found {}{}", wanted, found, meant));
  }
  bool accept(std::string_view word) {
    if (next_ >= words_.size() || words_[next_].text != word) return false;
    ++next_;
    return true;
  }

  void kind(FsxOp& op) {
    std::string_view word = next_ < words_.size() ? words_[next_].text : std::string_view();
    const auto* found = std::find(kFsxNames.begin(), kFsxNames.end(), word);
    if (found == kFsxNames.end()) return fail("an operation of fsx", scenario::nearest(word, kFsxNames));
    op.kind = static_cast<FsxKind>(found - kFsxNames.begin());
    ++next_;
  }

  void offset(uint64_t& to, std::string_view wanted) {
    if (complaint_) return;
    std::optional<int64_t> value = next_ < words_.size() ? number_of(words_[next_].text) : std::nullopt;
    if (!value || *value < 0) return fail(fmt::format("{} such as 0x1000", wanted));
    if (static_cast<uint64_t>(*value) > kFsxBytesMax) return fail(fmt::format("{} of 256 MiB at most", wanted));
    to = static_cast<uint64_t>(*value);
    ++next_;
  }

  void flag(FsxOp& op) {
    if (accept("keep_size")) {
      op.keep_size = true;
    } else if (accept("close_open")) {
      op.close_open = true;
    } else if (!accept("unshare") && !accept("*")) {
      fail("keep_size, close_open, unshare or *");
    }
  }

  std::string_view file_;
  const TextLine& line_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  std::optional<Diagnostic> complaint_;
};

}  // namespace

std::string_view fsx_name(FsxKind kind) { return kFsxNames[static_cast<std::size_t>(kind)]; }

std::variant<FsxLog, Diagnostic> read_fsx_log(std::string_view text, std::string_view file) {
  if (auto bad = not_text(text, file)) return *bad;
  FsxLog log;
  for (const TextLine& line : lines_of(text)) {
    FsxReader reader(file, line);
    if (reader.empty()) continue;
    auto read = reader.read();
    if (auto* bad = std::get_if<Diagnostic>(&read)) return *bad;
    log.push_back(std::get<FsxOp>(read));
    log.back().number = log.size();
  }
  if (log.empty()) return complaint(file, 1, 1, "expected operations of fsx, found none");
  return log;
}

std::string fsx_line(const FsxOp& op) {
  std::string line =
      fmt::format("{}{} 0x{:x} 0x{:x}", op.skipped ? "skip " : "", fsx_name(op.kind), op.offset, op.length);
  if (has_target(op.kind)) line += fmt::format(" 0x{:x}", op.target);
  line += fmt::format(" 0x{:x}", op.size_before);
  if (op.keep_size) line += " keep_size";
  if (op.close_open) line += " close_open";
  return line + "\n";
}

std::string why_not(const FsxOp& op, uint64_t size) {
  if (op.size_before != size)
    return fmt::format("the log says that the file has 0x{:x} bytes, it has 0x{:x}", op.size_before, size);
  uint64_t end = op.offset + op.length;
  switch (op.kind) {
    case FsxKind::exchange_range:
      end = std::max(end, op.target + op.length);
      [[fallthrough]];
    case FsxKind::read:
    case FsxKind::read_dontcache:
    case FsxKind::mapread:
    case FsxKind::copy_range:
    case FsxKind::clone_range:
    case FsxKind::dedupe_range:
    case FsxKind::collapse_range:
      break;
    case FsxKind::insert_range:
      end = op.offset;
      break;
    default:
      return {};
  }
  return end <= size ? "" : fmt::format("it goes up to 0x{:x}, and the file has 0x{:x} bytes", end, size);
}

uint64_t fsx_end(const FsxLog& log) {
  uint64_t end = 0;
  for (const FsxOp& op : log) {
    if (op.skipped) continue;
    end = std::max({end, op.offset + op.length, op.size_before});
    if (has_target(op.kind)) end = std::max(end, op.target + op.length);
    if (op.kind == FsxKind::insert_range) end = std::max(end, op.size_before + op.length);
  }
  return end;
}

}  // namespace quire::importer
