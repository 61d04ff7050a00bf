// Calls on memory of a log.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "import/strace_writer.h"

namespace quire::importer {
namespace {

constexpr uint64_t kMemoryPage = 4096;
constexpr uint64_t kSpaceMax = uint64_t{1} << 46;

uint64_t page_up(uint64_t bytes) { return (bytes + kMemoryPage - 1) / kMemoryPage * kMemoryPage; }

bool has(const std::vector<std::string>& flags, std::string_view flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

bool is_known_advice(std::string_view advice) {
  constexpr std::array<std::string_view, 18> kAdvice = {
      "MADV_NORMAL",   "MADV_RANDOM",        "MADV_SEQUENTIAL",     "MADV_WILLNEED",        "MADV_DONTNEED",
      "MADV_FREE",     "MADV_REMOVE",        "MADV_HUGEPAGE",       "MADV_NOHUGEPAGE",      "MADV_COLD",
      "MADV_PAGEOUT",  "MADV_POPULATE_READ", "MADV_POPULATE_WRITE", "MADV_DONTNEED_LOCKED", "MADV_COLLAPSE",
      "MADV_HWPOISON", "MADV_GUARD_INSTALL", "MADV_GUARD_REMOVE"};
  return std::find(kAdvice.begin(), kAdvice.end(), advice) != kAdvice.end();
}

constexpr std::string_view kOldMemory = "of memory from before the log, or that it does not explain";

}  // namespace

std::optional<AddressRange> StraceWriter::range_of(const StraceRecord& r) {
  bool good = true;
  auto start = static_cast<uint64_t>(number(r, 0, good));
  auto length = static_cast<uint64_t>(number(r, 1, good));
  if (!good) return std::nullopt;
  AddressRange range{start, start + page_up(std::min(length, kSpaceMax))};
  bool whole = task().memory->has_all({start, std::max(range.end, start + 1)});
  // A call that failed may have failed for what is not mapped there; munmap() does not mind.
  bool some = (!r.error.empty() || r.name == "munmap") &&
              (task().memory->has_some(range) || (!r.error.empty() && addresses_.place(start)));
  if (whole || some) return range;
  skip(r, kOldMemory);
  return std::nullopt;
}

void StraceWriter::range_call(const StraceRecord& r, std::string_view operation,
                              std::optional<std::vector<std::string>> names) {
  std::optional<AddressRange> range = range_of(r);
  if (!range) return;
  bool good = true;
  auto length = number(r, 1, good);
  std::vector<Expr> operands = {address(place(range->start)), bytes(length)};
  if (names) operands.push_back(flags(*names));
  expect(add(operation, std::move(operands)), r);
}

// The heap is a private mapping that grows and shrinks at its end.
void StraceWriter::brk(const StraceRecord& r) {
  auto end = static_cast<uint64_t>(strace_number(r.result).value_or(0));
  AddressRange& heap = *task().heap;
  if (heap.start == 0 || end < heap.start) heap = {end, end};
  if (end == heap.end || end == 0) return;
  AddressRange more{page_up(heap.end), page_up(end)};
  AddressRange less{page_up(end), page_up(heap.end)};
  heap.end = end;
  if (more.start < more.end) {
    add("mmap", {address(place(more.start)), bytes(static_cast<int64_t>(more.end - more.start)),
                 flags({"PROT_READ", "PROT_WRITE"}), flags({"MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_FIXED"}), integer(-1),
                 integer(0)})
        .gives(address(place(more.start)))
        .remark("brk");
    task().memory->add(more);
  } else if (less.start < less.end) {
    add("munmap", {address(place(less.start)), bytes(static_cast<int64_t>(less.end - less.start))})
        .gives(0)
        .remark("brk");
    task().memory->remove(less);
  }
}

// Where the kernel put it is the hint, so that the engine puts it there too.
void StraceWriter::mmap(const StraceRecord& r) {
  bool good = true;
  auto hint = static_cast<uint64_t>(number(r, 0, good));
  auto length = static_cast<uint64_t>(number(r, 1, good));
  auto fd = static_cast<int>(number(r, 4, good));
  auto offset = number(r, 5, good);
  auto start = static_cast<uint64_t>(strace_number(r.result).value_or(0));
  if (!good) return;
  AddressRange range{start, start + page_up(length)};
  auto leave_out = [&](std::string_view why) {
    skip(r, why);
    if (!r.error.empty() || !task().memory->has_some(range)) return;
    add("munmap", {address(place(start)), bytes(static_cast<int64_t>(length))})
        .gives(0)
        .remark("mapped anew, left out");
    task().memory->remove(range);
  };
  std::vector<std::string> prot = known_flags(r, 2, good);
  std::vector<std::string> how = known_flags(r, 3, good);
  if (!good) return leave_out("with a flag that the engine does not know");
  if (has(how, "MAP_HUGETLB") || has(how, "MAP_SHARED_VALIDATE"))
    return leave_out("of a kind the engine does not have");
  bool noreplace = has(how, "MAP_FIXED_NOREPLACE");
  if (noreplace && !r.error.empty()) return leave_out("MAP_FIXED_NOREPLACE");
  std::erase(how, "MAP_FIXED_NOREPLACE");
  bool anonymous = has(how, "MAP_ANONYMOUS") || has(how, "MAP_ANON");
  OpenFile* open = anonymous ? nullptr : task().files->find(fd);
  if (!anonymous && open == nullptr && r.error != "EBADF") return leave_out("of a file the log does not explain");
  std::vector<Expr> operands = {address(place(r.error.empty() ? start : hint)), bytes(static_cast<int64_t>(length)),
                                flags(prot), flags(how)};
  if (open != nullptr) {
    map_file(r, operands, *open, {static_cast<uint64_t>(offset), static_cast<uint64_t>(offset) + length});
  } else {
    operands.push_back(integer(-1));
    operands.push_back(integer(0));
  }
  Line line = add("mmap", std::move(operands));
  if (!r.error.empty()) return expect(line, r);
  line.gives(address(place(start)));
  task().memory->add(range);
  if (has(how, "MAP_POPULATE") || has(how, "MAP_LOCKED")) need(length);
}

void StraceWriter::map_file(const StraceRecord& r, std::vector<Expr>& operands, OpenFile& open,
                            const AddressRange& range) {
  std::vector<std::string> prot = strace_flags(r.arguments[2].text);
  std::vector<std::string> how = strace_flags(r.arguments[3].text);
  // A later mprotect() may give the right to store.
  if (has(how, "MAP_SHARED")) open.file->lose();
  if (!open.file->knows_size() && r.error.empty()) grow(open, range.end);
  operands.push_back(name(open.name));
  operands.push_back(bytes(static_cast<int64_t>(range.start)));
}

void StraceWriter::munmap(const StraceRecord& r) {
  std::optional<AddressRange> range = range_of(r);
  if (!range) return;
  // What lies beyond may be anything: only what is known goes.
  AddressRange known = *range;
  while (known.end > known.start && !addresses_.place(known.end)) known.end -= kMemoryPage;
  while (known.start < known.end && !addresses_.place(known.start)) known.start += kMemoryPage;
  bool good = true;
  int64_t length = number(r, 1, good);
  if (known.start != range->start || known.end != range->end) length = static_cast<int64_t>(known.end - known.start);
  expect(add("munmap", {address(place(known.start)), bytes(length)}), r);
  if (r.error.empty()) task().memory->remove(*range);
}

void StraceWriter::mprotect(const StraceRecord& r) {
  bool good = true;
  std::vector<std::string> prot = known_flags(r, 2, good);
  if (good) range_call(r, "mprotect", prot);
}

void StraceWriter::msync(const StraceRecord& r) {
  bool good = true;
  std::vector<std::string> how = known_flags(r, 2, good);
  if (good) range_call(r, "msync", how);
}

void StraceWriter::madvise(const StraceRecord& r) {
  const std::string& advice = r.arguments[2].text;
  if (std::optional<int64_t> value = strace_number(advice); value && !r.error.empty()) {
    std::optional<AddressRange> range = range_of(r);
    bool good = true;
    int64_t length = number(r, 1, good);
    if (range) expect(add("madvise", {address(place(range->start)), bytes(length), integer(*value)}), r);
    return;
  }
  if (!is_known_advice(advice)) return skip(r, fmt::format("{} is nothing to the engine", quoted(advice)));
  if (advice == "MADV_PAGEOUT") swaps_ = true;
  if (advice.starts_with("MADV_POPULATE")) need(static_cast<uint64_t>(strace_number(r.arguments[1].text).value_or(0)));
  range_call(r, "madvise", std::vector<std::string>{advice});
}

void StraceWriter::mlock(const StraceRecord& r) {
  if (r.name == "mlock2" && r.arguments.size() > 2 && r.arguments[2].text != "0")
    return skip(r, "with a flag that the engine does not know");
  if (r.name != "munlock") need(static_cast<uint64_t>(strace_number(r.arguments[1].text).value_or(0)));
  range_call(r, r.name == "munlock" ? "munlock" : "mlock", std::nullopt);
}

void StraceWriter::mlockall(const StraceRecord& r) {
  bool good = true;
  std::vector<std::string> how = known_flags(r, 0, good);
  if (has(how, "MCL_ONFAULT")) return skip(r, "with a flag that the engine does not know");
  if (!good) return;
  need(task().memory->bytes());
  expect(add("mlockall", {flags(how)}), r);
}

void StraceWriter::munlockall(const StraceRecord& r) { expect(add("munlockall", {}), r); }

void StraceWriter::mremap(const StraceRecord& r) {
  std::optional<AddressRange> range = range_of(r);
  if (!range) return;
  bool good = true;
  auto old_length = number(r, 1, good);
  auto new_length = number(r, 2, good);
  std::vector<std::string> how = known_flags(r, 3, good);
  if (!good) return;
  auto to = static_cast<uint64_t>(strace_number(r.result).value_or(0));
  bool moved = r.error.empty() && to != range->start;
  if (moved && !has(how, "MREMAP_FIXED")) how.emplace_back("MREMAP_FIXED");
  std::vector<Expr> operands = {address(place(range->start)), bytes(old_length), bytes(new_length), flags(how)};
  if (moved) operands.push_back(address(place(to)));
  Line line = add("mremap", std::move(operands));
  if (!r.error.empty()) return expect(line, r);
  line.gives(address(place(to)));
  if (!has(how, "MREMAP_DONTUNMAP")) task().memory->remove(*range);
  task().memory->add({to, to + page_up(static_cast<uint64_t>(new_length))});
}

}  // namespace quire::importer
