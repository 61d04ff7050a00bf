// Calls on descriptors of a log.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "import/strace_writer.h"

namespace quire::importer {
namespace {

/// Stretches of one byte that a write is made of; what is more becomes one write of something else.
constexpr std::size_t kStretchesMost = 48;
constexpr uint64_t kFileMost = uint64_t{1} << 32;

bool has_flag_of(const std::vector<std::string>& flags, std::string_view flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

// Of what the engine's open() knows. What the file had in it before is written through it too.
std::vector<std::string> flags_for_open(const std::vector<std::string>& flags) {
  constexpr std::array<std::string_view, 3> kKnown = {"O_CREAT", "O_EXCL", "O_TRUNC"};
  std::vector<std::string> result = {"O_RDWR"};
  for (const std::string& flag : flags)
    if (std::find(kKnown.begin(), kKnown.end(), flag) != kKnown.end()) result.push_back(flag);
  return result;
}

// Letters, digits and a few marks of the last part of the path.
std::string short_name(std::string_view path) {
  constexpr std::size_t kMost = 24;
  std::string result;
  for (char c : path.substr(path.rfind('/') + 1))
    result += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' ? c : '_';
  if (result.empty()) result = "f";
  return result.substr(0, kMost);
}

bool is_special(std::string_view path) {
  return path.starts_with("/dev/") || path.starts_with("/proc/") || path.starts_with("/sys/") || path == "/" ||
         path == "." || path.empty();
}

constexpr std::string_view kOldDescriptor = "of a descriptor that the log does not explain";

}  // namespace

OpenFile* StraceWriter::descriptor(const StraceRecord& r) {
  bool good = true;
  int64_t fd = r.arguments[0].text == "AT_FDCWD" ? -1 : number(r, 0, good);
  OpenFile* open = good ? task().files->find(static_cast<int>(fd)) : nullptr;
  if (open == nullptr) skip(r, kOldDescriptor);
  return open;
}

std::string StraceWriter::prefix() const { return task_->process == "A" ? "fd" : "fd" + task_->process; }

void StraceWriter::install(int fd, std::shared_ptr<OpenFile> open, bool close_on_exec) {
  task().files->slots[fd] = {std::move(open), close_on_exec};
}

// The engine's descriptor goes with the last of the kernel's that leads to the same open file.
void StraceWriter::close_fd(int fd) {
  auto found = task().files->slots.find(fd);
  if (found == task().files->slots.end()) return;
  std::shared_ptr<OpenFile> open = found->second.open;
  task().files->slots.erase(found);
  if (task().files->count(*open) == 0) add("close", {name(open->name)}).gives(0);
}

// What was there before the log is at least so large.
void StraceWriter::grow(OpenFile& open, uint64_t bytes_least) {
  if (bytes_least <= open.file->size() || bytes_least > kFileMost) return;
  open.file->write_unknown(open.file->size(), bytes_least - open.file->size());
  add("ftruncate", {name(open.name), bytes(static_cast<int64_t>(bytes_least))}).gives(0).remark("was there before");
}

void StraceWriter::open(const StraceRecord& r) { open_path(r, 0, strace_flags(r.arguments[1].text)); }
void StraceWriter::open_at(const StraceRecord& r) { open_path(r, 1, strace_flags(r.arguments[2].text)); }
void StraceWriter::creat(const StraceRecord& r) { open_path(r, 0, {"O_WRONLY", "O_CREAT", "O_TRUNC"}); }

void StraceWriter::open_path(const StraceRecord& r, std::size_t path_argument, std::vector<std::string> asked) {
  std::optional<StraceString> path = strace_string(r.arguments[path_argument].text);
  if (!path || path->cut) return skip(r, "of a path that is not in the log");
  if (!r.error.empty()) return skip(r, "it failed");
  if (is_special(path->bytes) || has_flag_of(asked, "O_DIRECTORY") || has_flag_of(asked, "O_PATH"))
    return skip(r, "of no regular file");
  bool close_on_exec = has_flag_of(asked, "O_CLOEXEC");
  int fd = static_cast<int>(strace_number(r.result).value_or(-1));
  close_fd(fd);  // it was closed outside the log
  if (has_flag_of(asked, "O_TMPFILE")) {
    auto open =
        std::make_shared<OpenFile>(std::make_shared<RecordedFile>(RecordedFile::Birth::in_log), names_, prefix());
    variables_[task().process + open->name] = true;
    add("memfd_create", {text("tmpfile"), integer(0)}).as(open->name);
    return install(fd, std::move(open), close_on_exec);
  }
  std::shared_ptr<RecordedFile>& file = files_[path->bytes];
  bool creates = has_flag_of(asked, "O_CREAT");
  bool truncates = has_flag_of(asked, "O_TRUNC");
  if (file == nullptr) {
    bool made = has_flag_of(asked, "O_EXCL") || truncates;
    file = std::make_shared<RecordedFile>(made ? RecordedFile::Birth::in_log : RecordedFile::Birth::before);
    std::string wanted = short_name(path->bytes);
    bool taken = std::any_of(file_names_.begin(), file_names_.end(), [&](const auto& n) { return n.second == wanted; });
    file_names_[path->bytes] = taken ? fmt::format("{}.{}", wanted, file_names_.size()) : wanted;
    if (!creates) asked.emplace_back("O_CREAT");
  }
  if (truncates) file->resize(0);
  auto open = std::make_shared<OpenFile>(file, names_, prefix());
  open->append = has_flag_of(asked, "O_APPEND");
  variables_[task().process + open->name] = true;
  add("open", {text(file_names_[path->bytes]), flags(flags_for_open(asked))}).as(open->name);
  install(fd, std::move(open), close_on_exec);
}

void StraceWriter::memfd_create(const StraceRecord& r) {
  bool good = true;
  std::vector<std::string> asked = known_flags(r, 1, good);
  std::optional<StraceString> label = strace_string(r.arguments[0].text);
  if (!good) return;
  if (!r.error.empty() || !label || has_flag_of(asked, "MFD_HUGETLB")) return skip(r, "it failed, or is of huge pages");
  int fd = static_cast<int>(strace_number(r.result).value_or(-1));
  close_fd(fd);
  auto open = std::make_shared<OpenFile>(std::make_shared<RecordedFile>(RecordedFile::Birth::in_log), names_, prefix());
  variables_[task().process + open->name] = true;
  add("memfd_create", {text(short_name(label->bytes)), integer(0)}).as(open->name);
  install(fd, std::move(open), has_flag_of(asked, "MFD_CLOEXEC"));
}

void StraceWriter::close(const StraceRecord& r) {
  if (descriptor(r) == nullptr) return;
  close_fd(static_cast<int>(strace_number(r.arguments[0].text).value_or(-1)));
}

void StraceWriter::close_range(const StraceRecord& r) {
  bool good = true;
  int64_t first = number(r, 0, good);
  int64_t last = number(r, 1, good);
  bool only_marks = r.arguments.size() > 2 && r.arguments[2].text.find("CLOEXEC") != std::string::npos;
  std::vector<int> closing;
  for (auto& [fd, slot] : task().files->slots) {
    if (fd < first || fd > last || !r.error.empty()) continue;
    if (only_marks) slot.close_on_exec = true;
    if (!only_marks) closing.push_back(fd);
  }
  for (int fd : closing) close_fd(fd);
}

// One open file by another descriptor: the scenario has one name for both.
void StraceWriter::dup(const StraceRecord& r) {
  if (!r.error.empty()) return skip(r, "it failed");
  int to = static_cast<int>(strace_number(r.result).value_or(-1));
  int from = static_cast<int>(strace_number(r.arguments[0].text).value_or(-1));
  if (to == from) return;
  auto found = task().files->slots.find(from);
  std::shared_ptr<OpenFile> open = found == task().files->slots.end() ? nullptr : found->second.open;
  close_fd(to);
  if (open == nullptr) return skip(r, kOldDescriptor);
  bool close_on_exec = r.arguments.size() > 2 && r.arguments[2].text == "O_CLOEXEC";
  install(to, std::move(open), close_on_exec);
}

void StraceWriter::fcntl(const StraceRecord& r) {
  if (r.arguments[1].text.starts_with("F_DUPFD")) {
    StraceRecord as_dup = r;
    as_dup.arguments.resize(1);
    dup(as_dup);
    int to = static_cast<int>(strace_number(r.result).value_or(-1));
    if (auto slot = task().files->slots.find(to); slot != task().files->slots.end())
      slot->second.close_on_exec = r.arguments[1].text == "F_DUPFD_CLOEXEC";
    return;
  }
  if (descriptor(r) == nullptr) return;
  auto slot = task().files->slots.find(static_cast<int>(strace_number(r.arguments[0].text).value_or(-1)));
  if (r.arguments[1].text == "F_SETFD" && r.arguments.size() > 2)
    slot->second.close_on_exec = r.arguments[2].text == "FD_CLOEXEC";
}

void StraceWriter::read(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  if (open == nullptr) return;
  read_at(r, *open, open->position);
  if (r.error.empty()) open->position += static_cast<uint64_t>(strace_number(r.result).value_or(0));
}

void StraceWriter::pread(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  bool good = open != nullptr;
  int64_t offset = good ? number(r, 3, good) : 0;
  if (good) read_at(r, *open, static_cast<uint64_t>(offset));
}

// The first byte and the last that strace printed.
void StraceWriter::read_at(const StraceRecord& r, OpenFile& open, uint64_t offset) {
  auto at = [&](uint64_t o) { return add("pread", {name(open.name), bytes(static_cast<int64_t>(o))}); };
  if (!r.error.empty()) return expect(at(offset), r);
  auto got = static_cast<uint64_t>(strace_number(r.result).value_or(0));
  if (offset > kFileMost || got > kFileMost) return skip(r, "far behind the sizes of the engine's files");
  bool asked_for_some = strace_number(r.arguments[2].text).value_or(0) != 0;
  if (got == 0) {
    if (asked_for_some && open.file->knows_size() && offset >= open.file->size()) at(offset).fails("ENODATA");
    return;
  }
  if (!open.file->knows_size()) grow(open, offset + got);
  need(got);
  std::optional<StraceString> data = strace_string(r.arguments[1].text);
  std::string_view shown = data ? std::string_view(data->bytes).substr(0, got) : std::string_view();
  look(at(offset), open, offset, shown);
  if (shown.size() > 1)
    look(at(offset + shown.size() - 1), open, offset + shown.size() - 1, shown.substr(shown.size() - 1));
}

// What was read is expected where the log has the write that put it there.
void StraceWriter::look(Line line, const OpenFile& open, uint64_t offset, std::string_view shown) {
  if (!shown.empty() && open.file->byte(offset)) {
    line.gives(character(static_cast<unsigned char>(shown[0])));
  } else {
    line.anything();
  }
}

void StraceWriter::write_call(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  if (open == nullptr) return;
  if (open->append) open->position = open->file->size();
  write_at(r, *open, open->position);
  if (r.error.empty()) open->position += static_cast<uint64_t>(strace_number(r.result).value_or(0));
}

void StraceWriter::pwrite(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  bool good = open != nullptr;
  int64_t offset = good ? number(r, 3, good) : 0;
  if (good) write_at(r, *open, static_cast<uint64_t>(offset));
}

void StraceWriter::write_at(const StraceRecord& r, OpenFile& open, uint64_t offset) {
  bool good = true;
  int64_t asked = number(r, 2, good);
  if (!good) return;
  if (!r.error.empty())
    return expect(add("pwrite", {name(open.name), fill('?', asked), bytes(static_cast<int64_t>(offset))}), r);
  auto put = static_cast<uint64_t>(strace_number(r.result).value_or(0));
  if (offset > kFileMost || put > kFileMost) return skip(r, "far behind the sizes of the engine's files");
  need(put);
  std::optional<StraceString> data = strace_string(r.arguments[1].text);
  uint64_t done = write_bytes(open, offset, data ? std::string_view(data->bytes).substr(0, put) : std::string_view());
  if (done == put) return;
  auto rest = static_cast<int64_t>(put - done);
  add("pwrite", {name(open.name), fill('?', rest), bytes(static_cast<int64_t>(offset + done))})
      .gives(bytes(rest))
      .remark("what is not in the log");
  open.file->write_unknown(offset + done, put - done);
}

// In stretches of the same byte, as many as are bearable; how many bytes they cover.
uint64_t StraceWriter::write_bytes(OpenFile& open, uint64_t offset, std::string_view all) {
  uint64_t done = 0;
  for (std::size_t stretch = 0; stretch < kStretchesMost && done < all.size(); ++stretch) {
    std::size_t end = std::min(all.find_first_not_of(all[done], done), all.size());
    auto length = static_cast<int64_t>(end - done);
    add("pwrite", {name(open.name), fill(static_cast<unsigned char>(all[done]), length),
                   bytes(static_cast<int64_t>(offset + done))})
        .gives(bytes(length));
    done = end;
  }
  open.file->write(offset, all.substr(0, done));
  return done;
}

void StraceWriter::lseek(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  if (open == nullptr || !r.error.empty()) return;
  open->position = static_cast<uint64_t>(strace_number(r.result).value_or(0));
  if (r.arguments[2].text == "SEEK_END" && r.arguments[1].text == "0" && !open->file->knows_size()) {
    grow(*open, open->position);
    open->file->learn_size(open->position);
  }
}

void StraceWriter::ftruncate(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  bool good = open != nullptr;
  int64_t length = good ? number(r, 1, good) : 0;
  if (!good) return;
  expect(add("ftruncate", {name(open->name), bytes(length)}), r);
  if (r.error.empty()) open->file->resize(static_cast<uint64_t>(length));
}

void StraceWriter::fallocate(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  bool good = open != nullptr;
  int64_t offset = good ? number(r, 2, good) : 0;
  int64_t length = good ? number(r, 3, good) : 0;
  std::vector<std::string> mode;
  if (good) mode = known_flags(r, 1, good);
  if (!good) return;
  bool punches = has_flag_of(mode, "FALLOC_FL_PUNCH_HOLE");
  bool keeps = has_flag_of(mode, "FALLOC_FL_KEEP_SIZE");
  bool other = mode.size() > static_cast<std::size_t>(punches) + static_cast<std::size_t>(keeps);
  if (other && r.error.empty()) {
    skip(r, "a mode that the engine's files do not have");
    return open->file->lose();
  }
  expect(add("fallocate", {name(open->name), flags(mode), bytes(offset), bytes(length)}), r);
  if (!r.error.empty()) return;
  auto start = static_cast<uint64_t>(offset);
  auto end = start + static_cast<uint64_t>(length);
  if (punches) open->file->punch(start, end - start);
  if (!punches) need(end - start);
  if (!punches && !keeps && end > open->file->size()) open->file->resize(end);
}

void StraceWriter::fsync(const StraceRecord& r) {
  if (OpenFile* open = descriptor(r)) expect(add("fsync", {name(open->name)}), r);
}

// fstat(FD, {...}), and newfstatat(FD, "", {...}, AT_EMPTY_PATH), which is how C libraries ask now.
void StraceWriter::fstat(const StraceRecord& r) {
  if (r.name == "newfstatat" && r.arguments[1].text != "\"\"") return skip(r, "of a path");
  OpenFile* open = descriptor(r);
  if (open == nullptr) return;
  std::optional<std::string_view> size = strace_field(r.arguments[r.name == "fstat" ? 1 : 2].text, "st_size");
  std::optional<int64_t> value = size ? number_of(*size) : std::nullopt;
  if (!value || *value < 0 || !r.error.empty()) return;
  if (!open->file->knows_size()) {
    grow(*open, static_cast<uint64_t>(*value));
    open->file->learn_size(static_cast<uint64_t>(*value));
  }
  builder_.add(call("fstat", {name(open->name)}, "st_size")).in(task().process).gives(bytes(*value));
}

// It moves the position or changes contents by more than the log shows in one piece.
void StraceWriter::changes_file(const StraceRecord& r) {
  OpenFile* open = descriptor(r);
  if (open == nullptr) return;
  skip(r, "no operation of the engine");
  bool positioned = r.name == "writev" || r.name == "readv";
  if (!r.error.empty()) return;
  auto done = static_cast<uint64_t>(strace_number(r.result).value_or(0));
  if (r.name != "readv") {
    grow(*open, std::min(kFileMost, (open->append || !positioned ? open->file->size() : open->position) + done));
    open->file->lose();
  }
  if (positioned) open->position += done;
}

}  // namespace quire::importer
